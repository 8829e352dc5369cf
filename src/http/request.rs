//! What requests are made of: the key in the address, and a body of JSON, bounded.

use super::problem::{Kind, Problem};
use crate::store::read_json_by;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use futures_util::StreamExt as _;
use serde::de::DeserializeSeed;
use std::convert::Infallible;
use std::time::Duration;

/// The largest body that is taken, in bytes.
pub const BODY: usize = 64 * 1024;
/// So much more of a body that is too large is read, for the answer to arrive.
const DRAINED: usize = 1024 * 1024;

/// The key in the address. One that is no text is no row's.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(path.map_or_else(|_| "\0".to_owned(), |Path(id)| id)))
    }
}

/// The bytes of a body that is said to be JSON.
pub(crate) async fn json_body(
    headers: &HeaderMap,
    body: Body,
    limit: Duration,
) -> Result<Vec<u8>, Problem> {
    let media_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    if !media_type.is_some_and(is_json) {
        let given = media_type.unwrap_or("nothing");
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            format!("the body is said to be `{given}`, where `application/json` in UTF-8 is taken"),
        ));
    }
    let read = tokio::time::timeout(limit, bytes(body)).await;
    read.unwrap_or_else(|_| {
        Err(Problem::new(Kind::Timeout, format!("the body did not come within {limit:?}")))
    })
}

/// The bytes of a body that is not too large.
async fn bytes(body: Body) -> Result<Vec<u8>, Problem> {
    let mut read = Vec::new();
    let mut total = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Kind::Malformed, "the body broke off"))?;
        total += chunk.len();
        if total <= BODY {
            read.extend_from_slice(&chunk);
        } else if total > DRAINED {
            break;
        }
    }
    if total > BODY {
        return Err(Problem::new(Kind::TooLarge, format!("more than {BODY} bytes")));
    }
    Ok(read)
}

/// Whether a media type is JSON, in UTF-8 where it says so.
fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = name == "application/json"
        || name.strip_prefix("application/").is_some_and(|rest| rest.ends_with("+json"));
    json && parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    })
}

/// What a body says, or where it stops to say it. An empty one says nothing particular.
pub(crate) fn parsed<'a, S: DeserializeSeed<'a>>(
    body: &'a [u8],
    seed: S,
) -> Result<S::Value, Problem> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    Ok(read_json_by(body, seed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_json_by_its_media_types() {
        for json in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/vnd.x+json",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in
            ["", "text/json", "text/plain", "application/json; charset=latin1", "application/jsonp"]
        {
            assert!(!is_json(other), "{other}");
        }
    }
}
