//! Names for states that are known by their values alone.

use std::collections::BTreeSet;

/// The longest name.
const MAX: usize = 63;

/// Whether a value is a name as it is.
fn is_name(value: &str) -> bool {
    value.len() <= MAX
        && value.starts_with(|char: char| char.is_ascii_lowercase())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is left of a text as a name.
pub(super) fn slug(text: &str, otherwise: &str) -> String {
    let mut name = String::new();
    for char in text.chars() {
        if char.is_ascii_alphanumeric() {
            name.push(char.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{otherwise}_{name}"),
        Some(_) => name.to_owned(),
    }
}

/// A name for each value: itself where it is one, else what is left of it, none twice and none that
/// is another's value.
pub(super) fn names(values: &[&str]) -> Vec<String> {
    let mut taken: BTreeSet<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let name = |value: &&str| {
        if is_name(value) {
            return (*value).to_owned();
        }
        let slug = slug(value, "state");
        let named = (1..).map(|n| {
            let suffix = if n == 1 { String::new() } else { format!("_{n}") };
            format!("{}{suffix}", &slug[..slug.len().min(MAX - suffix.len())])
        });
        let name = named.into_iter().find(|name| !taken.contains(name)).expect("numbers don't end");
        taken.insert(name.clone());
        name
    };
    values.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_values_where_they_can_be_and_never_stand_twice() {
        let long = "x".repeat(60) + " y z";
        let values = ["In Transit", "in_transit", "in-transit", "7", "☃", "❄", "éa", "paid", &long];
        let named = names(&values);
        assert_eq!(
            named[..8],
            [
                "in_transit_2",
                "in_transit",
                "in_transit_3",
                "state_7",
                "state",
                "state_2",
                "a",
                "paid"
            ]
        );
        assert!(named[8].len() <= MAX);
    }
}
