//! The page's files and pages as they are served: under a policy that lets in nothing from elsewhere,
//! packed for those who take that, and sent again only where they have changed.

use crate::http::gzip;
use crate::text::hex;
use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use sha2::{Digest, Sha256};

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JS: &str = "text/javascript; charset=utf-8";
pub(super) const SVG: &str = "image/svg+xml";

/// Everything comes from this origin, nothing is inline, and no other page frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// A text in the two forms that it is sent in, each with its tag.
#[derive(Clone, Debug)]
pub(super) struct Text {
    kind: &'static str,
    plain: (Bytes, HeaderValue),
    packed: (Bytes, HeaderValue),
}

impl Text {
    /// A text that is sent once, or kept for many.
    pub(super) fn new(kind: &'static str, text: impl Into<Bytes>, kept: bool) -> Self {
        let plain = text.into();
        let digest = hex(&Sha256::digest(&plain)[..16]);
        let tag = |of: &str| {
            HeaderValue::try_from(format!("\"{digest}{of}\"")).expect("quotes, letters and digits")
        };
        let packed = gzip::packed(&plain, kept).into();
        Self { kind, plain: (plain, tag("")), packed: (packed, tag("-gzip")) }
    }

    /// The answer to a request with these headers; 304 where it has the text already.
    pub(super) fn answer(&self, status: StatusCode, headers: &HeaderMap) -> Response {
        let is_packed = gzip::accepted(headers);
        let (body, tag) = if is_packed { &self.packed } else { &self.plain };
        let had = headers.get(IF_NONE_MATCH).is_some_and(|had| names(had, tag));
        let mut response = if had && status == StatusCode::OK {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            (status, body.clone()).into_response()
        };
        let is_packed = is_packed && response.status() != StatusCode::NOT_MODIFIED;
        gzip::say(response.headers_mut(), is_packed);
        set_headers(&mut response, self.kind, tag.clone());
        response
    }
}

/// A file that is asked for again each time and sent again only where it has changed: a page and
/// its parts are always of one version.
pub(super) fn file(kind: &'static str, text: impl Into<Bytes>) -> MethodRouter {
    let text = Text::new(kind, text, true);
    get(move |headers: HeaderMap| std::future::ready(text.answer(StatusCode::OK, &headers)))
}

/// Whether a list of entity tags has this one.
fn names(had: &HeaderValue, tag: &HeaderValue) -> bool {
    let tags = had.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let mut tags = tags.map(|one| one.strip_prefix(b"W/").unwrap_or(one));
    tags.any(|one| one == tag.as_bytes())
}

fn set_headers(response: &mut Response, kind: &'static str, tag: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ETAG, tag);
    let fixed: [(HeaderName, &'static str); 7] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_may_name_the_file() {
        let tag = HeaderValue::from_static("\"ab\"");
        assert!(names(&HeaderValue::from_static("\"x\", W/\"ab\""), &tag));
        assert!(!names(&HeaderValue::from_static("\"abc\""), &tag));
    }
}
