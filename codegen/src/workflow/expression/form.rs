//! The text that `format` fills: its own parts, and the numbered places between them.

/// A part of such a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    /// A text of its own.
    Text(String),
    /// The value of this number, from 0.
    Place(usize),
}

/// The parts in their order; nothing where GitHub refuses the text. Braces that are doubled stand for
/// themselves, and what is filled in is not read again.
pub(super) fn pieces(form: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut chars = form.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '{' | '}' if chars.peek() == Some(&char) => text.extend(chars.next()),
            '{' => {
                let number: String =
                    std::iter::from_fn(|| chars.next_if(char::is_ascii_digit)).collect();
                if chars.next() != Some('}') {
                    return None;
                }
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Place(number.parse().ok()?));
            }
            '}' => return None,
            char => text.push(char),
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_braces_stand_for_themselves() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(pieces("{{0}}"), Some(vec![text("{0}")]));
        assert_eq!(
            pieces("a{1}{{{0}}}"),
            Some(vec![text("a"), Piece::Place(1), text("{"), Piece::Place(0), text("}")])
        );
        assert_eq!(pieces(""), Some(Vec::new()));
        for refused in ["{", "}", "{x}", "{0", "0}", "{}"] {
            assert_eq!(pieces(refused), None, "{refused}");
        }
    }
}
