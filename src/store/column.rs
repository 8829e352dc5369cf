//! What a column of a live database holds, whichever database says so.

/// What a key is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    Text,
    /// SQLite has no such type: there it is a text like any other.
    #[cfg(feature = "postgres")]
    Uuid,
    /// A whole number between these two.
    Int(i64, i64),
}

impl Key {
    /// The key as the database takes it, where it can be one.
    pub(crate) fn parse(self, id: &str) -> Option<String> {
        match self {
            // No text of PostgreSQL's holds a NUL.
            Self::Text => (!id.contains('\0')).then(|| id.to_owned()),
            #[cfg(feature = "postgres")]
            Self::Uuid => uuid::Uuid::try_parse(id).ok().map(|id| id.to_string()),
            Self::Int(least, most) => {
                let number = id.parse::<i64>().ok()?;
                (least..=most).contains(&number).then(|| number.to_string())
            }
        }
    }
}

/// What the columns of a key are made of.
///
/// Of several columns the text that callers have is each part percent-encoded, with `:` between them; what
/// the database is given, and gives, is an array of JSON.
#[derive(Clone, Debug)]
pub(crate) struct Keys(pub(crate) Vec<Key>);

impl Keys {
    /// The key as the database takes it, where it can be one.
    pub(crate) fn parse(&self, id: &str) -> Option<String> {
        if let [one] = self.0[..] {
            return one.parse(id);
        }
        let parts: Vec<&str> = id.split(':').collect();
        if parts.len() != self.0.len() {
            return None;
        }
        let part = |(part, key): (&str, &Key)| key.parse(&decoded(part)?);
        let parts: Option<Vec<String>> = parts.into_iter().zip(&self.0).map(part).collect();
        Some(serde_json::Value::from(parts?).to_string())
    }

    /// A key as the database takes it, of which there need be no row.
    pub(crate) fn any(&self) -> String {
        let part = |key: &Key| match key {
            Key::Text => "-".to_owned(),
            #[cfg(feature = "postgres")]
            Key::Uuid => uuid::Uuid::nil().to_string(),
            Key::Int(..) => "0".to_owned(),
        };
        match self.0[..] {
            [ref one] => part(one),
            ref several => {
                serde_json::Value::from(several.iter().map(part).collect::<Vec<_>>()).to_string()
            }
        }
    }

    /// The same as callers have it.
    pub(crate) fn shown(&self, key: &str) -> String {
        if self.0.len() == 1 {
            return key.to_owned();
        }
        // What is no such array is shown as it is.
        let parts: Vec<String> = serde_json::from_str(key).unwrap_or_else(|_| vec![key.to_owned()]);
        parts.iter().map(|part| encoded(part)).collect::<Vec<_>>().join(":")
    }
}

/// A text with all but letters, digits and `-._~` percent-encoded.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What was percent-encoded; none where it was not.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
        let [Some(high), Some(low)] = digits else { return None };
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// One column of the table with the status.
pub(crate) struct Column {
    pub(crate) name: String,
    /// What it would be as a key.
    pub(crate) key: Key,
    /// The type that text is cast to for it, where it needs it.
    pub(crate) cast: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_key_only_where_the_column_could_hold_it() {
        assert_eq!(Key::Text.parse("a/b"), Some("a/b".to_owned()));
        assert_eq!(Key::Text.parse("a\0"), None);
        assert_eq!(Key::Int(0, 9).parse("10"), None);
        assert_eq!(Key::Int(-9, 9).parse("-7"), Some("-7".to_owned()));
    }

    #[test]
    fn a_key_of_several_columns_is_one_text_and_back() {
        let keys = Keys(vec![Key::Text, Key::Int(0, 9)]);
        for (text, array) in [
            ("a:7", r#"["a","7"]"#),
            ("a%3A%25%20%C3%A9:0", r#"["a:% é","0"]"#),
            (":7", r#"["","7"]"#),
        ] {
            assert_eq!(keys.parse(text).as_deref(), Some(array));
            assert_eq!(keys.shown(array), text);
        }
        for text in ["a", "a:7:7", "a:10", "a%:7", "a%3:7", "a%FF:7", "a%00:7"] {
            assert_eq!(keys.parse(text), None, "{text}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn reads_a_uuid_in_any_of_its_spellings() {
        assert_eq!(Key::Uuid.parse("not one"), None);
        let hyphens = "0198c0de-0000-7000-8000-000000000000";
        assert_eq!(Key::Uuid.parse(&hyphens.to_uppercase()), Some(hyphens.to_owned()));
    }
}
