//! Tokens of an OpenID Connect issuer: a job's own on GitHub, or a login's of a person.
//!
//! The issuer's keys are kept for an hour. One that is not known is asked for at most every ten seconds,
//! so that made-up keys lead to no flood of requests; an issuer that is away leaves the keys that were had.

use super::client::{agent, is_safe};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use ureq::Agent;

/// So long keys are kept before they are asked for anew.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// So long keys are used where the issuer is away.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the issuer is not asked again after it was asked.
const PAUSE: Duration = Duration::from_secs(10);
/// So long the issuer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many bytes an answer has at most.
const ANSWER: u64 = 1024 * 1024;
/// So much clocks may differ, in seconds.
const LEEWAY: u64 = 30;
/// The longest token, in bytes.
const TOKEN: usize = 16 * 1024;

/// Those that a public key verifies.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What a token says.
type Claims = Map<String, Value>;

/// An issuer of tokens, and for whom they have to be.
#[derive(Debug)]
pub struct Issuer {
    issuer: String,
    audience: String,
    agent: Agent,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    set: Vec<Jwk>,
    had: Option<Instant>,
    asked: Option<Instant>,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Denied {
    /// The issuer's keys could not be had: the same token may be taken in a moment.
    Away,
    /// It is not the issuer's, not for this backend, or over.
    Invalid(&'static str),
}

impl Issuer {
    /// The issuer at this address, of tokens for this audience.
    ///
    /// # Errors
    /// Where the address is not https, unless it is on the loopback.
    pub fn new(issuer: &str, audience: &str) -> Result<Self, String> {
        let issuer = issuer.trim_end_matches('/');
        if !is_safe(issuer) {
            return Err(format!("the issuer `{issuer}` is no https address"));
        }
        if audience.is_empty() {
            return Err(
                "an audience is needed: who takes tokens for anyone takes those for others"
                    .to_owned(),
            );
        }
        super::signatures::install();
        let keys = Mutex::default();
        let (issuer, audience) = (issuer.to_owned(), audience.to_owned());
        Ok(Self { issuer, audience, agent: agent(PATIENCE), keys })
    }

    /// What a token says, where it is the issuer's, for this audience, and of now.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn verified(&self, token: &str) -> Result<Map<String, Value>, Denied> {
        if token.len() > TOKEN {
            return Err(Denied::Invalid("it is too long"));
        }
        let header = decode_header(token).map_err(|_| Denied::Invalid("it is no JWT"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Denied::Invalid("its algorithm is not one of public keys"));
        }
        let id = header.kid.ok_or(Denied::Invalid("it names no key"))?;
        let key = self.key(&id).await?;
        if let Some(own) = key.common.key_algorithm
            && format!("{own:?}") != format!("{:?}", header.alg)
        {
            return Err(Denied::Invalid("its key is for another algorithm"));
        }
        let key =
            DecodingKey::from_jwk(&key).map_err(|_| Denied::Invalid("its key can't be read"))?;
        if key.family() != header.alg.family() {
            return Err(Denied::Invalid("its key is for another algorithm"));
        }
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // Some issuers end with a slash, and are known without it.
        validation.set_issuer(&[self.issuer.clone(), format!("{}/", self.issuer)]);
        validation.set_audience(&[&self.audience]);
        match decode::<Claims>(token, &key, &validation) {
            Ok(data) => Ok(data.claims),
            Err(error) => Err(Denied::Invalid(why(&error))),
        }
    }

    /// The key of an id, asked for anew where it is not known, or known for long.
    async fn key(&self, id: &str) -> Result<Jwk, Denied> {
        // Who comes while it is asked waits for the same answer.
        let mut keys = self.keys.lock().await;
        let within =
            |since: Option<Instant>, time| since.is_some_and(|since| since.elapsed() < time);
        let is_known = keys.find(id).is_some() && within(keys.had, FRESH);
        if !is_known && !within(keys.asked, PAUSE) {
            keys.asked = Some(Instant::now());
            match self.fetched().await {
                Ok(set) => (keys.set, keys.had) = (set.keys, Some(Instant::now())),
                Err(error) => {
                    tracing::warn!(
                        issuer = self.issuer,
                        error,
                        "the issuer's keys could not be had"
                    );
                }
            }
        }
        if !within(keys.had, KEPT) {
            return Err(Denied::Away);
        }
        keys.find(id).cloned().ok_or(Denied::Invalid("its key is none of the issuer's"))
    }

    async fn fetched(&self) -> Result<JwkSet, String> {
        let (agent, issuer) = (self.agent.clone(), self.issuer.clone());
        let fetch = tokio::task::spawn_blocking(move || {
            let about: Value = get(&agent, &format!("{issuer}/.well-known/openid-configuration"))?;
            let said = about["issuer"].as_str().unwrap_or_default();
            if said.trim_end_matches('/') != issuer {
                return Err(format!("it calls itself `{said}`"));
            }
            let keys = about["jwks_uri"].as_str().unwrap_or_default();
            if !is_safe(keys) {
                return Err(format!("its keys are at `{keys}`, which is no https address"));
            }
            get(&agent, keys)
        });
        fetch.await.map_err(|error| error.to_string())?
    }
}

impl Keys {
    fn find(&self, id: &str) -> Option<&Jwk> {
        self.set.iter().find(|key| key.common.key_id.as_deref() == Some(id))
    }
}

fn get<T: DeserializeOwned>(agent: &Agent, url: &str) -> Result<T, String> {
    let answer = agent.get(url).call().map_err(|error| format!("{url}: {error}"))?;
    if !answer.status().is_success() {
        return Err(format!("{url}: {}", answer.status()));
    }
    let body = answer.into_body().into_with_config().limit(ANSWER).read_to_vec();
    let body = body.map_err(|error| format!("{url}: {error}"))?;
    serde_json::from_slice(&body).map_err(|error| format!("{url}: {error}"))
}

// The enum is not ours: what is not told apart is a token that is none.
#[allow(clippy::wildcard_enum_match_arm)]
fn why(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::ExpiredSignature => "it is over",
        ErrorKind::ImmatureSignature => "it is not of now yet",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::InvalidIssuer => "it is another issuer's",
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        _ => "it is no token of the issuer's",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_issuer_that_nobody_on_the_way_can_play() {
        let issuer = |url| Issuer::new(url, "me").map(|_| ());
        assert!(issuer("https://token.actions.githubusercontent.com").is_ok());
        assert!(issuer("http://127.0.0.1:8080/").is_ok());
        for other in [
            "http://issuer.example",
            "issuer.example",
            "http://localhost.evil:1",
            "http://127.0.0.1.evil:1",
            "http://localhost:x@evil.example",
        ] {
            assert!(issuer(other).is_err(), "{other}");
        }
        assert!(Issuer::new("https://issuer.example", "").is_err());
    }
}
