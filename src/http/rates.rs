//! How many reports, starts and wrong credentials are let through in a time: the feature `limit`.

use super::Options;
use super::limits::client;
use super::problem::Problem;
use axum::http::Extensions;
use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So often all keys that have been quiet are forgotten.
const FORGET_EVERY: u64 = 1024;

/// A number at once, and then one in each such time.
#[derive(Clone, Copy, Debug)]
struct Allowed {
    burst: NonZeroU32,
    every: Duration,
}

/// What [`Options`] say of it.
#[derive(Clone, Debug)]
pub(super) struct Quotas {
    reports: Allowed,
    starts: Allowed,
    wrong: Allowed,
}

impl Default for Quotas {
    fn default() -> Self {
        let allowed = |burst, every| Allowed {
            burst: NonZeroU32::new(burst).expect("it is not zero"),
            every: Duration::from_millis(every),
        };
        Self { reports: allowed(120, 500), starts: allowed(60, 1000), wrong: allowed(30, 1000) }
    }
}

/// How often something may come (feature `limit`).
impl Options {
    /// So many reports of one row with one credential are let through at once; 120 by default.
    #[must_use]
    pub fn burst(mut self, burst: NonZeroU32) -> Self {
        self.quotas.reports.burst = burst;
        self
    }

    /// And then one in each such time, more than zero; 500 ms by default.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.quotas.reports.every = every;
        self
    }

    /// So many rows may one client start at once; 60 by default.
    #[must_use]
    pub fn starts(mut self, starts: NonZeroU32) -> Self {
        self.quotas.starts.burst = starts;
        self
    }

    /// And then one in each such time; 1 s by default.
    #[must_use]
    pub fn starts_every(mut self, starts_every: Duration) -> Self {
        self.quotas.starts.every = starts_every;
        self
    }

    /// So many wrong credentials of one client are answered 401; 30 by default. More of them are 429;
    /// what is sent with a right one is not counted.
    #[must_use]
    pub fn wrong(mut self, wrong: NonZeroU32) -> Self {
        self.quotas.wrong.burst = wrong;
        self
    }

    /// And then one in each such time; 1 s by default.
    #[must_use]
    pub fn wrong_every(mut self, wrong_every: Duration) -> Self {
        self.quotas.wrong.every = wrong_every;
        self
    }
}

pub(super) struct Rates {
    reports: Rate,
    starts: Rate,
    wrong: Rate,
}

impl Rates {
    pub(super) fn new(options: &Options) -> Self {
        let Quotas { reports, starts, wrong } = options.quotas.clone();
        Self { reports: Rate::new(reports), starts: Rate::new(starts), wrong: Rate::new(wrong) }
    }

    /// One more report of a row with one credential, so that a wrong one uses up nothing of the row's.
    pub(super) fn report(&self, key: &str) -> Result<(), Problem> {
        self.reports.one(key, "reports")
    }

    /// One more row that this client starts.
    pub(super) fn start(&self, extensions: &Extensions) -> Result<(), Problem> {
        client(extensions).map_or(Ok(()), |client| self.starts.one(&client.to_string(), "starts"))
    }

    /// One more wrong credential of this client.
    pub(super) fn wrong(&self, extensions: &Extensions) -> Result<(), Problem> {
        let client = client(extensions);
        client.map_or(Ok(()), |client| self.wrong.one(&client.to_string(), "wrong credentials"))
    }
}

/// So many of each key in a time.
struct Rate {
    limiter: DefaultKeyedRateLimiter<String>,
    asked: AtomicU64,
}

impl Rate {
    fn new(allowed: Allowed) -> Self {
        let quota = Quota::with_period(allowed.every)
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX))
            .allow_burst(allowed.burst);
        Self { limiter: RateLimiter::keyed(quota), asked: AtomicU64::new(0) }
    }

    fn one(&self, key: &str, what: &str) -> Result<(), Problem> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&key.to_owned()).map_err(|until| {
            Problem::too_many(what, until.wait_time_from(self.limiter.clock().now()))
        })
    }
}
