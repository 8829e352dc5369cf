//! Answers to those who read, compressed for clients that take it. Never a stream's: what is gathered
//! comes late. Never an answer to what writes: one that has a secret next to a text that another chose says
//! by its length how alike they are.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// What is smaller fits into one packet anyway, in bytes.
const LEAST: u64 = 1024;
/// What is larger is sent as it is, in bytes: it would hold up others meanwhile.
const MOST: usize = 4 * 1024 * 1024;

/// Whether a client takes `gzip`.
pub(crate) fn accepted(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    let mut given = lists.flat_map(|list| list.split(','));
    given.any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        is_gzip && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// What is kept is packed as small as it gets, what is sent once as fast.
pub(crate) fn packed(bytes: &[u8], kept: bool) -> Vec<u8> {
    let level = if kept { Compression::best() } else { Compression::fast() };
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), level);
    encoder.write_all(bytes).expect("a vector takes whatever is written");
    encoder.finish().expect("a vector takes whatever is written")
}

/// Says that the answer is packed, and that others get another one.
pub(crate) fn say(headers: &mut HeaderMap, is_packed: bool) {
    headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

/// Compresses what is read, where that is worth it.
pub(crate) async fn compressed(request: Request, next: Next) -> Response {
    let reads = request.method() == Method::GET;
    let takes = accepted(request.headers());
    let response = next.run(request).await;
    if !reads || !is_text(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let size = body.size_hint().exact().filter(|size| (LEAST..=MOST as u64).contains(size));
    if size.is_none() || !takes {
        say(&mut parts.headers, false);
        return Response::from_parts(parts, body);
    }
    // Its size is known and it is all there: this waits for nothing.
    let Ok(bytes) = to_bytes(body, MOST).await else {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return broken;
    };
    say(&mut parts.headers, true);
    parts.headers.remove(CONTENT_LENGTH);
    weaken(&mut parts.headers);
    Response::from_parts(parts, packed(&bytes, false).into())
}

/// Whether it is a text that nothing has packed.
fn is_text(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let text = ["application/json", "text/html"].iter().any(|text| kind.starts_with(text));
    text && response.status() == StatusCode::OK && !headers.contains_key(CONTENT_ENCODING)
}

/// The tag of other bytes that say the same.
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok()) else {
        return;
    };
    if !tag.starts_with("W/")
        && let Ok(weak) = HeaderValue::try_from(format!("W/{tag}"))
    {
        headers.insert(ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_for_those_who_take_it() {
        let takes = |list: &'static str| {
            let headers = [(ACCEPT_ENCODING, HeaderValue::from_static(list))];
            accepted(&headers.into_iter().collect())
        };
        assert!(takes("gzip") && takes("br, GZip;q=0.5") && takes("deflate;q=0, gzip"));
        assert!(!takes("gzip;q=0") && !takes("br") && !takes("") && !takes("gzip;q=0.0, *"));
    }
}
