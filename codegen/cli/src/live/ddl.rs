//! Reads the statement that made a table of SQLite's, of which its catalog keeps only the text.

/// The statement without its comments: a blank stands for each.
fn bare(sql: &str) -> String {
    let bytes = sql.as_bytes();
    let (mut bare, mut from, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let end = match &bytes[at..] {
            [b'-', b'-', ..] => bytes[at..].iter().position(|b| *b == b'\n'),
            [b'/', b'*', ..] => sql[at + 2..].find("*/").map(|end| end + 4),
            _ => {
                at = quoted_end(bytes, at).unwrap_or(at) + 1;
                continue;
            }
        };
        bare += &sql[from..at];
        bare.push(' ');
        at = end.map_or(bytes.len(), |end| at + end);
        from = at;
    }
    bare + &sql[from..]
}

/// The words outside of quotes, each with its place.
fn words(sql: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = sql.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let is_of_word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_' || !b.is_ascii();
            let word = bytes[at..].iter().take_while(is_of_word).count();
            if word > 0 {
                at += word;
                return Some((at - word, &sql[at - word..at]));
            }
            at = quoted_end(bytes, at).unwrap_or(at) + 1;
        }
        None
    })
}

/// Whether a word stands in it, outside of quotes and comments.
pub(super) fn says(sql: &str, word: &str) -> bool {
    words(&bare(sql)).any(|(_, said)| said.eq_ignore_ascii_case(word))
}

/// Whether an expression names a column.
pub(super) fn names(expression: &str, column: &str) -> bool {
    let folded = expression.to_lowercase();
    let column = column.to_lowercase();
    let quoted = [format!("\"{column}\""), format!("`{column}`"), format!("[{column}]")];
    says(&folded, &column) || quoted.iter().any(|quoted| folded.contains(quoted))
}

/// The expressions of the CHECKs.
pub(crate) fn checks(sql: &str) -> Vec<String> {
    let sql = bare(sql);
    let bytes = sql.as_bytes();
    let (mut found, mut end) = (Vec::new(), 0);
    for (at, word) in words(&sql) {
        let after = at + word.len();
        let open = after + bytes[after..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        if at >= end && word.eq_ignore_ascii_case("check") && bytes.get(open) == Some(&b'(') {
            end = closing(bytes, open);
            found.push(sql[open + 1..end].to_owned());
        }
    }
    found
}

/// Where a text in quotes that begins at a place ends.
fn quoted_end(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = *bytes.get(at).filter(|b| matches!(b, b'\'' | b'"' | b'`' | b'['))?;
    let close = if quote == b'[' { b']' } else { quote };
    let end = bytes[at + 1..].iter().position(|b| *b == close)?;
    Some(at + 1 + end)
}

/// The place of the parenthesis that closes the one at a place; the end where none does.
fn closing(bytes: &[u8], open: usize) -> usize {
    let (mut depth, mut at) = (0_usize, open);
    while at < bytes.len() {
        match bytes[at] {
            b'(' => depth += 1,
            b')' if depth == 1 => return at,
            b')' => depth -= 1,
            _ => at = quoted_end(bytes, at).unwrap_or(at),
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_checks_of_a_table_whatever_stands_around_them() {
        let sql = "CREATE TABLE \"check (x)\" (a text DEFAULT 'CHECK (no)' check(a IN ('x)', 'it''s')), checked int, \
                   [check (y)] int, -- it's no CHECK (z)\n /* nor is 'this CHECK (z) */ \
                   CONSTRAINT c CHECK  ((a = 'y') OR length(a) > 1))";
        assert_eq!(checks(sql), ["a IN ('x)', 'it''s')", "(a = 'y') OR length(a) > 1"]);
        assert_eq!(checks("CHECK (unclosed"), ["unclosed"]);
        assert_eq!(checks("CHECK (a = '-- no comment') -- the end"), ["a = '-- no comment'"]);
    }

    #[test]
    fn finds_the_columns_that_an_expression_names() {
        for (expression, is_named) in [
            ("State IN ('a')", true),
            ("\"STATE\" = 'a' OR note IS NULL", true),
            ("[state] = 'a'", true),
            ("estate = 'state' OR state_at IS NULL", false),
        ] {
            assert_eq!(names(expression, "state"), is_named, "{expression}");
        }
    }

    #[test]
    fn finds_a_word_outside_of_quotes_and_comments() {
        let key = "CREATE TABLE t (id INTEGER PRIMARY KEY";
        assert!(says(&format!("{key} autoincrement)"), "AUTOINCREMENT"));
        for rest in [
            " /* AUTOINCREMENT */)",
            ", n text DEFAULT 'autoincrement') -- autoincrement",
            ", autoincremented int)",
        ] {
            assert!(!says(&format!("{key}{rest}"), "AUTOINCREMENT"), "{rest}");
        }
    }
}
