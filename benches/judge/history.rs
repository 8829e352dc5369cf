//! Runs through the deploy table, from a fixed seed, and the order in which their reports come.

use crate::{Report, S};

/// Numbers that look random and are the same in every run.
pub(crate) fn random() -> impl FnMut(usize) -> usize {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("less than a usize")
    }
}

/// The reports of so many rows, one of `legal` of them illegal, with so many rows under way at any time
/// and the next report from any of them. With one under way, it is one row's sequence after the other's.
pub(crate) fn reports(rows: usize, legal: usize, at_once: usize) -> Vec<Report> {
    let (mut pick, mut step) = (random(), random());
    let mut waiting = (0..).take(rows).map(|row| (row, sequence(&mut step, legal)));
    let mut under_way: Vec<(u32, std::vec::IntoIter<S>)> = Vec::new();
    let mut reports = Vec::new();
    loop {
        while under_way.len() < at_once
            && let Some((row, states)) = waiting.next()
        {
            under_way.push((row, states.into_iter()));
        }
        if under_way.is_empty() {
            return reports;
        }
        let at = pick(under_way.len());
        let (row, states) = &mut under_way[at];
        match states.next() {
            Some(state) => reports.push((*row, state)),
            None => drop(under_way.swap_remove(at)),
        }
    }
}

/// A run to its end. It mostly goes on step by step, seldom loses a report, and seldom fails.
fn sequence(random: &mut impl FnMut(usize) -> usize, legal: usize) -> Vec<S> {
    let mut state = S::Queued;
    let mut sequence = Vec::new();
    while !state.is_terminal() {
        if random(legal) == 0 {
            let illegal: Vec<S> = S::ALL.into_iter().filter(|to| !state.can_become(*to)).collect();
            sequence.push(illegal[random(illegal.len())]);
        } else {
            let next = state.next();
            state = match random(40) {
                0 => S::Failed,
                1..6 => next[random(next.len())],
                _ => next[0],
            };
            sequence.push(state);
        }
    }
    sequence
}
