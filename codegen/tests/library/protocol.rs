//! Two backends, two jobs, one row: reports that are retried, answers that are lost, backends that
//! die, in every order there is, against the protocol by which a report is applied: read the row,
//! look the event id up, judge, set the status where it is still the one judged on, write the event
//! next to it, commit. The model is of the protocol; the table is the deploy table.

use crate::common::proofs;
use std::collections::BTreeSet;

use phasegate::{Machine as _, StateId, Verdict};
use phasegate_codegen::Machine;
use stateright::{Checker as _, Model, Property};

/// How often a job sends one report before it goes on.
const TRIES: u8 = 2;

/// One report: the job, and its place among those that the job sends.
type Report = (u8, u8);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Answer {
    Applied,
    Duplicate,
    Refused,
}

/// Where a backend is with a report.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Backend {
    Idle,
    /// The transaction has begun.
    Asked(Report),
    /// The row was read.
    Read(Report, u8),
    /// The event id is not known: the report is judged legal.
    Judged(Report, u8),
    /// The status is set, the row locked, nothing committed.
    Holds(Report, u8),
    /// Committed; the answer is on its way out.
    Answers(Report, Answer),
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Event {
    report: Report,
    from: u8,
    to: u8,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct World {
    row: u8,
    log: Vec<Event>,
    backends: [Backend; 2],
    /// For each job: which report is next, how often it was sent.
    jobs: [(u8, u8); 2],
    /// Copies of reports that are under way.
    flight: Vec<Report>,
    /// Reports that a job was told are applied.
    told: BTreeSet<Report>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Action {
    Send(u8),
    GiveUp(u8),
    Deliver(Report, u8),
    Step(u8),
    Dies(u8),
    AnswerLost(u8),
}

/// A protocol that is not ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Flaw {
    None,
    /// The status is set whatever it is by now.
    NoCompare,
    /// The status is committed before the event is written.
    EventApart,
    /// Applied event ids are not looked up, nor unique.
    NoIds,
}

struct Protocol {
    machine: Machine,
    /// What each job reports, in order.
    reports: [Vec<u8>; 2],
    flaw: Flaw,
}

fn protocol(machine: Machine, reports: [&[&str]; 2], flaw: Flaw) -> Protocol {
    let place = |name: &&str| u8::try_from(machine.find(name).unwrap().index()).unwrap();
    let reports = reports.map(|names| names.iter().map(place).collect());
    Protocol { machine, reports, flaw }
}

fn state(place: u8) -> StateId {
    StateId::new(place.into())
}

impl Protocol {
    fn to(&self, (job, at): Report) -> u8 {
        self.reports[usize::from(job)][usize::from(at)]
    }

    fn judge(&self, from: u8, report: Report) -> Verdict {
        self.machine.judge(state(from), state(self.to(report)))
    }

    fn step(&self, world: &mut World, number: usize) -> Option<()> {
        let is_locked = |world: &World| {
            world.backends.iter().any(|backend| matches!(backend, Backend::Holds(..)))
        };
        let is_applied = |world: &World, report: Report| {
            self.flaw != Flaw::NoIds && world.log.iter().any(|event| event.report == report)
        };
        world.backends[number] = match world.backends[number] {
            Backend::Idle => return None,
            Backend::Asked(report) => Backend::Read(report, world.row),
            Backend::Read(report, _) if is_applied(world, report) => {
                Backend::Answers(report, Answer::Duplicate)
            }
            Backend::Read(report, from) => match self.judge(from, report) {
                Verdict::Applied => Backend::Judged(report, from),
                Verdict::Duplicate => Backend::Answers(report, Answer::Duplicate),
                Verdict::Ended | Verdict::Illegal => Backend::Answers(report, Answer::Refused),
            },
            // The update waits for the one that has the row locked.
            Backend::Judged(..) if is_locked(world) => return None,
            Backend::Judged(report, from) => {
                if world.row != from && self.flaw != Flaw::NoCompare {
                    Backend::Asked(report)
                } else {
                    if self.flaw == Flaw::EventApart {
                        world.row = self.to(report);
                    }
                    Backend::Holds(report, from)
                }
            }
            // The event id was applied meanwhile: all is taken back.
            Backend::Holds(report, _) if is_applied(world, report) => Backend::Asked(report),
            Backend::Holds(report, from) => {
                let to = self.to(report);
                world.row = to;
                world.log.push(Event { report, from, to });
                Backend::Answers(report, Answer::Applied)
            }
            Backend::Answers(report, answer) => {
                if answer == Answer::Applied {
                    world.told.insert(report);
                }
                let (job, at) = report;
                if world.jobs[usize::from(job)].0 == at {
                    world.jobs[usize::from(job)] = (at + 1, 0);
                }
                Backend::Idle
            }
        };
        Some(())
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            row: u8::try_from(self.machine.initial[0].index()).unwrap(),
            log: Vec::new(),
            backends: [Backend::Idle; 2],
            jobs: [(0, 0); 2],
            flight: Vec::new(),
            told: BTreeSet::new(),
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for job in 0..2_u8 {
            let (at, tries) = world.jobs[usize::from(job)];
            if usize::from(at) < self.reports[usize::from(job)].len() {
                let sends = tries < TRIES;
                actions.push(if sends { Action::Send(job) } else { Action::GiveUp(job) });
            }
        }
        for backend in 0..2_u8 {
            match world.backends[usize::from(backend)] {
                Backend::Idle => {
                    let mut copies = world.flight.clone();
                    copies.dedup();
                    actions.extend(copies.into_iter().map(|r| Action::Deliver(r, backend)));
                }
                Backend::Answers(..) => {
                    actions.extend([Action::Step(backend), Action::AnswerLost(backend)]);
                }
                Backend::Asked(_)
                | Backend::Read(..)
                | Backend::Judged(..)
                | Backend::Holds(..) => {
                    actions.extend([Action::Step(backend), Action::Dies(backend)]);
                }
            }
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Send(job) => {
                let (at, tries) = &mut world.jobs[usize::from(job)];
                *tries += 1;
                world.flight.push((job, *at));
                world.flight.sort_unstable();
            }
            Action::GiveUp(job) => {
                let (at, _) = world.jobs[usize::from(job)];
                world.jobs[usize::from(job)] = (at + 1, 0);
            }
            Action::Deliver(report, backend) => {
                let at = world.flight.iter().position(|&copy| copy == report).unwrap();
                world.flight.remove(at);
                world.backends[usize::from(backend)] = Backend::Asked(report);
            }
            Action::Step(backend) => self.step(&mut world, usize::from(backend))?,
            Action::Dies(backend) | Action::AnswerLost(backend) => {
                world.backends[usize::from(backend)] = Backend::Idle;
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every transition has its event", |model: &Self, world: &World| {
                let initial = u8::try_from(model.machine.initial[0].index()).unwrap();
                world.row == world.log.last().map_or(initial, |event| event.to)
            }),
            Property::always("every event has its transition", |model: &Self, world: &World| {
                let mut at = u8::try_from(model.machine.initial[0].index()).unwrap();
                world.log.iter().all(|event| std::mem::replace(&mut at, event.to) == event.from)
            }),
            Property::always("every transition is legal", |model: &Self, world: &World| {
                world.log.iter().all(|event| {
                    model.machine.can_become(
                        phasegate_codegen::machine::StateId::new(event.from.into()),
                        phasegate_codegen::machine::StateId::new(event.to.into()),
                    )
                })
            }),
            Property::always("no terminal state is left", |model: &Self, world: &World| {
                world.log.iter().all(|event| !model.machine.is_terminal(state(event.from)))
            }),
            Property::always("no report is applied twice", |_: &Self, world: &World| {
                let reports: BTreeSet<Report> = world.log.iter().map(|e| e.report).collect();
                reports.len() == world.log.len()
            }),
            Property::always("what a job is told is in the log", |_: &Self, world: &World| {
                world.told.iter().all(|told| world.log.iter().any(|event| event.report == *told))
            }),
            Property::sometimes("a compare-and-set comes too late", |_: &Self, world: &World| {
                world
                    .backends
                    .into_iter()
                    .any(|backend| matches!(backend, Backend::Judged(_, from) if from != world.row))
            }),
            Property::sometimes(
                "two backends have one report",
                |_: &Self, world: &World| matches!(world.backends, [Backend::Judged(a, _), Backend::Judged(b, _)] if a == b),
            ),
            Property::sometimes(
                "a redelivery is answered as a duplicate",
                |_: &Self, world: &World| {
                    world
                        .backends
                        .iter()
                        .any(|b| matches!(b, Backend::Answers(_, Answer::Duplicate)))
                },
            ),
            Property::sometimes("a report is refused", |_: &Self, world: &World| {
                world.backends.iter().any(|b| matches!(b, Backend::Answers(_, Answer::Refused)))
            }),
            Property::sometimes(
                "a report is applied and its job never told",
                |_: &Self, world: &World| {
                    world.log.iter().any(|event| {
                        world.jobs[usize::from(event.report.0)].0 > event.report.1
                            && !world.told.contains(&event.report)
                    })
                },
            ),
            Property::sometimes("the row ends", |model: &Self, world: &World| {
                model.machine.is_terminal(state(world.row))
            }),
        ]
    }
}

/// The names of the claims that do not hold.
fn broken(model: Protocol) -> Vec<&'static str> {
    let checker = model.checker().threads(2).spawn_bfs().join();
    let always = |name: &&&'static str| {
        let property = checker.model().properties().into_iter().find(|p| p.name == **name).unwrap();
        matches!(property.expectation, stateright::Expectation::Always)
    };
    let discoveries = checker.discoveries();
    let mut names: Vec<&'static str> = discoveries.keys().filter(always).copied().collect();
    names.sort_unstable();
    names
}

fn holds(reports: [&[&str]; 2]) -> usize {
    let checker =
        protocol(proofs::deploy(), reports, Flaw::None).checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    assert!(checker.is_done());
    checker.unique_state_count()
}

#[test]
fn a_deploy_that_succeeds_while_its_concluding_job_says_that_it_failed() {
    assert_eq!(holds([&["building", "succeeded"], &["failed"]]), 75_556);
}

#[test]
fn two_jobs_that_report_side_by_side_and_one_of_them_fails() {
    assert_eq!(holds([&["smoke_running", "smoke_passed"], &["building", "failed"]]), 2_479_515);
}

#[test]
fn a_status_that_is_set_whatever_it_is_by_now_loses_transitions() {
    let reports: [&[&str]; 2] = [&["building", "succeeded"], &["failed"]];
    let names = broken(protocol(proofs::deploy(), reports, Flaw::NoCompare));
    assert_eq!(names, ["every event has its transition"]);
}

#[test]
fn an_event_that_is_written_apart_is_missing_when_the_backend_dies() {
    let reports: [&[&str]; 2] = [&["building"], &["failed"]];
    let names = broken(protocol(proofs::deploy(), reports, Flaw::EventApart));
    assert!(names.contains(&"every transition has its event"), "{names:?}");
}

#[test]
fn without_event_ids_a_retry_takes_a_row_back_that_may_come_back() {
    let table = "format = 1\nmachine = { name = 'a', initial = 'x' }\n\
                 state = [{ name = 'x' }, { name = 'y' }]\ntransition = [{ path = ['x', 'y', 'x'] }]";
    let reports: [&[&str]; 2] = [&["y"], &["x"]];
    let names = broken(protocol(proofs::machine(table), reports, Flaw::NoIds));
    assert_eq!(names, ["no report is applied twice"]);
    assert_eq!(broken(protocol(proofs::machine(table), reports, Flaw::None)), [""; 0]);
}
