//! Names for states that are known only by their values.

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
    let mut was_small = false;
    for char in text.chars() {
        if char.is_ascii_alphanumeric() {
            // A word begins where a capital follows what is none: `InTransit`.
            let begins = char.is_ascii_uppercase() && std::mem::replace(&mut was_small, false);
            if begins && !name.ends_with('_') {
                name.push('_');
            }
            was_small = !char.is_ascii_uppercase();
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

/// A name in camel case, as code calls it: two states of one such name would collide there.
fn camel(name: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('_').filter(|word| !word.is_empty()).map(word).collect()
}

/// A name for each value: itself where it is one, else what is left of it; none twice, none that
/// is another's value, and none that code would call like another.
pub(super) fn names(values: &[&str]) -> Vec<String> {
    let values_taken: BTreeSet<&str> = values.iter().copied().collect();
    // What no code can call a variant.
    let mut in_code = BTreeSet::from(["Self".to_owned()]);
    let is_kept: Vec<bool> =
        values.iter().map(|value| is_name(value) && in_code.insert(camel(value))).collect();
    let name = |(value, is_kept): (&&str, bool)| {
        if is_kept {
            return (*value).to_owned();
        }
        let slug = slug(value, "state");
        let named = (1..).map(|n| {
            let suffix = if n == 1 { String::new() } else { format!("_{n}") };
            format!("{}{suffix}", &slug[..slug.len().min(MAX - suffix.len())])
        });
        let is_free =
            |name: &String| !values_taken.contains(name.as_str()) && in_code.insert(camel(name));
        named.into_iter().find(is_free).expect("numbers don't end")
    };
    values.iter().zip(is_kept).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_one_in_code() {
        assert_eq!(
            names(&["paid_out", "paid__out", "self", "InTransit", "IN TRANSIT"]),
            ["paid_out", "paid_out_2", "self_2", "in_transit", "in_transit_2",]
        );
    }

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
