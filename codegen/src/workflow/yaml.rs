//! Text as YAML has it.

/// A double-quoted scalar. What YAML would fold, refuse or show as something else is escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Breaks of YAML 1.1, the byte order mark, marks that turn the direction of text, and
            // what no YAML may hold as it is.
            '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A name of the table as a scalar: quoted where a parser would take it for something else.
pub(crate) fn name(name: &str) -> String {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if WORDS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
        quoted(name)
    } else {
        name.to_owned()
    }
}

/// A text's lines moved to the right; empty ones stay empty.
pub(crate) fn indented(text: &str, by: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if !line.is_empty() {
            out.push_str(&" ".repeat(by));
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}
