//! Without the feature `metrics` nothing is counted, and there is no `/metrics`.

use super::Shared;
use axum::Router;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Metrics;

/// A stream that is open.
pub(super) struct OpenStream;

impl Metrics {
    pub(super) fn new(_: &str) -> Self {
        Self
    }

    pub(super) fn reported(&self, _: &'static str, _: Duration) {}

    pub(super) fn failed(&self, _: &'static str) {}

    pub(super) fn dispatched(&self, _: &'static str) {}

    pub(super) fn sent_by_another_table(&self) {}

    pub(super) fn started(&self) {}

    pub(super) fn stream(&self) -> OpenStream {
        OpenStream
    }
}

pub(super) fn counted(router: Router<Arc<Shared>>, _: &Arc<Shared>) -> Router<Arc<Shared>> {
    router
}
