//! Times as the database has them: read from the text that every statement asks for, and written the same
//! in JSON.

use super::conn::Row;
use serde::Serializer;

/// A moment.
pub type Time = chrono::DateTime<chrono::Utc>;

/// A column of an application's own may hold what is no time: none, then.
pub(super) fn read_any(row: &Row, place: usize) -> sqlx::Result<Option<Time>> {
    Ok(row.text(place)?.and_then(|text| text.parse().ok()))
}

/// The time of a column of phasegate's, which always has one.
pub(super) fn read(row: &Row, place: usize) -> sqlx::Result<Time> {
    let text = row.text(place)?.unwrap_or_default();
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error) as _))
}

pub(super) fn serialize<S: Serializer>(time: &Time, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&written(time))
}

pub(super) fn serialize_any<S: Serializer>(time: &Option<Time>, out: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, out),
        None => out.serialize_none(),
    }
}

fn written(time: &Time) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_time_as_it_was_read() {
        for text in ["2026-11-29T14:40:00.120Z", "1999-12-31T23:59:59.000Z"] {
            assert_eq!(written(&text.parse().expect("a time")), text);
        }
    }
}
