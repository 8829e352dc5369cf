//! How long a row is usually in a state: for people, views and metrics, and no part of the meaning.

use std::fmt;
use std::str::FromStr;

/// The units, the longest first: its letter, and its seconds.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
/// The longest, in days: ten years.
const MOST_DAYS: u32 = 3_650;

/// A time that is usual: whole seconds, from one to ten years.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expect(u32);

impl Expect {
    /// In seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl FromStr for Expect {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unit = UNITS.iter().find(|(letter, _)| text.ends_with(*letter));
        let read = unit.and_then(|(letter, seconds)| {
            let number = text.strip_suffix(*letter)?;
            let is_whole = number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse::<u32>().ok().filter(|_| is_whole)?.checked_mul(*seconds)
        });
        match read {
            Some(seconds) if (1..=MOST_DAYS * 86_400).contains(&seconds) => Ok(Self(seconds)),
            Some(_) | None => Err("a whole number and `s`, `m`, `h` or `d`, from `1s` to `3650d`"),
        }
    }
}

/// In the longest unit that it is a whole number of: `90m`, `2h`.
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, seconds)| self.0.is_multiple_of(*seconds));
        let (letter, seconds) = whole.expect("every number of seconds is whole");
        write!(f, "{}{letter}", self.0 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_numbers_of_one_unit_alone() {
        for (text, seconds, printed) in [
            ("30m", 1_800, "30m"),
            ("90m", 5_400, "90m"),
            ("120m", 7_200, "2h"),
            ("007s", 7, "7s"),
            ("3650d", 315_360_000, "3650d"),
        ] {
            let read: Expect = text.parse().unwrap();
            assert_eq!((read.seconds(), read.to_string().as_str()), (seconds, printed), "{text}");
        }
        for text in
            ["", "30", "m", "0s", "+5m", "-5m", "1.5h", "1h30m", "5 m", "5M", "3651d", "99999999d"]
        {
            assert!(text.parse::<Expect>().is_err(), "{text}");
        }
    }
}
