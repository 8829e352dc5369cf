//! Asking others over HTTP: in time, by the roots of the system, and only where no one on the way can answer
//! in their place.

use std::time::Duration;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// A client that waits so long for an answer, and follows no one elsewhere. Each request has a connection of
/// its own: one that was kept may be gone, and no one knows then what came of the request.
pub(super) fn agent(patience: Duration) -> Agent {
    Agent::config_builder()
        .timeout_global(Some(patience))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_idle_connections(0)
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .into()
}

/// Whether no one on the way can answer in its place.
pub(super) fn is_safe(url: &str) -> bool {
    let loopback = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    let is_own = loopback.iter().any(|own| url.starts_with(own));
    // What stands before an `@` is no host.
    (url.starts_with("https://") || is_own) && !url.contains('@')
}
