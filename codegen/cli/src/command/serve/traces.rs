//! Traces of requests for a collector of OpenTelemetry's: the feature `otel`. They are sent where the
//! environment names a collector (`OTEL_EXPORTER_OTLP_ENDPOINT`), and by what else it says of them.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use phasegate::axum::Router;
use phasegate::axum::extract::{ConnectInfo, Request};
use phasegate::axum::http;
use phasegate::axum::middleware::{Next, from_fn};
use phasegate::http::Net;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer as _, Registry};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::command::Failure;

/// Where the library's spans for traces are.
const TARGET: &str = "phasegate::trace";
/// Where a collector is, for traces only, or for all that is sent to one.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
/// How long a collector may take for one answer, where nothing is said.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many bytes of its answer are read.
const ANSWER: u64 = 64 * 1024;

/// What hands spans to the traces.
pub(super) type Layer = Option<Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync>>;

/// Traces that are sent, where they are.
pub(super) struct Traces(Option<SdkTracerProvider>);

/// What the environment says under the first of these names that it has.
fn said<'n>(names: &[&'n str]) -> Option<(&'n str, String)> {
    let value = |name: &&'n str| {
        let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty())?;
        Some((*name, value))
    };
    names.iter().find_map(value)
}

impl Traces {
    /// Where the environment names no collector, there are none.
    pub(super) fn begin() -> Result<(Layer, Self), Failure> {
        let is_off = said(&["OTEL_SDK_DISABLED"])
            .is_some_and(|(_, is)| is.eq_ignore_ascii_case("true"))
            || said(&["OTEL_TRACES_EXPORTER"]).is_some_and(|(_, which)| which == "none");
        if is_off || said(&ENDPOINTS).is_none() {
            return Ok((None, Self(None)));
        }
        if let Some((name, protocol)) = said(&PROTOCOLS)
            && protocol != "http/protobuf"
        {
            return Err(Failure::Message(format!(
                "{name}={protocol}: traces are sent by http/protobuf, which collectors take at port 4318"
            )));
        }
        let exporter = SpanExporter::builder().with_http().with_http_client(Client::new()).build();
        let exporter = exporter.map_err(|error| Failure::Message(format!("traces: {error}")))?;
        let mut resource = Resource::builder();
        let named = said(&["OTEL_RESOURCE_ATTRIBUTES"])
            .is_some_and(|(_, attributes)| attributes.contains("service.name="));
        if said(&["OTEL_SERVICE_NAME"]).is_none() && !named {
            resource = resource.with_service_name("phasegate");
        }
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
        let provider = provider.with_resource(resource.build()).build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("phasegate"))
            .with_location(false)
            .with_threads(false)
            // A span that has begun keeps its name, and a request's route is not known at its beginning.
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::DEBUG));
        Ok((Some(layer.boxed()), Self(Some(provider))))
    }

    /// Says where they are sent.
    pub(super) fn said(&self) {
        if let (Some(_), Some((name, collector))) = (&self.0, said(&ENDPOINTS)) {
            // What stands before an `@` may be a password.
            let collector = collector.rsplit('@').next().unwrap_or_default();
            tracing::info!(collector, "traces are sent, as {name} says");
        }
    }

    /// Each request's trace goes on from the one that a trusted proxy names (`traceparent`).
    pub(super) fn continued(&self, router: Router, proxies: Vec<Net>) -> Router {
        if self.0.is_none() {
            return router;
        }
        router.layer(from_fn(move |request: Request, next: Next| {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            let trusted =
                peer.is_some_and(|ConnectInfo(peer)| proxies.iter().any(|net| net.has(peer.ip())));
            let context = if trusted {
                TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()))
            } else {
                Context::new()
            };
            next.run(request).with_context(context)
        }))
    }

    /// Sends what is left, and waits for so long.
    pub(super) async fn end(self, patience: Duration) {
        if let Some(provider) = self.0 {
            let ended = move || provider.shutdown_with_timeout(patience);
            if !matches!(tokio::task::spawn_blocking(ended).await, Ok(Ok(()))) {
                tracing::warn!("the last traces could not be sent");
            }
        }
    }
}

/// Sends traces, from the thread that the exporter has for it.
struct Client {
    agent: Agent,
    /// The last ones could not be sent.
    fails: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers may have a credential: nothing of a request is shown.
        out.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    fn new() -> Self {
        let patience = said(&TIMEOUTS).and_then(|(_, millis)| millis.trim().parse().ok());
        let agent = Agent::config_builder()
            .timeout_global(Some(patience.map_or(PATIENCE, Duration::from_millis)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build();
        Self { agent: agent.into(), fails: AtomicBool::new(false) }
    }

    fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answer = self.agent.run(http::Request::from_parts(parts, body.to_vec()))?;
        let (parts, body) = answer.into_parts();
        let body = body.into_with_config().limit(ANSWER).read_to_vec()?;
        Ok(http::Response::from_parts(parts, body.into()))
    }

    /// Says once that they can't be sent, and that they can again.
    fn told(&self, sent: &Result<http::Response<Bytes>, HttpError>) {
        let why = match sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        match (self.fails.swap(why.is_some(), Ordering::Relaxed), why) {
            (false, Some(why)) => tracing::warn!(why, "traces can't be sent"),
            (true, None) => tracing::info!("traces are sent again"),
            (true, Some(_)) | (false, None) => {}
        }
    }
}

impl HttpClient for Client {
    fn send_bytes<'c, 'f>(
        &'c self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'c: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let sent = self.send(request);
            self.told(&sent);
            sent
        })
    }
}
