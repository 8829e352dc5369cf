//! Who may start rows and look at them: anyone on this machine, anyone with a token, whom an issuer
//! names, or whom a proxy in front says.

use super::super::authenticate::bearer;
use super::super::problem::{Challenge, Problem};
use super::net::{Net, is_from};
#[cfg(feature = "oidc")]
use crate::http::oidc::{Denied, Issuer};
use crate::store::{AuthenticatedBy, NAME, token_hash};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
#[cfg(feature = "oidc")]
use std::sync::Arc;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

/// Who an operator is. What starts a row takes `requested_by` from it, where a request has one among its
/// extensions: a login of your own can put it there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operator(pub String);

/// Who may do what operators do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Operators {
    /// Anyone who reaches the backend, under the name that the request says. For the loopback.
    Anyone,
    /// Anyone with one of these tokens, as `Authorization: Bearer TOKEN`, or as the password of the
    /// token's name, which browsers ask for.
    Tokens(Tokens),
    /// Anyone with a token of an issuer's, with the claim that names them.
    #[cfg(feature = "oidc")]
    Issuer {
        /// Whose tokens are taken.
        issuer: Arc<Issuer>,
        /// The claim that names the operator.
        claim: String,
    },
    /// Whom a proxy in front names in a header. What comes from elsewhere than from these networks is
    /// refused.
    Proxy {
        /// The header.
        header: HeaderName,
        /// Where the proxy is.
        proxies: Vec<Net>,
    },
}

/// Tokens of operators, each with a name; only their hashes are kept.
#[derive(Clone)]
pub struct Tokens(Vec<(String, [u8; 32])>);

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The shortest token, in characters.
const LEAST: usize = 32;

impl Tokens {
    /// Reads `NAME TOKEN` lines. Lines without anything, and those that begin with `#`, are passed over.
    ///
    /// # Errors
    /// What is wrong with which line; no token is in it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut tokens: Vec<(String, [u8; 32])> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| Err(format!("line {}: {what}", number + 1));
            let mut words = line.split_whitespace();
            let (Some(name), Some(token), None) = (words.next(), words.next(), words.next()) else {
                return wrong("a name, a space and a token are expected");
            };
            if name.len() > NAME || name.contains(':') {
                return wrong(
                    "the name is too long, or has a colon, which ends names in passwords' headers",
                );
            }
            if token.len() < LEAST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return wrong(&format!(
                    "a token has at least {LEAST} printable characters of ASCII (openssl rand -hex 32)"
                ));
            }
            let hash = token_hash(token);
            if tokens.iter().any(|(_, other)| *other == hash) {
                return wrong("the token stands in a line before, too");
            }
            tokens.push((name.to_owned(), hash));
        }
        if tokens.is_empty() { Err("there is no token in it".to_owned()) } else { Ok(Self(tokens)) }
    }

    /// Whose a token is. All are compared, so that the time says nothing.
    fn whose(&self, token: &str, name: Option<&str>) -> Option<&str> {
        let given = token_hash(token);
        let mut found = u32::MAX;
        for (at, (own, hash)) in (0_u32..).zip(&self.0) {
            let is_named = Choice::from(u8::from(name.is_none_or(|name| name == own)));
            found = u32::conditional_select(&found, &at, hash.ct_eq(&given) & is_named);
        }
        let (name, _) = self.0.get(usize::try_from(found).ok()?)?;
        Some(name)
    }
}

impl Operators {
    /// How it is known who an operator is.
    pub(super) const fn proof(&self) -> AuthenticatedBy {
        match self {
            Self::Anyone => AuthenticatedBy::Nothing,
            Self::Tokens(_) => AuthenticatedBy::OperatorToken,
            #[cfg(feature = "oidc")]
            Self::Issuer { .. } => AuthenticatedBy::IssuerToken,
            Self::Proxy { .. } => AuthenticatedBy::Proxy,
        }
    }

    /// The operator of a request; none where anyone may be one.
    pub(super) async fn of(&self, request: &Parts) -> Result<Option<Operator>, Problem> {
        let given = request.headers.get(AUTHORIZATION).map(HeaderValue::to_str);
        let given = given.map(|given| given.unwrap_or_default());
        match self {
            Self::Anyone => Ok(None),
            Self::Tokens(tokens) => {
                let given =
                    given.ok_or_else(|| Problem::no_operator(Challenge::TokenOrPassword, false))?;
                let whose = match bearer(given) {
                    Some(token) => tokens.whose(token, None),
                    None => {
                        password(given).and_then(|(name, token)| tokens.whose(&token, Some(&name)))
                    }
                };
                let whose =
                    whose.ok_or_else(|| Problem::no_operator(Challenge::TokenOrPassword, true))?;
                Ok(Some(Operator(whose.to_owned())))
            }
            #[cfg(feature = "oidc")]
            Self::Issuer { issuer, claim } => {
                let token = given.map(|given| bearer(given).unwrap_or_default());
                let token = token.ok_or_else(|| Problem::no_operator(Challenge::Token, false))?;
                let claims = issuer.verified(token).await.map_err(|denied| match denied {
                    Denied::Away => {
                        Problem::unavailable("the issuer of operators' tokens does not answer")
                    }
                    Denied::Invalid(why) => {
                        tracing::info!(why, "an operator's token is refused");
                        Problem::no_operator(Challenge::Token, true)
                    }
                })?;
                let name =
                    claims.get(claim).and_then(serde_json::Value::as_str).filter(|name| fits(name));
                let Some(name) = name else {
                    return Err(Problem::no_operator(Challenge::Token, true)
                        .because(format!("the token has no claim `{claim}` that names someone")));
                };
                Ok(Some(Operator(name.to_owned())))
            }
            Self::Proxy { header, proxies } => {
                let mut named = request.headers.get_all(header).iter();
                let name = named.next().filter(|_| named.next().is_none());
                let name = name.and_then(|name| name.to_str().ok()).filter(|name| fits(name));
                if !is_from(&request.extensions, proxies) {
                    return Err(Problem::no_operator(Challenge::Proxy, true).because(
                        "requests of operators come through the proxy in front".to_owned(),
                    ));
                }
                let name = name.ok_or_else(|| Problem::no_operator(Challenge::Proxy, false))?;
                Ok(Some(Operator(name.to_owned())))
            }
        }
    }
}

/// Whether a text can name someone.
fn fits(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= NAME && !name.chars().any(char::is_control)
}

/// The name and the password of a header of the scheme `Basic`.
fn password(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(rest.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Browsers pad, and other clients need not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "0123456789abcdef0123456789abcdef";
    const BOB: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn reads_names_and_tokens_and_says_which_line_is_wrong() {
        let tokens = Tokens::read(&format!("# ours\n\nada {ADA}\n  bob\t{BOB}\n")).unwrap();
        assert_eq!(tokens.whose(ADA, None), Some("ada"));
        assert_eq!(tokens.whose(BOB, Some("bob")), Some("bob"));
        assert_eq!(tokens.whose(BOB, Some("ada")), None);
        assert_eq!(tokens.whose("", None), None);
        assert_eq!(format!("{tokens:?}"), r#"["ada", "bob"]"#);
        for (text, line) in [
            ("ada short", "line 1: a token has at least 32"),
            (ADA, "line 1: a name, a space and a token"),
            (&format!("ada {ADA}\nbob {ADA}"), "line 2: the token stands in a line before"),
            (&format!("a:b {ADA}"), "line 1: the name"),
            (&format!("ada {ADA} more"), "line 1: a name, a space and a token"),
            ("# none", "there is no token"),
        ] {
            let said = Tokens::read(text).unwrap_err();
            assert!(said.starts_with(line) && !said.contains(ADA), "{text}: {said}");
        }
    }

    #[test]
    fn reads_a_password_as_browsers_send_it() {
        let read = |header: &str| password(header);
        // RFC 7617's own.
        let aladdin = Some(("Aladdin".to_owned(), "open sesame".to_owned()));
        assert_eq!(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), aladdin);
        assert_eq!(read("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ"), aladdin);
        for none in ["Bearer QWxh", "Basic", "Basic !", "Basic QWxh", "Basic /////w=="] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
