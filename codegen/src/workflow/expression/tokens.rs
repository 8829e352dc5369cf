//! The words of GitHub's expression language.

/// A word of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A text in single quotes, without them.
    Text(String),
    /// A number.
    Number(f64),
    /// A name: a context, a property, a function, or `true`, `false`, `null`.
    Name(String),
    /// An operator, a bracket, a comma or a star.
    Sign(&'static str),
}

/// The longer of two that begin alike comes first.
const SIGNS: [&str; 16] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "*"];

/// The words of a text.
///
/// # Errors
/// What is no word of the language.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let follows_value =
            matches!(tokens.last(), Some(Token::Name(_) | Token::Sign(")" | "]" | "*")));
        let length = if first == '\'' {
            let (word, length) = quoted(rest)?;
            tokens.push(Token::Text(word));
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = end(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            tokens.push(Token::Name(rest[..length].to_owned()));
            length
        } else if first.is_ascii_digit()
            || matches!(first, '+' | '-')
            || (first == '.' && !follows_value)
        {
            let length = end(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-'));
            let word = &rest[..length];
            let number = number(word).ok_or_else(|| format!("`{word}` is no number"))?;
            tokens.push(Token::Number(number));
            length
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| format!("`{first}` has no meaning there"))?;
            tokens.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn end(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !is_part(c)).unwrap_or(text.len())
}

/// A text in quotes, where two quotes are one, and how long it is written.
fn quoted(text: &str) -> Result<(String, usize), String> {
    let mut word = String::new();
    let mut signs = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = signs.next() {
        match c {
            '\'' if signs.next_if(|&(_, next)| next == '\'').is_some() => word.push('\''),
            '\'' => return Ok((word, at + 1)),
            c => word.push(c),
        }
    }
    Err("a text in quotes does not end".to_owned())
}

/// A number as JSON has it, or hexadecimal, octal, with a sign or a point first.
pub(super) fn number(word: &str) -> Option<f64> {
    let radix = |digits, radix| i64::from_str_radix(digits, radix).ok().map(|n| n as f64);
    match word.get(..2) {
        Some("0x") => radix(&word[2..], 16),
        Some("0o") => radix(&word[2..], 8),
        _ if word.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c)) => word.parse().ok(),
        _ => match word {
            "Infinity" | "+Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
    }
}
