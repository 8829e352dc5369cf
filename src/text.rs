//! Texts as SQL and fingerprints have them, for the runtime and the generator.

use alloc::format;
use alloc::string::String;

/// An identifier as SQL wants it, whatever is in it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn digit(of: u8) -> char {
    char::from_digit(of.into(), 16).expect("four bits are a digit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_a_name_holds() {
        assert_eq!(quoted(r#"or"der"#), r#""or""der""#);
    }

    #[test]
    fn writes_two_digits_a_byte() {
        assert_eq!(hex(&[0, 9, 0xa0, 0xff]), "0009a0ff");
    }
}
