//! How long rows were in each state, as sketches: their quantiles are within one in a hundred of
//! the true ones, in some kilobytes a state.

use sketches_ddsketch::{Config, DDSketch};

/// The times of every state.
pub(crate) struct Stays {
    states: Vec<Option<DDSketch>>,
}

impl std::fmt::Debug for Stays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries((0..self.states.len()).map(|state| self.of(state))).finish()
    }
}

/// The times of one state, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stay {
    /// How many times a row left it.
    pub left: usize,
    /// Half of them were in it for so long at most.
    pub p50: f64,
    /// 95 in a hundred.
    pub p95: f64,
    /// 99 in a hundred.
    pub p99: f64,
}

impl Stays {
    pub(crate) fn new(width: usize) -> Self {
        Self { states: (0..width).map(|_| None).collect() }
    }

    /// A time in a state, in microseconds.
    pub(crate) fn add(&mut self, state: usize, micros: i64) {
        let sketch = self.states[state].get_or_insert_with(|| DDSketch::new(Config::defaults()));
        // A time is far below 2^52 microseconds, 142 years.
        #[expect(clippy::cast_precision_loss, reason = "a sketch is no more exact")]
        sketch.add(micros as f64 / 1e6);
    }

    /// The times of a state, by its place in the table; none where no row was seen to leave it.
    pub(crate) fn of(&self, state: usize) -> Option<Stay> {
        let sketch = self.states[state].as_ref()?;
        let at = |q| sketch.quantile(q).ok().flatten();
        Some(Stay { left: sketch.count(), p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)? })
    }
}

/// A number of seconds in words: `250ms`, `12s`, `3m 20s`, `5h 2m`, `3d 4h`.
pub fn words(seconds: f64) -> String {
    if seconds < 1.0 {
        return format!("{:.0}ms", seconds * 1e3);
    }
    if seconds < 60.0 {
        let text = format!("{seconds:.1}");
        return format!("{}s", text.strip_suffix(".0").unwrap_or(&text));
    }
    let (mut large, mut small) = (seconds / 60.0, seconds % 60.0);
    let mut units = ("m", "s");
    for (size, next) in [(60.0, ("h", "m")), (24.0, ("d", "h"))] {
        if large < size {
            break;
        }
        (large, small, units) = (large / size, large % size, next);
    }
    match small.floor() {
        0.0 => format!("{:.0}{}", large.floor(), units.0),
        small => format!("{:.0}{} {small:.0}{}", large.floor(), units.0, units.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_a_time_in_its_two_largest_units() {
        for (seconds, said) in [
            (0.0, "0ms"),
            (0.25, "250ms"),
            (12.0, "12s"),
            (12.34, "12.3s"),
            (200.0, "3m 20s"),
            (3_600.0, "1h"),
            (18_120.0, "5h 2m"),
            (273_600.0, "3d 4h"),
        ] {
            assert_eq!(words(seconds), said, "{seconds}");
        }
    }

    #[test]
    fn quantiles_are_within_one_in_a_hundred() {
        let mut stays = Stays::new(2);
        for second in 1..=1_000 {
            stays.add(1, second * 1_000_000);
        }
        let stay = stays.of(1).unwrap();
        assert_eq!(stay.left, 1_000);
        for (is, wanted) in [(stay.p50, 500.0), (stay.p95, 950.0), (stay.p99, 990.0)] {
            assert!((is - wanted).abs() <= wanted * 0.011, "{is} {wanted}");
        }
        assert_eq!(stays.of(0), None);
    }
}
