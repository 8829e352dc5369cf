//! The versions that order the migrations of a folder.

/// The place of a migration among others.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// What it is compared by.
    pub(super) places: Vec<u64>,
    /// As it is written.
    pub(super) text: String,
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.places == other.places
    }
}

impl Eq for Version {}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.places.cmp(&other.places)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Version {
    /// Numbers that no tool could count on from are none.
    pub(super) fn number(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = text.parse().ok().filter(|_| is_number)?;
        Some(Self { places: vec![u64::try_from(number).ok()?], text: text.to_owned() })
    }
}
