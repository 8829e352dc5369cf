//! GitHub's API as a [`Dispatcher`]: `workflow_dispatch`, by a token or as an app.
//!
//! An answer that surely started nothing is told apart from one that may have: a time-out, a broken
//! connection and a 5xx are such, and are never sent again. The run is then known only by its title.

use super::super::client::{agent, is_safe};
use super::{Asked, Asking, Dispatcher, Started, Work};
use crate::store::Time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::Agent;
use ureq::http::Response;

/// So long the API may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many bytes of an answer are read.
const ANSWER: u64 = 4 * 1024 * 1024;
/// So much clocks may differ.
const LEEWAY: Duration = Duration::from_secs(60);
/// So long before its end an app's token is made anew.
const EARLY: Duration = Duration::from_secs(300);
const VERSION: &str = "2022-11-28";

/// Who asks GitHub.
#[derive(Clone)]
pub enum By {
    /// A token that may write actions of the repository.
    Token(String),
    /// An app that is installed there.
    App {
        /// Its client id, or its number.
        id: String,
        /// Its private key.
        key: Arc<EncodingKey>,
    },
}

impl By {
    /// An app, by its id and its private key as GitHub gives it: PEM, `BEGIN RSA PRIVATE KEY`.
    ///
    /// # Errors
    /// Where the text is no such key.
    pub fn app(id: impl Into<String>, pem: &str) -> Result<Self, String> {
        const BEGIN: &str = "-----BEGIN RSA PRIVATE KEY-----";
        const END: &str = "-----END RSA PRIVATE KEY-----";
        let inner = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
        let (inner, _) = inner.ok_or_else(|| {
            format!(
                "no `{BEGIN}`: GitHub gives an app's key so; `openssl rsa -traditional` writes it"
            )
        })?;
        let text: String = inner.split_whitespace().collect();
        let der = STANDARD.decode(text).map_err(|error| format!("no private key: {error}"))?;
        crate::http::signatures::install();
        let key = Arc::new(EncodingKey::from_rsa_der(&der));
        let by = Self::App { id: id.into(), key };
        // Whether it is one shows by using it.
        by.jwt().map_err(|error| format!("no private key: {error}")).map(|_| by)
    }

    /// What an app says of itself, for some minutes.
    fn jwt(&self) -> Result<String, String> {
        let Self::App { id, key } = self else { return Ok(String::new()) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let claims = json!({"iat": now - LEEWAY.as_secs(), "exp": now + 8 * 60, "iss": id});
        encode(&Header::new(Algorithm::RS256), &claims, key).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for By {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Token(_) => "a token",
            Self::App { .. } => "an app",
        })
    }
}

/// A workflow on GitHub that does the work of rows.
#[derive(Clone, Debug)]
pub struct Github {
    api: String,
    repository: String,
    workflow: String,
    git_ref: String,
    id_input: String,
    token_input: Option<String>,
    by: By,
    agent: Agent,
    /// An app's token, and until when it is used.
    installed: Arc<Mutex<Option<(String, SystemTime)>>>,
}

impl Github {
    /// The API on github.com.
    pub const API: &str = "https://api.github.com";

    /// A workflow (`deploy.yml`) of a repository (`octo/shop`), as it is at a branch or a tag.
    ///
    /// # Errors
    /// Where the API's address is not https (the loopback apart), or a name is none.
    pub fn new(
        api: &str,
        repository: &str,
        workflow: &str,
        git_ref: &str,
        by: By,
    ) -> Result<Self, String> {
        let api = api.trim_end_matches('/');
        if !is_safe(api) {
            return Err(format!("`{api}` is no https address"));
        }
        let is_name = |name: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !name.is_empty() && name != "." && name != ".." && name.bytes().all(plain)
        };
        let names = repository.split_once('/');
        if !names.is_some_and(|(owner, name)| is_name(owner) && is_name(name)) {
            return Err(format!("`{repository}` is no repository: OWNER/NAME is one"));
        }
        if !is_name(workflow) {
            return Err(format!("`{workflow}` is no workflow: FILE.yml is one"));
        }
        Ok(Self {
            api: api.to_owned(),
            repository: repository.to_owned(),
            workflow: workflow.to_owned(),
            git_ref: git_ref.to_owned(),
            id_input: "id".to_owned(),
            token_input: None,
            by,
            agent: agent(PATIENCE),
            installed: Arc::default(),
        })
    }

    /// With the inputs that take the row's id and its token; none where the jobs report by a token of their
    /// own.
    #[must_use]
    pub fn inputs(self, id: impl Into<String>, token: Option<String>) -> Self {
        Self { id_input: id.into(), token_input: token, ..self }
    }

    /// With another time for each answer of the API; 10 s by default.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { agent: agent(patience), ..self }
    }

    fn url(&self, rest: &str) -> String {
        format!("{}/repos/{}/{rest}", self.api, self.repository)
    }

    /// What is asked for: a row with a column `ref` at that one.
    fn body(&self, work: &Work) -> Value {
        let own = work.columns.get("ref").and_then(Value::as_str).filter(|own| !own.is_empty());
        let mut inputs = json!({self.id_input.as_str(): work.id});
        if let (Some(name), Some(token)) = (&self.token_input, &work.token) {
            inputs[name.as_str()] = token.as_str().into();
        }
        json!({"ref": own.unwrap_or(&self.git_ref), "inputs": inputs, "return_run_details": true})
    }

    fn send(
        &self,
        method: &str,
        url: &str,
        bearer: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", VERSION)
            .header("user-agent", "phasegate");
        request = request.header("authorization", format!("Bearer {bearer}"));
        let answer = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string())?)
            }
            None => self.agent.run(request.body(())?),
        };
        let (parts, body) = Response::into_parts(answer?);
        let bytes = body.into_with_config().limit(ANSWER).read_to_vec()?;
        // Whatever is no JSON says nothing.
        Ok((parts.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// The token to ask with; an app's is for this repository, and for an hour.
    fn bearer(&self) -> Result<String, String> {
        if let By::Token(token) = &self.by {
            return Ok(token.clone());
        }
        let mut installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, until)) = &*installed
            && *until > SystemTime::now()
        {
            return Ok(token.clone());
        }
        let jwt = self.by.jwt()?;
        let asked = |method: &str, url: &str, body: Option<&Value>| {
            let (status, said) =
                self.send(method, url, &jwt, body).map_err(|error| error.to_string())?;
            if (200..300).contains(&status) { Ok(said) } else { Err(error_text(status, &said)) }
        };
        let found = asked("GET", &self.url("installation"), None);
        let found = found.map_err(|why| format!("the app's installation: {why}"))?;
        let id = found["id"].as_u64().ok_or("the app's installation has no number")?;
        let name = self.repository.split_once('/').map_or("", |(_, name)| name);
        let only = json!({"repositories": [name], "permissions": {"actions": "write"}});
        let url = format!("{}/app/installations/{id}/access_tokens", self.api);
        let made = asked("POST", &url, Some(&only));
        let made = made.map_err(|why| format!("a token of the app: {why}"))?;
        let token = made["token"].as_str().ok_or("a token of the app: there is none")?.to_owned();
        let until = made["expires_at"].as_str().and_then(|until| until.parse::<Time>().ok());
        let until = until.map_or_else(SystemTime::now, SystemTime::from);
        *installed = until.checked_sub(EARLY).map(|until| (token.clone(), until));
        Ok(token)
    }

    fn started(&self, work: &Work) -> Asked {
        // Up to here nothing was asked for.
        let bearer = match self.bearer() {
            Ok(bearer) => bearer,
            Err(why) => return Asked::Refused(why),
        };
        let url = self.url(&format!("actions/workflows/{}/dispatches", self.workflow));
        let mut body = self.body(work);
        let mut answer = self.send("POST", &url, &bearer, Some(&body));
        if let Ok((400 | 422, said)) = &answer
            && said.to_string().contains("return_run_details")
            && let Some(body) = body.as_object_mut()
        {
            // An older server refuses what it does not know, and starts nothing.
            body.remove("return_run_details");
            answer = self.send("POST", &url, &bearer, Some(&Value::from(body.clone())));
        }
        match answer {
            Ok((200, said)) => match run(&said["workflow_run_id"], &said["html_url"]) {
                Some(run) => Asked::Started(run),
                None => {
                    Asked::Unknown("GitHub took it, and did not say which run it is".to_owned())
                }
            },
            Ok((201..300, _)) => {
                Asked::Unknown("GitHub took it, and does not say which run it is".to_owned())
            }
            // Too many is said before anything is done, as is where it moved to.
            Ok((status @ (300..=407 | 409..=499), said)) => {
                Asked::Refused(error_text(status, &said))
            }
            Ok((status, said)) => Asked::Unknown(error_text(status, &said)),
            Err(error) if was_never_sent(&error) => {
                Asked::Refused(format!("GitHub could not be reached: {error}"))
            }
            Err(error) => Asked::Unknown(format!("GitHub did not answer: {error}")),
        }
    }

    fn found(&self, title: &str, since: Time) -> Result<Option<Started>, String> {
        let bearer = self.bearer()?;
        let since = since - LEEWAY;
        let url = self.url(&format!(
            "actions/workflows/{}/runs?event=workflow_dispatch&per_page=100&created=%3E%3D{}",
            self.workflow,
            since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        ));
        let (status, said) =
            self.send("GET", &url, &bearer, None).map_err(|error| error.to_string())?;
        if status != 200 {
            return Err(error_text(status, &said));
        }
        let runs = Vec::<Listed>::deserialize(&said["workflow_runs"]).map_err(|e| e.to_string())?;
        // Newest first: the first that has the title is the one, even where another run took it later.
        let run = runs.into_iter().rev().find(|run| run.display_title == title);
        Ok(run.map(|run| Started { id: run.id.to_string(), url: safe(run.html_url) }))
    }
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    #[serde(default)]
    display_title: String,
    html_url: Option<String>,
}

fn run(id: &Value, url: &Value) -> Option<Started> {
    let id = id.as_u64()?.to_string();
    Some(Started { id, url: safe(url.as_str().map(str::to_owned)) })
}

/// An address that a page may link to.
fn safe(url: Option<String>) -> Option<String> {
    url.filter(|url| url.starts_with("https://") && !url.contains('@') && url.is_ascii())
}

/// What an answer says that is no success.
fn error_text(status: u16, said: &Value) -> String {
    let message: String = said["message"].as_str().unwrap_or_default().chars().take(300).collect();
    if message.is_empty() {
        format!("GitHub answered {status}")
    } else {
        format!("GitHub answered {status}: {message}")
    }
}

/// Whether it broke before the request was on its way.
// The enum is not ours: what is not told apart may have been sent.
#[allow(clippy::wildcard_enum_match_arm)]
fn was_never_sent(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
        ureq::Error::Timeout(at) => matches!(at, ureq::Timeout::Resolve | ureq::Timeout::Connect),
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

impl Dispatcher for Github {
    fn start<'a>(&'a self, work: &'a Work) -> Asking<'a, Asked> {
        let (own, work) = (self.clone(), work.clone());
        Box::pin(async move {
            let started = tokio::task::spawn_blocking(move || own.started(&work)).await;
            started.unwrap_or_else(|error| Asked::Unknown(error.to_string()))
        })
    }

    fn find<'a>(
        &'a self,
        title: &'a str,
        since: Time,
    ) -> Asking<'a, Result<Option<Started>, String>> {
        let (own, title) = (self.clone(), title.to_owned());
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || own.found(&title, since)).await;
            found.unwrap_or_else(|error| Err(error.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_repository_and_a_workflow_by_names_that_stay_within_the_path() {
        let github = |api: &str, repository: &str, workflow: &str| {
            Github::new(api, repository, workflow, "main", By::Token("x".to_owned())).is_ok()
        };
        assert!(github(Github::API, "octo/shop", "deploy.yml"));
        assert!(github("http://127.0.0.1:8080/api/v3/", "octo/shop.x", "deploy-1.yaml"));
        for (api, repository, workflow) in [
            ("http://api.example", "octo/shop", "deploy.yml"),
            (Github::API, "octo", "deploy.yml"),
            (Github::API, "octo/../x", "deploy.yml"),
            (Github::API, "octo/..", "deploy.yml"),
            (Github::API, "octo/shop", "../x.yml"),
            (Github::API, "octo/shop", ""),
        ] {
            assert!(!github(api, repository, workflow), "{api} {repository} {workflow}");
        }
    }

    #[test]
    fn says_of_no_key_that_it_is_none() {
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----"] {
            assert!(By::app("1", pem).unwrap_err().contains("BEGIN RSA PRIVATE KEY"), "{pem}");
        }
        let odd = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert!(By::app("1", odd).unwrap_err().starts_with("no private key"));
    }

    #[test]
    fn shows_no_secret() {
        assert_eq!(format!("{:?}", By::Token("secret".to_owned())), "a token");
    }
}
