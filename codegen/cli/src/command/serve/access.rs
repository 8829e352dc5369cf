//! Who may do what: the settings, and the start that refuses what is not safe.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use phasegate::Store;
use phasegate::axum::http::request::Parts;
use phasegate::axum::http::{HeaderName, Uri};
use phasegate::http::{
    Access, Authenticate, Authenticated, BearerToken, Ends, GithubJobs, Issuer, Jobs, Net,
    Operators, Tokens, Unsafe, Webhook,
};

use super::settings;
use crate::command::{Failure, shown};

/// The issuer of jobs' tokens on github.com.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

#[derive(Args)]
pub(super) struct AccessArgs {
    /// The address by which clients know the backend: other names are refused
    #[arg(long, value_name = "URL", env = "PHASEGATE_PUBLIC_URL")]
    public_url: Option<Uri>,
    /// Let clients of other machines come without TLS
    #[arg(long, env = "PHASEGATE_PLAIN_HTTP")]
    plain_http: bool,
    /// Proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Request-Id` are believed: `10.0.0.0/8`
    #[arg(long, value_name = "NETWORK", env = "PHASEGATE_TRUSTED_PROXY", value_delimiter = ',')]
    trusted_proxy: Vec<Net>,
    /// Operators by tokens: a file of `NAME TOKEN` lines
    #[arg(long, value_name = "FILE", env = "PHASEGATE_OPERATOR_TOKEN_FILE")]
    operator_token_file: Option<PathBuf>,
    /// Operators by OpenID Connect: the issuer
    #[arg(
        long,
        value_name = "URL",
        env = "PHASEGATE_OPERATOR_ISSUER",
        requires = "operator_audience"
    )]
    operator_issuer: Option<String>,
    /// For whom operators' tokens are
    #[arg(
        long,
        value_name = "TEXT",
        env = "PHASEGATE_OPERATOR_AUDIENCE",
        requires = "operator_issuer"
    )]
    operator_audience: Option<String>,
    /// The claim that names the operator
    #[arg(long, value_name = "NAME", env = "PHASEGATE_OPERATOR_CLAIM", default_value = "email")]
    operator_claim: String,
    /// Operators by the proxy in front: the header in which it names them
    #[arg(long, value_name = "NAME", env = "PHASEGATE_OPERATOR_HEADER")]
    operator_header: Option<HeaderName>,
    /// What opens a row to reports
    #[arg(long, value_enum, env = "PHASEGATE_REPORTS", default_value = "row-token")]
    reports: Reports,
    /// With `--reports oidc`: the issuer of jobs' tokens
    #[arg(long, value_name = "URL", env = "PHASEGATE_REPORT_ISSUER", default_value = GITHUB)]
    report_issuer: String,
    /// With `--reports oidc`: for whom they are; by default `--public-url`
    #[arg(long, value_name = "TEXT", env = "PHASEGATE_REPORT_AUDIENCE")]
    report_audience: Option<String>,
    /// Take GitHub's `workflow_run` webhooks at `/webhooks/TABLE`: a file with their secret
    #[arg(
        long,
        value_name = "FILE",
        env = "PHASEGATE_WEBHOOK_SECRET_FILE",
        requires = "report_repository_id"
    )]
    webhook_secret_file: Option<PathBuf>,
    /// With `--reports oidc`, or webhooks: the repositories, by their numbers
    #[arg(long, value_name = "ID", env = "PHASEGATE_REPORT_REPOSITORY_ID", value_delimiter = ',')]
    report_repository_id: Vec<String>,
    /// With `--reports oidc`: the workflows (`octo/shop/.github/workflows/deploy.yml@refs/heads/main`)
    #[arg(long, value_name = "REF", env = "PHASEGATE_REPORT_WORKFLOW_REF", value_delimiter = ',')]
    report_workflow_ref: Vec<String>,
    /// With `--reports oidc`: the refs that runs are of
    #[arg(long, value_name = "REF", env = "PHASEGATE_REPORT_REF", value_delimiter = ',')]
    report_ref: Vec<String>,
    /// With `--reports oidc`: the events that start runs
    #[arg(
        long,
        value_name = "NAME",
        env = "PHASEGATE_REPORT_EVENT",
        value_delimiter = ',',
        default_value = "workflow_dispatch"
    )]
    report_event: Vec<String>,
}

/// What opens a row to reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Reports {
    /// The token that was given out when it was started.
    RowToken,
    /// The job's own token, by OpenID Connect.
    Oidc,
}

impl AccessArgs {
    /// Who may do what, where that is safe at the address.
    pub(super) fn access(
        &self,
        listen: SocketAddr,
        metrics: Option<SocketAddr>,
    ) -> Result<Access, Failure> {
        let mut access = Access::new(self.operators()?).proxies(self.proxies());
        if metrics.is_some() {
            access = access.without_metrics();
        }
        let is_open = !listen.ip().to_canonical().is_loopback();
        if let Some(url) = &self.public_url {
            let name = url.authority().filter(|name| !name.as_str().contains('@'));
            let scheme = url.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
            let (Some(name), Some(scheme)) = (name, scheme) else {
                return refused(format!("--public-url {url} is no address: https://HOST is one"));
            };
            if scheme == "http" && is_open && !self.plain_http {
                return refused(format!(
                    "--public-url {url}: credentials would travel in the open; put a proxy with TLS in front \
                     and give its https address, or say --plain-http"
                ));
            }
            access = access.name(name.as_str());
        }
        match access.check(listen) {
            Ok(()) => Ok(access),
            Err(Unsafe::Anyone) => refused(format!(
                "--listen {listen} without --operator-token-file, --operator-issuer or --operator-header: {}",
                Unsafe::Anyone
            )),
            Err(Unsafe::NoName) => {
                refused(format!("--listen {listen} without --public-url: {}", Unsafe::NoName))
            }
            Err(Unsafe::AnyProxy) => refused(format!(
                "--operator-header without a --trusted-proxy that is not every address: {}",
                Unsafe::AnyProxy
            )),
            Err(other) => refused(other.to_string()),
        }
    }

    /// Whether a row's own token opens it to reports.
    pub(super) fn by_row_token(&self) -> bool {
        self.reports == Reports::RowToken
    }

    /// Proxies that are trusted.
    pub(super) fn proxies(&self) -> Vec<Net> {
        self.trusted_proxy.clone()
    }

    fn operators(&self) -> Result<Operators, Failure> {
        let given = [
            ("--operator-token-file", self.operator_token_file.is_some()),
            ("--operator-issuer", self.operator_issuer.is_some()),
            ("--operator-header", self.operator_header.is_some()),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, is)| *is).map(|(flag, _)| *flag).collect();
        if given.len() > 1 {
            return refused(format!("{}: operators come by one of them", given.join(" and ")));
        }
        if let Some(file) = &self.operator_token_file {
            let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
            return match text.and_then(|text| Tokens::read(&text)) {
                Ok(tokens) => Ok(Operators::Tokens(tokens)),
                Err(what) => refused(format!("{}: {what}", shown(file))),
            };
        }
        if let (Some(url), Some(audience)) = (&self.operator_issuer, &self.operator_audience) {
            let issuer = Issuer::new(url, audience).map_err(Failure::Message)?;
            let claim = self.operator_claim.clone();
            return Ok(Operators::Issuer { issuer: Arc::new(issuer), claim });
        }
        if let Some(header) = &self.operator_header {
            let proxies = self.trusted_proxy.clone();
            return Ok(Operators::Proxy { header: header.clone(), proxies });
        }
        Ok(Operators::Anyone)
    }

    /// How the log calls operators.
    pub(super) fn operators_are(&self) -> &'static str {
        match (&self.operator_token_file, &self.operator_issuer, &self.operator_header) {
            (Some(_), _, _) => "tokens",
            (None, Some(_), _) => "oidc",
            (None, None, Some(_)) => "proxy",
            (None, None, None) => "anyone on this machine",
        }
    }

    /// How the log calls what opens rows to reports.
    pub(super) fn reports_are(&self) -> &'static str {
        match self.reports {
            Reports::RowToken => "row-token",
            Reports::Oidc => "oidc",
        }
    }

    /// The webhook of a table whose rows end so.
    pub(super) fn webhook(&self, ends: &Ends) -> Result<Option<Webhook>, Failure> {
        let Some(file) = &self.webhook_secret_file else { return Ok(None) };
        let secret = settings::secret(file)?;
        if secret.len() < 16 {
            return refused(format!("{}: a secret has at least 16 characters", shown(file)));
        }
        Ok(Some(Webhook::new(&secret, self.report_repository_id.clone(), ends.clone())))
    }

    /// What opens rows to reports.
    pub(super) fn reports(&self) -> Result<Arc<dyn Authenticate>, Failure> {
        match self.reports {
            Reports::RowToken => Ok(Arc::new(BearerToken)),
            Reports::Oidc => {
                let public = self.public_url.as_ref().map(|url| url.to_string());
                let public = public.map(|url| url.trim_end_matches('/').to_owned());
                let Some(audience) = self.report_audience.clone().or(public) else {
                    return refused(
                        "--reports oidc without --report-audience or --public-url: tokens for anyone else \
                         would be taken",
                    );
                };
                for (flag, values) in [
                    ("--report-repository-id", &self.report_repository_id),
                    ("--report-workflow-ref", &self.report_workflow_ref),
                    ("--report-ref", &self.report_ref),
                    ("--report-event", &self.report_event),
                ] {
                    if values.is_empty() {
                        return refused(format!(
                            "--reports oidc without {flag}: any run on the issuer's service could report"
                        ));
                    }
                }
                let issuer =
                    Issuer::new(&self.report_issuer, &audience).map_err(Failure::Message)?;
                let jobs = Jobs {
                    repository_id: self.report_repository_id.clone(),
                    workflow_ref: self.report_workflow_ref.clone(),
                    git_ref: self.report_ref.clone(),
                    event_name: self.report_event.clone(),
                };
                Ok(Arc::new(GithubJobs::new(Arc::new(issuer), jobs)))
            }
        }
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Message(why.into()))
}

/// The credential that was chosen.
pub(super) struct Credential(pub(super) Arc<dyn Authenticate>);

impl Authenticate for Credential {
    fn authenticate<'a>(
        &'a self,
        store: &'a Store,
        id: &'a str,
        request: &'a Parts,
    ) -> Authenticated<'a> {
        self.0.authenticate(store, id, request)
    }

    fn row_token<'a>(&self, request: &'a Parts) -> Option<&'a str> {
        self.0.row_token(request)
    }
}
