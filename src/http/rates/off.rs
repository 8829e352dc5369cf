//! Without the feature `limit` whatever comes is let through: a proxy in front may count.

use super::Options;
use super::problem::Problem;
use axum::http::Extensions;

pub(super) struct Rates;

impl Rates {
    pub(super) fn new(_: &Options) -> Self {
        Self
    }

    pub(super) fn report(&self, _: &str) -> Result<(), Problem> {
        Ok(())
    }

    pub(super) fn start(&self, _: &Extensions) -> Result<(), Problem> {
        Ok(())
    }

    pub(super) fn wrong(&self, _: &Extensions) -> Result<(), Problem> {
        Ok(())
    }
}
