//! What judging a report costs, beside three crates for state machines: the deploy machine, on the
//! same 100,000 sequences with 5 % of illegal reports, in one run.
//!
//! A backend has a machine per row. `mixed` gives each report to its row in the order in which a
//! backend sees them, the runs under way side by side; `in_turn` gives one row's whole sequence after the
//! other's, which is what branch predictors like best. Each contender starts its 100,000 machines,
//! judges every report, and counts those that it refused. Before anything is timed, all four must
//! refuse the same number.
#![allow(missing_docs, reason = "the peers' macros make items without")]

#[path = "../generated/deploy.rs"]
mod deploy;

use deploy::DeployStatus as S;
use divan::Bencher;
use divan::counter::ItemsCount;

/// A report: the row that it is about, and the state.
type Report = (usize, S);

const ROWS: usize = 100_000;

fn main() {
    for reports in [mixed(), in_turn()] {
        let refused = CONTENDERS.map(|(_, run)| run(&reports));
        assert!(refused.iter().all(|count| *count == refused[0]), "they disagree: {refused:?}");
        println!("{} reports of {ROWS} rows, {} of them illegal", reports.len(), refused[0]);
    }
    divan::main();
}

type Contender = (&'static str, fn(&[Report]) -> usize);

const CONTENDERS: [Contender; 4] = [
    ("phasegate", ours),
    ("statig", statig_peer::run),
    ("smlang", smlang_peer::run),
    ("rust_fsm", rust_fsm_peer::run),
];

/// Numbers that look random and are the same in every run.
fn random() -> impl FnMut(usize) -> usize {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("less than a usize")
    }
}

/// One row's sequence after the other's.
fn in_turn() -> Vec<Report> {
    let sequences = sequences().into_iter().enumerate();
    sequences.flat_map(|(row, states)| states.into_iter().map(move |state| (row, state))).collect()
}

/// Forty runs under way at any time, the next report from any of them.
fn mixed() -> Vec<Report> {
    let mut random = random();
    let mut waiting = sequences().into_iter().enumerate();
    let mut under_way: Vec<(usize, std::vec::IntoIter<S>)> = Vec::new();
    let mut reports = Vec::new();
    loop {
        while under_way.len() < 40
            && let Some((row, states)) = waiting.next()
        {
            under_way.push((row, states.into_iter()));
        }
        if under_way.is_empty() {
            return reports;
        }
        let at = random(under_way.len());
        let (row, states) = &mut under_way[at];
        match states.next() {
            Some(state) => reports.push((*row, state)),
            None => drop(under_way.swap_remove(at)),
        }
    }
}

/// Runs through the deploy table with an illegal report in twenty, from a fixed seed.
fn sequences() -> Vec<Vec<S>> {
    let mut random = random();
    let run = |_| {
        let mut state = S::Queued;
        let mut sequence = Vec::new();
        while !state.is_terminal() {
            let illegal: Vec<S> = S::ALL.into_iter().filter(|to| !state.can_become(*to)).collect();
            if random(20) == 0 {
                sequence.push(illegal[random(illegal.len())]);
            } else {
                // A run mostly goes on step by step, seldom loses a report, and seldom fails.
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
    };
    (0..ROWS).map(run).collect()
}

fn ours(reports: &[Report]) -> usize {
    let mut rows = vec![S::Queued; ROWS];
    let mut refused = 0;
    for &(row, to) in reports {
        let legal = rows[row].can_become(to);
        refused += usize::from(!legal);
        rows[row] = if legal { to } else { rows[row] };
    }
    refused
}

mod smlang_peer {
    use super::{ROWS, Report, S};

    smlang::statemachine! {
        derive_states: [Debug],
        transitions: {
            *Queued + SmokeRunning = SmokeRunning,
            Queued | SmokeRunning + SmokePassed = SmokePassed,
            Queued | SmokeRunning | SmokePassed + FreezeChecking = FreezeChecking,
            Queued | SmokeRunning | SmokePassed | FreezeChecking + FreezePassed = FreezePassed,
            Queued | SmokeRunning | SmokePassed | FreezeChecking | FreezePassed + Building = Building,
            Building + Deploying = Deploying,
            Deploying + HealthChecking = HealthChecking,
            Deploying | HealthChecking + Succeeded = Succeeded,
            Queued | SmokeRunning | SmokePassed | FreezeChecking | FreezePassed | Building | Deploying | HealthChecking + Failed = Failed,
        }
    }

    struct Context;

    impl StateMachineContext for Context {}

    /// The event of a report; a report of the first state is one that no state takes.
    fn event(state: S) -> Option<Events> {
        Some(match state {
            S::Queued => return None,
            S::SmokeRunning => Events::SmokeRunning,
            S::SmokePassed => Events::SmokePassed,
            S::FreezeChecking => Events::FreezeChecking,
            S::FreezePassed => Events::FreezePassed,
            S::Building => Events::Building,
            S::Deploying => Events::Deploying,
            S::HealthChecking => Events::HealthChecking,
            S::Succeeded => Events::Succeeded,
            S::Failed => Events::Failed,
        })
    }

    pub(super) fn run(reports: &[Report]) -> usize {
        let mut rows: Vec<_> = (0..ROWS).map(|_| StateMachine::new(Context)).collect();
        let mut refused = 0;
        for &(row, to) in reports {
            let taken = event(to).is_some_and(|event| rows[row].process_event(event).is_ok());
            refused += usize::from(!taken);
        }
        refused
    }
}

mod rust_fsm_peer {
    use super::{ROWS, Report, S};

    rust_fsm::state_machine! {
        deploy(Queued)

        Queued => {
            SmokeRunning => SmokeRunning, SmokePassed => SmokePassed, FreezeChecking => FreezeChecking,
            FreezePassed => FreezePassed, Building => Building, Failed => Failed,
        },
        SmokeRunning => {
            SmokePassed => SmokePassed, FreezeChecking => FreezeChecking, FreezePassed => FreezePassed,
            Building => Building, Failed => Failed,
        },
        SmokePassed => {
            FreezeChecking => FreezeChecking, FreezePassed => FreezePassed, Building => Building,
            Failed => Failed,
        },
        FreezeChecking => { FreezePassed => FreezePassed, Building => Building, Failed => Failed },
        FreezePassed => { Building => Building, Failed => Failed },
        Building => { Deploying => Deploying, Failed => Failed },
        Deploying => { HealthChecking => HealthChecking, Succeeded => Succeeded, Failed => Failed },
        HealthChecking => { Succeeded => Succeeded, Failed => Failed }
    }

    fn input(state: S) -> Option<deploy::Input> {
        Some(match state {
            S::Queued => return None,
            S::SmokeRunning => deploy::Input::SmokeRunning,
            S::SmokePassed => deploy::Input::SmokePassed,
            S::FreezeChecking => deploy::Input::FreezeChecking,
            S::FreezePassed => deploy::Input::FreezePassed,
            S::Building => deploy::Input::Building,
            S::Deploying => deploy::Input::Deploying,
            S::HealthChecking => deploy::Input::HealthChecking,
            S::Succeeded => deploy::Input::Succeeded,
            S::Failed => deploy::Input::Failed,
        })
    }

    pub(super) fn run(reports: &[Report]) -> usize {
        let mut rows: Vec<_> = (0..ROWS).map(|_| deploy::StateMachine::new()).collect();
        let mut refused = 0;
        for &(row, to) in reports {
            let taken = input(to).is_some_and(|input| rows[row].consume(&input).is_ok());
            refused += usize::from(!taken);
        }
        refused
    }
}

mod statig_peer {
    #![allow(clippy::wildcard_enum_match_arm, reason = "the peer's own idiom")]

    use super::{ROWS, Report, S};
    use statig::prelude::*;

    #[derive(Default)]
    struct Deploy {
        refused: usize,
    }

    #[state_machine(initial = "State::queued()")]
    impl Deploy {
        #[state]
        fn queued(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::SmokeRunning => Transition(State::smoke_running()),
                S::SmokePassed => Transition(State::smoke_passed()),
                S::FreezeChecking => Transition(State::freeze_checking()),
                S::FreezePassed => Transition(State::freeze_passed()),
                S::Building => Transition(State::building()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn smoke_running(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::SmokePassed => Transition(State::smoke_passed()),
                S::FreezeChecking => Transition(State::freeze_checking()),
                S::FreezePassed => Transition(State::freeze_passed()),
                S::Building => Transition(State::building()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn smoke_passed(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::FreezeChecking => Transition(State::freeze_checking()),
                S::FreezePassed => Transition(State::freeze_passed()),
                S::Building => Transition(State::building()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn freeze_checking(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::FreezePassed => Transition(State::freeze_passed()),
                S::Building => Transition(State::building()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn freeze_passed(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::Building => Transition(State::building()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn building(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::Deploying => Transition(State::deploying()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn deploying(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::HealthChecking => Transition(State::health_checking()),
                S::Succeeded => Transition(State::succeeded()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn health_checking(&mut self, event: &S) -> Outcome<State> {
            match event {
                S::Succeeded => Transition(State::succeeded()),
                S::Failed => Transition(State::failed()),
                _ => self.refuse(),
            }
        }

        #[state]
        fn succeeded(&mut self) -> Outcome<State> {
            self.refuse()
        }

        #[state]
        fn failed(&mut self) -> Outcome<State> {
            self.refuse()
        }
    }

    impl Deploy {
        fn refuse(&mut self) -> Outcome<State> {
            self.refused += 1;
            Handled
        }
    }

    pub(super) fn run(reports: &[Report]) -> usize {
        let mut rows: Vec<_> = (0..ROWS).map(|_| Deploy::default().state_machine()).collect();
        for (row, to) in reports {
            rows[*row].handle(to);
        }
        rows.iter().map(|machine| machine.inner().refused).sum()
    }
}

fn bench(bencher: Bencher<'_, '_>, contender: &str, reports: &[Report]) {
    let named = CONTENDERS.into_iter().find(|(name, _)| *name == contender);
    let (_, run) = named.expect("only contenders are benched");
    bencher.counter(ItemsCount::new(reports.len())).bench(|| run(divan::black_box(reports)));
}

#[divan::bench(args = CONTENDERS.map(|(name, _)| name))]
fn mixed_rows(bencher: Bencher<'_, '_>, contender: &str) {
    bench(bencher, contender, &mixed());
}

#[divan::bench(args = CONTENDERS.map(|(name, _)| name))]
fn rows_in_turn(bencher: Bencher<'_, '_>, contender: &str) {
    bench(bencher, contender, &in_turn());
}
