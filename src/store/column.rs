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

    #[cfg(feature = "postgres")]
    #[test]
    fn reads_a_uuid_in_any_of_its_spellings() {
        assert_eq!(Key::Uuid.parse("not one"), None);
        let hyphens = "0198c0de-0000-7000-8000-000000000000";
        assert_eq!(Key::Uuid.parse(&hyphens.to_uppercase()), Some(hyphens.to_owned()));
    }
}
