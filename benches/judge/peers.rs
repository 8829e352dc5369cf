//! The same machine by three crates for state machines, a machine a row.

pub(crate) mod smlang_peer {
    use crate::{Report, S};

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

    pub(crate) fn run(rows: usize, reports: &[Report]) -> usize {
        let mut rows: Vec<_> = (0..rows).map(|_| StateMachine::new(Context)).collect();
        let mut refused = 0;
        for &(row, to) in reports {
            let taken =
                event(to).is_some_and(|event| rows[row as usize].process_event(event).is_ok());
            refused += usize::from(!taken);
        }
        refused
    }
}

pub(crate) mod rust_fsm_peer {
    use crate::{Report, S};

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

    pub(crate) fn run(rows: usize, reports: &[Report]) -> usize {
        let mut rows: Vec<_> = (0..rows).map(|_| deploy::StateMachine::new()).collect();
        let mut refused = 0;
        for &(row, to) in reports {
            let taken = input(to).is_some_and(|input| rows[row as usize].consume(&input).is_ok());
            refused += usize::from(!taken);
        }
        refused
    }
}

pub(crate) mod statig_peer {
    #![allow(clippy::wildcard_enum_match_arm, reason = "the peer's own idiom")]

    use crate::{Report, S};
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

    pub(crate) fn run(rows: usize, reports: &[Report]) -> usize {
        let mut rows: Vec<_> = (0..rows).map(|_| Deploy::default().state_machine()).collect();
        for (row, to) in reports {
            rows[*row as usize].handle(to);
        }
        rows.iter().map(|machine| machine.inner().refused).sum()
    }
}
