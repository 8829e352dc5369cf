//! How many streams and connections there may be at once, for all and for one client. How many of
//! something in a time is in [`super::rates`].
//!
//! The limits are those of this instance: several let through as many times as much.

use super::Options;
use super::problem::Problem;
use axum::http::Extensions;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Who sent a request, in its extensions. [`Backend::serve`](super::Backend::serve) puts the connection's
/// address there; a layer of yours may put another one, which a proxy that you trust gave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Client(pub IpAddr);

pub(super) struct Limits {
    streams: Arc<Counts>,
}

impl Limits {
    pub(super) fn new(options: &Options) -> Self {
        Self { streams: Counts::new(options.streams, options.streams_per_client) }
    }

    /// One more stream.
    pub(super) fn stream(&self, extensions: &Extensions) -> Result<Stream, Problem> {
        self.streams
            .one(client(extensions))
            .map(Stream)
            .ok_or_else(|| Problem::too_many("event streams", Duration::from_secs(10)))
    }
}

pub(super) fn client(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<Client>().map(|client| client.0)
}

/// So many at once, and of one address.
pub(super) struct Counts {
    most: usize,
    most_of_one: usize,
    open: Mutex<(usize, HashMap<IpAddr, usize>)>,
}

/// One of them, until it is dropped.
pub(super) struct Counted {
    counts: Arc<Counts>,
    of: Option<IpAddr>,
}

/// A stream that is counted.
pub(super) struct Stream(#[expect(dead_code, reason = "it counts until it is dropped")] Counted);

impl Counts {
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, open: Mutex::default() })
    }

    /// One more, where there is room for it.
    pub(super) fn one(self: &Arc<Self>, of: Option<IpAddr>) -> Option<Counted> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.0 >= self.most {
            return None;
        }
        if let Some(of) = of {
            let own = open.1.entry(of).or_default();
            if *own >= self.most_of_one {
                return None;
            }
            *own += 1;
        }
        open.0 += 1;
        Some(Counted { counts: self.clone(), of })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.counts.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 -= 1;
        if let Some(of) = self.of
            && let Some(own) = open.1.get_mut(&of)
        {
            *own -= 1;
            if *own == 0 {
                open.1.remove(&of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_all_and_those_of_one_until_they_are_dropped() {
        let (one, other) = (Some(IpAddr::from([1, 1, 1, 1])), Some(IpAddr::from([2, 2, 2, 2])));
        let counts = Counts::new(3, 2);
        let first = counts.one(one).unwrap();
        let _second = counts.one(one).unwrap();
        assert!(counts.one(one).is_none(), "it has its two");
        let third = counts.one(other).unwrap();
        assert!(counts.one(other).is_none() && counts.one(None).is_none(), "there are three");
        drop(third);
        drop(first);
        assert!(counts.one(one).is_some());
        assert_eq!(counts.open.lock().unwrap().1.len(), 1, "who has none is forgotten");
    }
}
