//! Reports by a job's own token on GitHub (`id-token: write`): nothing secret has to reach the run.
//!
//! The token says which repository, workflow, ref and event a run is of, and which run it is. A row is the
//! first run's that reports to it; reports of another one are refused.

use super::authenticate::{Authenticate, Authenticated, Credential, Run, bearer};
use super::oidc::{Denied, Issuer};
use crate::Store;
use crate::store::{Error, NAME};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Which runs may report: a token's claims have to be among these, each of which has at least one.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// `repository_id`: the repository, whatever it is called.
    pub repository_id: Vec<String>,
    /// `workflow_ref`: `octo/shop/.github/workflows/deploy.yml@refs/heads/main`.
    pub workflow_ref: Vec<String>,
    /// `ref`: `refs/heads/main`.
    pub git_ref: Vec<String>,
    /// `event_name`: `workflow_dispatch`.
    pub event_name: Vec<String>,
}

/// Jobs' own tokens as the credential of reports.
#[derive(Clone, Debug)]
pub struct GithubJobs {
    issuer: Arc<Issuer>,
    jobs: Jobs,
}

impl GithubJobs {
    /// The tokens of an issuer, and which of them.
    pub fn new(issuer: Arc<Issuer>, jobs: Jobs) -> Self {
        Self { issuer, jobs }
    }
}

impl Authenticate for GithubJobs {
    fn authenticate<'a>(
        &'a self,
        _: &'a Store,
        _: &'a str,
        request: &'a Parts,
    ) -> Authenticated<'a> {
        Box::pin(async move {
            let Some(given) = request.headers.get(AUTHORIZATION) else {
                return Ok(Credential::Missing);
            };
            let Some(token) = given.to_str().ok().and_then(bearer) else {
                return Ok(Credential::Wrong);
            };
            match self.issuer.verified(token).await {
                Ok(claims) => Ok(self.jobs.judge(&claims)),
                Err(Denied::Invalid(why)) => {
                    tracing::info!(why, "a job's token is refused");
                    Ok(Credential::Wrong)
                }
                Err(Denied::Away) => Err(Error::Issuer),
            }
        })
    }
}

impl Jobs {
    /// What a token that is the issuer's is worth.
    fn judge(&self, claims: &Map<String, Value>) -> Credential {
        for (claim, allowed) in [
            ("repository_id", &self.repository_id),
            ("workflow_ref", &self.workflow_ref),
            ("ref", &self.git_ref),
            ("event_name", &self.event_name),
        ] {
            if !text(claims, claim).is_some_and(|said| allowed.contains(&said)) {
                return Credential::Refused(format!(
                    "the token's `{claim}` is none that may report"
                ));
            }
        }
        let fits = |text: &String| !text.is_empty() && text.len() <= NAME;
        let Some(id) = text(claims, "run_id").filter(fits) else {
            return Credential::Refused("the token names no run".to_owned());
        };
        let attempt = text(claims, "run_attempt").and_then(|attempt| attempt.parse().ok());
        let (Some(attempt), Some(token)) = (attempt, text(claims, "jti").filter(fits)) else {
            return Credential::Refused("the token lacks `run_attempt` or `jti`".to_owned());
        };
        let actor = text(claims, "actor").filter(fits);
        let until = claims.get("exp").and_then(Value::as_u64).unwrap_or(u64::MAX);
        Credential::Run(Run { actor, id, attempt, token, until })
    }
}

/// A claim as a text: GitHub says numbers as texts, and others may not.
fn text(claims: &Map<String, Value>, claim: &str) -> Option<String> {
    match claims.get(claim)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
