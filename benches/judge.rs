//! What judging a report costs, beside three crates for state machines: the deploy machine, on the
//! same 100,000 sequences with 5 % of illegal reports, in one run.
//!
//! Each contender starts a machine per sequence, is given every report of it, and counts how many
//! it refused. Before anything is timed, all four must refuse the same number.
#![allow(missing_docs, reason = "the peers' macros make items without")]

#[rustfmt::skip]
#[path = "../generated/deploy.rs"]
mod deploy;

use deploy::DeployStatus as S;
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    let sequences = sequences();
    let counts = [
        ours(&sequences),
        statig_peer::run(&sequences),
        smlang_peer::run(&sequences),
        rust_fsm_peer::run(&sequences),
    ];
    assert!(counts.iter().all(|count| *count == counts[0]), "the machines disagree: {counts:?}");
    let reports: usize = sequences.iter().map(Vec::len).sum();
    println!("{reports} reports in {} sequences, {} of them illegal", sequences.len(), counts[0]);
    divan::main();
}

/// Runs through the deploy table with an illegal report in twenty, from a fixed seed.
fn sequences() -> Vec<Vec<S>> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("less than a usize")
    };
    (0..100_000)
        .map(|_| {
            let mut state = S::Queued;
            let mut sequence = Vec::new();
            while !state.is_terminal() {
                let illegal: Vec<S> =
                    S::ALL.into_iter().filter(|to| !state.can_become(*to)).collect();
                if random(20) == 0 {
                    sequence.push(illegal[random(illegal.len())]);
                } else {
                    // A run mostly goes on, and seldom fails.
                    let next = state.next();
                    state =
                        if random(12) == 0 { S::Failed } else { next[random(next.len().min(2))] };
                    sequence.push(state);
                }
            }
            sequence
        })
        .collect()
}

fn ours(sequences: &[Vec<S>]) -> usize {
    let mut refused = 0;
    for sequence in sequences {
        let mut state = S::Queued;
        for &to in sequence {
            let legal = state.can_become(to);
            refused += usize::from(!legal);
            state = if legal { to } else { state };
        }
    }
    refused
}

mod smlang_peer {
    use super::S;

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

    pub(super) fn run(sequences: &[Vec<S>]) -> usize {
        let mut refused = 0;
        for sequence in sequences {
            let mut machine = StateMachine::new(Context);
            for &to in sequence {
                let taken = event(to).is_some_and(|event| machine.process_event(event).is_ok());
                refused += usize::from(!taken);
            }
        }
        refused
    }
}

mod rust_fsm_peer {
    use super::S;

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

    pub(super) fn run(sequences: &[Vec<S>]) -> usize {
        let mut refused = 0;
        for sequence in sequences {
            let mut machine = deploy::StateMachine::new();
            for &to in sequence {
                let taken = input(to).is_some_and(|input| machine.consume(&input).is_ok());
                refused += usize::from(!taken);
            }
        }
        refused
    }
}

mod statig_peer {
    #![allow(clippy::wildcard_enum_match_arm, reason = "the peer's own idiom")]

    use super::S;
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

    pub(super) fn run(sequences: &[Vec<S>]) -> usize {
        let mut refused = 0;
        for sequence in sequences {
            let mut machine = Deploy::default().state_machine();
            for to in sequence {
                machine.handle(to);
            }
            refused += machine.inner().refused;
        }
        refused
    }
}

fn bench(bencher: Bencher<'_, '_>, run: fn(&[Vec<S>]) -> usize) {
    let sequences = sequences();
    let reports: usize = sequences.iter().map(Vec::len).sum();
    bencher.counter(ItemsCount::new(reports)).bench(|| run(divan::black_box(&sequences)));
}

#[divan::bench]
fn phasegate(bencher: Bencher<'_, '_>) {
    bench(bencher, ours);
}

#[divan::bench]
fn statig(bencher: Bencher<'_, '_>) {
    bench(bencher, statig_peer::run);
}

#[divan::bench]
fn smlang(bencher: Bencher<'_, '_>) {
    bench(bencher, smlang_peer::run);
}

#[divan::bench]
fn rust_fsm(bencher: Bencher<'_, '_>) {
    bench(bencher, rust_fsm_peer::run);
}
