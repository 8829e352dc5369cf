//! Times as sources write them, in microseconds since 1970.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// The forms of a time without an offset, which is taken for UTC.
const PLAIN: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
/// Those with one.
const WITH_OFFSET: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%d %H:%M:%S%.f UTC",
];

/// The time that a text says: RFC 3339, the same with a space, without an offset (then UTC), a date
/// only, or a whole number as [`of_number`] reads it.
pub(crate) fn of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(of_number(number));
    }
    let plain = |form: &&str| NaiveDateTime::parse_from_str(text, form).ok();
    if let Some(time) = PLAIN.iter().find_map(plain) {
        return Some(time.and_utc().timestamp_micros());
    }
    let with_offset = |form: &&str| DateTime::parse_from_str(text, form).ok();
    let utc = |text: &str| NaiveDateTime::parse_from_str(text, WITH_OFFSET[3]).ok();
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    if let Some(time) = WITH_OFFSET[..3].iter().find_map(with_offset) {
        return Some(time.timestamp_micros());
    }
    utc(text).or_else(date).map(|time| time.and_utc().timestamp_micros())
}

/// The time that a whole number says: seconds, milliseconds, microseconds or nanoseconds since 1970,
/// by its size. Seconds go to the year 5138, milliseconds from 1973 on.
pub(crate) const fn of_number(number: i64) -> i64 {
    match number.unsigned_abs() {
        0..100_000_000_000 => number.saturating_mul(1_000_000),
        100_000_000_000..100_000_000_000_000 => number.saturating_mul(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => number,
        _ => number / 1_000,
    }
}

/// A time as RFC 3339.
pub(crate) fn print(at: i64) -> String {
    match DateTime::from_timestamp_micros(at) {
        Some(time) => time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        None => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_databases_and_logs_write() {
        let same = 1_767_323_045_500_000;
        for text in [
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T03:04:05.500000+00:00",
            "2026-01-02 03:04:05.5",
            "2026-01-02 03:04:05.5+00",
            "2026-01-02 05:04:05.5+02:00",
            "2026-01-02 03:04:05.5 UTC",
            "2026-01-02 03:04:05.5 +0000",
            "1767323045500",
            "1767323045500000",
            "1767323045500000000",
        ] {
            assert_eq!(of_text(text), Some(same), "{text}");
        }
        assert_eq!(of_text("1767323045"), Some(same - 500_000));
        assert_eq!(of_text("2026-01-02"), Some(1_767_312_000_000_000));
        assert_eq!(print(same), "2026-01-02T03:04:05.500Z");
        for text in ["", "yesterday", "2026-13-01", "2026-01-02T25:00:00Z", "1.5"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
