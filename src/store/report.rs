//! One report of a state: what a job sends, and what it must look like.

use super::AuthenticatedBy;
use crate::text::hex;
use serde::de::{DeserializeSeed, Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::marker::PhantomData;

/// At most so many bytes of a log's end are kept.
pub const LOG_TAIL: usize = 16 * 1024;
/// At most so many bytes long are names, ids and fingerprints in a report.
pub const NAME: usize = 256;
/// At most so many bytes long is an event id: an index of PostgreSQL's holds no more than 2,704.
pub const EVENT_ID: usize = 1024;
/// At most so many bytes long is the address of a run.
pub const ADDRESS: usize = 2048;

/// One report of a state. In JSON, keys that it does not have are passed over, so that a newer
/// workflow can talk to an older backend; empty texts count as left out.
///
/// ```
/// use phasegate::Report;
///
/// let report = Report::new("building").job("build").run("1234", 1).actor("ci");
/// assert_eq!(report.event_id_for("d1").as_deref(), Some("d1/1234/1/build/building"));
/// ```
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Report {
    /// The state that is reported, by its value. Any text: one that no one knows is answered so.
    pub status: String,
    /// The job that reports.
    #[serde(default, deserialize_with = "name")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::optional_text))]
    pub job: Option<String>,
    /// The run that the job is part of; in JSON a text or a whole number.
    #[serde(default, deserialize_with = "run")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::run))]
    pub run_id: Option<String>,
    /// Which attempt of the run it is, from 1.
    #[serde(default, deserialize_with = "attempt")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::attempt))]
    pub run_attempt: Option<u32>,
    /// Where people can look at the run: https only.
    #[serde(default, deserialize_with = "address")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::address))]
    pub run_url: Option<String>,
    /// The report's identity: what comes again under it is a redelivery. Left out it is made of
    /// run, attempt, job and status where those are given (see [`Report::event_id_for`]).
    #[serde(default, deserialize_with = "event_id")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::optional_text))]
    pub event_id: Option<String>,
    /// The last state that the job set out to report before this one, delivered or not.
    #[serde(default, deserialize_with = "name")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::optional_text))]
    pub attempted: Option<String>,
    /// The fingerprint of the table that the sender was generated from.
    #[serde(default, deserialize_with = "name")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::optional_text))]
    pub table: Option<String>,
    /// The end of the job's log; longer than [`LOG_TAIL`] it is cut from the front.
    #[serde(default, deserialize_with = "log")]
    pub log_tail: Option<String>,
    /// Who reports, as its credential says: never read from the body.
    #[serde(skip)]
    pub actor: Option<String>,
    /// How it was known who reports: never read from the body.
    #[serde(skip)]
    pub authenticated_by: AuthenticatedBy,
    /// Whether the row is one run's: the first that reported to it, as its credential says. Never read
    /// from the body.
    #[serde(skip)]
    pub of_one_run: bool,
    /// The SHA-256 of the body that it came in; none where it did not come in one.
    #[serde(skip)]
    pub body_hash: Option<[u8; 32]>,
}

impl Report {
    /// A report of a state with nothing else.
    pub fn new(status: impl Into<String>) -> Self {
        Self { status: status.into(), ..Self::default() }
    }

    /// By this job.
    #[must_use]
    pub fn job(self, job: impl Into<String>) -> Self {
        Self { job: Some(job.into()), ..self }
    }

    /// In this attempt of this run.
    #[must_use]
    pub fn run(self, id: impl Into<String>, attempt: u32) -> Self {
        Self { run_id: Some(id.into()), run_attempt: Some(attempt), ..self }
    }

    /// Of a run that people can look at here.
    #[must_use]
    pub fn run_url(self, url: impl Into<String>) -> Self {
        Self { run_url: Some(url.into()), ..self }
    }

    /// With an identity of its own: what comes again under it is a redelivery.
    #[must_use]
    pub fn event_id(self, id: impl Into<String>) -> Self {
        Self { event_id: Some(id.into()), ..self }
    }

    /// After the job set out to report this state, delivered or not.
    #[must_use]
    pub fn attempted(self, status: impl Into<String>) -> Self {
        Self { attempted: Some(status.into()), ..self }
    }

    /// From a sender that was generated from the table of this fingerprint.
    #[must_use]
    pub fn table(self, fingerprint: impl Into<String>) -> Self {
        Self { table: Some(fingerprint.into()), ..self }
    }

    /// With the end of the job's log.
    #[must_use]
    pub fn log_tail(self, log: impl Into<String>) -> Self {
        Self { log_tail: Some(log.into()), ..self }
    }

    /// By whom, as the credential said.
    #[must_use]
    pub fn actor(self, who: impl Into<String>) -> Self {
        Self { actor: Some(who.into()), ..self }
    }

    /// With this way in which it was known who reports.
    #[must_use]
    pub fn authenticated_by(self, proof: AuthenticatedBy) -> Self {
        Self { authenticated_by: proof, ..self }
    }

    /// Reads a report from the bytes of its body.
    ///
    /// # Errors
    /// [`Malformed`] with the place where it stops to be one.
    pub fn from_json(body: &[u8]) -> Result<Self, Malformed> {
        let mut report: Self = read_json(body)?;
        report.body_hash = Some(Sha256::digest(body).into());
        Ok(report)
    }

    /// The report's identity on the row of this key: `event_id`, else
    /// `key/run_id/run_attempt/job/status` where all of those are given.
    pub fn event_id_for(&self, key: &str) -> Option<String> {
        if let Some(given) = &self.event_id {
            return Some(given.clone());
        }
        let (run, attempt, job) = (self.run_id.as_ref()?, self.run_attempt?, self.job.as_ref()?);
        let made = format!("{key}/{run}/{attempt}/{job}/{}", storable(&self.status));
        Some(if made.len() <= EVENT_ID {
            made
        } else {
            format!("sha256:{}", hex(&Sha256::digest(made.as_bytes())))
        })
    }

    /// What a redelivery is compared by: the body's hash, or that of the report itself.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.body_hash.unwrap_or_else(|| {
            let body = serde_json::to_vec(self).expect("a report is texts and numbers");
            Sha256::digest(body).into()
        })
    }
}

/// Why a body is no report, or no request to start a row, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Malformed {
    /// What is wrong.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The byte of the line, from 1; 0 at the end of the line before.
    pub column: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for Malformed {}

impl Malformed {
    /// What is wrong at this byte of the body.
    fn at(body: &[u8], byte: usize, message: &str) -> Self {
        let before = &body[..byte];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Self { message: message.to_owned(), line, column: before.len() - start + 1 }
    }
}

/// Reads an object of JSON, with the place of what is wrong.
pub(crate) fn read_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    read_json_by(body, PhantomData)
}

/// The same of what is read by more than its type.
pub(crate) fn read_json_by<'a, S: DeserializeSeed<'a>>(
    body: &'a [u8],
    seed: S,
) -> Result<S::Value, Malformed> {
    // serde_json checks the texts that it keeps, and not those that are passed over.
    let text = std::str::from_utf8(body)
        .map_err(|error| Malformed::at(body, error.valid_up_to(), "the body is not UTF-8"))?;
    // serde would take an array for the object's fields in their order.
    let space = body.len() - body.trim_ascii_start().len();
    if body.get(space).is_some_and(|first| *first != b'{') {
        return Err(Malformed::at(body, space, "expected an object"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = seed.deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
    read.map_err(|error| {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        Malformed {
            message: message.strip_suffix(&place).unwrap_or(&message).to_owned(),
            line: error.line(),
            column: error.column(),
        }
    })
}

/// A text that a database can hold and index, or none.
fn bounded<'de, D: Deserializer<'de>>(from: D, most: usize) -> Result<Option<String>, D::Error> {
    checked(Option::deserialize(from)?, most).map_err(D::Error::custom)
}

fn checked(text: Option<String>, most: usize) -> Result<Option<String>, String> {
    match text {
        Some(text) if text.len() > most => {
            Err(format!("a text of {} bytes, where {most} are the most", text.len()))
        }
        Some(text) if text.contains('\0') => Err("a text with a NUL character".to_owned()),
        Some(text) if text.is_empty() => Ok(None),
        other => Ok(other),
    }
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, NAME)
}

fn event_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, EVENT_ID)
}

fn run<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a whole number")]
    enum Run {
        Number(u64),
        Text(String),
    }
    match Option::<Run>::deserialize(from)? {
        None => Ok(None),
        Some(Run::Number(number)) => Ok(Some(number.to_string())),
        Some(Run::Text(text)) => checked(Some(text), NAME).map_err(D::Error::custom),
    }
}

fn attempt<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match Option::<u32>::deserialize(from)? {
        Some(attempt) if attempt == 0 || i32::try_from(attempt).is_err() => Err(D::Error::custom(
            format!("the attempt {attempt}, where 1 to {} are possible", i32::MAX),
        )),
        other => Ok(other),
    }
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let address = bounded(from, ADDRESS)?;
    if let Some(address) = &address {
        let secure = address.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        if !secure || address.len() == 8 {
            return Err(D::Error::custom("a run_url that is not https"));
        }
        // What stands before an `@` reads like the host, and is none.
        let authority = address[8..].split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(D::Error::custom("a run_url with a user's name"));
        }
        if address.chars().any(turns) {
            return Err(D::Error::custom(
                "a run_url with marks that turn its direction of writing",
            ));
        }
        if address.chars().any(|char| char.is_control() || char.is_whitespace()) {
            return Err(D::Error::custom("a run_url with white space or control characters"));
        }
    }
    Ok(address)
}

/// Whether a character makes what follows read from the other side.
fn turns(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn log<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let log = Option::<String>::deserialize(from)?;
    Ok(log.filter(|log| !log.is_empty()).map(|log| tail(&storable(&log), LOG_TAIL).to_owned()))
}

/// A text as PostgreSQL can hold it.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The beginning of a text, at most so many bytes long, up to a character.
pub(crate) fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The end of a text, at most so many bytes long, from a character on.
pub(crate) fn tail(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Malformed {
        Report::from_json(body.as_bytes()).expect_err("it should not be a report")
    }

    #[test]
    fn passes_over_keys_that_it_does_not_have_and_empty_texts() {
        let body = br#"{"status":"a","newer":{"x":[1]},"job":"","event_id":null,"run_id":7}"#;
        let report = Report::from_json(body).expect("a report");
        assert_eq!((report.job, report.event_id), (None, None));
        assert_eq!(report.run_id.as_deref(), Some("7"));
    }

    #[test]
    fn says_where_a_body_stops_to_be_a_report() {
        let error = refused("{\n  \"status\": 5}");
        assert_eq!((error.line, error.column), (2, 13));
        assert!(error.message.contains("expected a string"), "{error}");
        let error =
            Report::from_json(b"{\"status\":\"a\",\n\"x\":\"\xff\"}").expect_err("no UTF-8");
        assert_eq!((error.line, error.column), (2, 6));
    }

    #[test]
    fn refuses_what_no_database_could_hold_or_no_page_should_link_to() {
        for body in [
            r#"{"status":"a","job":"\u0000"}"#,
            r#"{"status":"a","run_attempt":0}"#,
            r#"{"status":"a","run_attempt":2147483648}"#,
            r#"{"status":"a","run_attempt":"1"}"#,
            r#"{"status":"a","run_id":{}}"#,
            r#"{"status":"a","run_url":"http://example.com"}"#,
            r#"{"status":"a","run_url":"javascript:alert(1)"}"#,
            r#"{"status":"a","run_url":"https://a b"}"#,
            r#"{"status":"a","run_url":"https://github.com@evil.example/x"}"#,
            r#"{"status":"a","run_url":"HTTPS://ada:pw@github.com"}"#,
            r#"{"status":"a","run_url":"https://github.com\\@evil.example/"}"#,
            r#"{"status":"a","run_url":"https://a/\u202egpj.x"}"#,
            r#"{"status":"a","status":"b"}"#,
            r#"{}"#,
            r#"[]"#,
            r#"{"status":"a"} x"#,
        ] {
            refused(body);
        }
        refused(&format!(r#"{{"status":"a","event_id":"{}"}}"#, "x".repeat(EVENT_ID + 1)));
    }

    #[test]
    fn cuts_a_log_from_the_front_between_characters() {
        let log = format!("{}é{}", "x".repeat(9), "y".repeat(LOG_TAIL - 1));
        let body = serde_json::json!({"status": "a", "log_tail": log}).to_string();
        let report = Report::from_json(body.as_bytes()).expect("a report");
        assert_eq!(report.log_tail, Some("y".repeat(LOG_TAIL - 1)));
    }

    #[test]
    fn keeps_the_beginning_up_to_a_character() {
        assert_eq!(head("aé", 2), "a");
        assert_eq!(head("aé", 3), "aé");
        assert_eq!(head("aé", 9), "aé");
    }

    #[test]
    fn makes_an_id_where_run_attempt_job_and_status_are_given() {
        let mut report = Report::new("a");
        report.run_id = Some("7".to_owned());
        report.run_attempt = Some(2);
        assert_eq!(report.event_id_for("k"), None);
        report.job = Some("build".to_owned());
        assert_eq!(report.event_id_for("k").as_deref(), Some("k/7/2/build/a"));
        report.status = "x".repeat(9000);
        assert_eq!(report.event_id_for("k").expect("one").len(), 71);
        report.event_id = Some("mine".to_owned());
        assert_eq!(report.event_id_for("k").as_deref(), Some("mine"));
    }
}
