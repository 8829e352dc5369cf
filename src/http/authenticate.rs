//! Who may report. The way in is a trait, so that other credentials can take the token's place.

use crate::Store;
use crate::store::{Result, TokenCheck};
use axum::http::header::{AUTHORIZATION, HeaderValue};
use axum::http::request::Parts;
use std::future::Future;
use std::pin::Pin;

/// What a request's credential is worth at one row.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Credential {
    /// It may report; who it is, where the credential says so, stands in the history.
    Valid {
        /// The name.
        actor: Option<String>,
    },
    /// It is a run's: from its first report on, no other run may report to the row.
    Run(Run),
    /// It is good, and not for this: 403, and why.
    Refused(String),
    /// It is good at another row, whether or not this one exists: 403.
    Foreign,
    /// It was good, and its time is over: 401.
    Expired,
    /// It is not good anywhere: 401.
    Wrong,
    /// There is none: 401.
    Missing,
}

/// A run, as its credential says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Run {
    /// Who started it.
    pub actor: Option<String>,
    /// Its id.
    pub id: String,
    /// Its attempt.
    pub attempt: u32,
    /// The id of the credential, which is good for one report.
    pub token: String,
    /// Until when it is good, in seconds since 1970.
    pub until: u64,
}

/// The answer of [`Authenticate`], in time.
pub type Authenticated<'a> = Pin<Box<dyn Future<Output = Result<Credential>> + Send + 'a>>;

/// Says what a request's credential is worth at one row. It guards the reports
/// ([`Backend::callbacks`](super::Backend::callbacks)), and no other route.
///
/// ```
/// use phasegate::Store;
/// use phasegate::http::{Authenticate, Authenticated, Credential};
///
/// /// Who is logged in, as a layer of the application left it in the request's extensions.
/// #[derive(Clone)]
/// struct User(String);
///
/// struct Login;
///
/// impl Authenticate for Login {
///     fn authenticate<'a>(
///         &'a self,
///         _store: &'a Store,
///         _id: &'a str,
///         request: &'a axum::http::request::Parts,
///     ) -> Authenticated<'a> {
///         let user = request.extensions.get::<User>().map(|user| user.0.clone());
///         Box::pin(async move {
///             Ok(match user {
///                 Some(user) => Credential::Valid { actor: Some(user) },
///                 None => Credential::Missing,
///             })
///         })
///     }
/// }
/// ```
pub trait Authenticate: Send + Sync + 'static {
    /// Judges a request to report to the row of the key `id`, which need not exist: by its headers, and by
    /// its extensions, where a layer of yours left who is logged in.
    fn authenticate<'a>(
        &'a self,
        store: &'a Store,
        id: &'a str,
        request: &'a Parts,
    ) -> Authenticated<'a>;

    /// The row's own token, where that is all that is asked of a request: then one statement can check it
    /// and apply the report. None by default.
    fn row_token<'a>(&self, _request: &'a Parts) -> Option<&'a str> {
        None
    }

    /// What a 401 asks for: a challenge, as `WWW-Authenticate` has it (RFC 9110, 11.6.1). `Bearer` by
    /// default.
    fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static(r#"Bearer realm="phasegate""#)
    }
}

/// The token that was given out when the row was started, as `Authorization: Bearer TOKEN`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BearerToken;

impl Authenticate for BearerToken {
    fn authenticate<'a>(
        &'a self,
        store: &'a Store,
        id: &'a str,
        request: &'a Parts,
    ) -> Authenticated<'a> {
        Box::pin(async move {
            let Some(given) = request.headers.get(AUTHORIZATION) else {
                return Ok(Credential::Missing);
            };
            let Some(token) = given.to_str().ok().and_then(bearer) else {
                return Ok(Credential::Wrong);
            };
            Ok(match store.check_token(id, token).await? {
                TokenCheck::Valid => Credential::Valid { actor: None },
                TokenCheck::Expired => Credential::Expired,
                TokenCheck::Foreign => Credential::Foreign,
                TokenCheck::Unknown => Credential::Wrong,
            })
        })
    }

    fn row_token<'a>(&self, request: &'a Parts) -> Option<&'a str> {
        request.headers.get(AUTHORIZATION)?.to_str().ok().and_then(bearer)
    }
}

/// The token of a bearer's header.
pub(super) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_scheme_in_any_case_and_no_other_scheme() {
        assert_eq!(bearer("Bearer x"), Some("x"));
        assert_eq!(bearer("bearer  x "), Some("x"));
        assert_eq!(bearer("Basic x"), None);
        assert_eq!(bearer("Bearer"), None);
    }
}
