//! The macro that makes a [`Machine`](crate::Machine) of a generated Rust file.

/// Implements [`Machine`](crate::Machine) for a new unit struct over a generated Rust file.
///
/// ```
/// #[path = "../generated/deploy.rs"]
/// mod deploy;
///
/// phasegate::machine!(pub Deploy = deploy::{DeployStatus, DeployPhase});
///
/// let machine: &dyn phasegate::Machine = &Deploy;
/// let building = machine.find("building").expect("it is a state");
/// assert!(machine.can_become(machine.initial(), building));
/// ```
///
/// The module in front of the braces is the generated file's: its `phases`, `PhaseView`,
/// `Outcome` and `SCHEMA` are used too. A state's [`StateId`](crate::StateId) is its place in
/// `DeployStatus::ALL`. The expansion needs `std`, but only in the crate that uses the macro.
#[macro_export]
macro_rules! machine {
    ($(#[$attribute:meta])* $visibility:vis $name:ident = $($module:ident)::+::{$status:ident, $phase:ident $(,)?} $(;)?) => {
        $(#[$attribute])*
        #[doc = concat!("The machine of `", stringify!($status), "`, for the runtime.")]
        #[derive(Clone, Copy, Debug, Default)]
        $visibility struct $name;

        impl $crate::Machine for $name {
            fn name(&self) -> &str {
                $($module)::+::$status::MACHINE
            }
            fn title(&self) -> &str {
                $($module)::+::$status::TITLE
            }
            fn table(&self) -> &str {
                $($module)::+::$status::TABLE
            }
            fn language(&self) -> &str {
                $($module)::+::$status::LANGUAGE
            }
            fn schema(&self) -> $crate::Schema {
                let said = $($module)::+::SCHEMA;
                let columns = said.columns.iter().map(|&(name, of)| {
                    (name, $crate::ColumnType::of(of).expect("a generated file says types that there are"))
                });
                $crate::Schema::named($($module)::+::$status::MACHINE)
                    .schema(said.schema)
                    .table(said.table)
                    .key(said.key.iter().copied())
                    .column(said.column)
                    .columns(columns)
                    .events(said.events)
            }
            fn states(&self) -> usize {
                $($module)::+::$status::ALL.len()
            }
            fn value(&self, state: $crate::StateId) -> &str {
                $($module)::+::$status::ALL[state.index()].as_str()
            }
            fn state_title(&self, state: $crate::StateId) -> &str {
                $($module)::+::$status::ALL[state.index()].title()
            }
            fn find(&self, value: &str) -> ::core::option::Option<$crate::StateId> {
                let found: ::core::result::Result<$($module)::+::$status, _> =
                    ::core::str::FromStr::from_str(value);
                found.ok().map(|state| $crate::StateId::new(state.index()))
            }
            fn initial(&self) -> $crate::StateId {
                $crate::StateId::new($($module)::+::$status::INITIAL[0].index())
            }
            fn is_initial(&self, state: $crate::StateId) -> bool {
                $($module)::+::$status::ALL[state.index()].is_initial()
            }
            fn is_terminal(&self, state: $crate::StateId) -> bool {
                $($module)::+::$status::ALL[state.index()].is_terminal()
            }
            fn outcome(&self, state: $crate::StateId) -> ::core::option::Option<$crate::Outcome> {
                $($module)::+::$status::ALL[state.index()].outcome().map(|outcome| match outcome {
                    $($module)::+::Outcome::Success => $crate::Outcome::Success,
                    $($module)::+::Outcome::Failure => $crate::Outcome::Failure,
                    $($module)::+::Outcome::Cancelled => $crate::Outcome::Cancelled,
                    $($module)::+::Outcome::Neutral => $crate::Outcome::Neutral,
                })
            }
            fn can_become(&self, from: $crate::StateId, to: $crate::StateId) -> bool {
                $($module)::+::$status::ALL[from.index()].can_become($($module)::+::$status::ALL[to.index()])
            }
            fn phases(&self) -> usize {
                $($module)::+::$phase::ALL.len()
            }
            fn phase_name(&self, phase: usize) -> &str {
                $($module)::+::$phase::ALL[phase].name()
            }
            fn phase_title(&self, phase: usize) -> &str {
                $($module)::+::$phase::ALL[phase].title()
            }
            fn phase_of(&self, state: $crate::StateId) -> ::core::option::Option<usize> {
                $($module)::+::$status::ALL[state.index()].phase().map(|phase| phase.index())
            }
            fn completes(&self, state: $crate::StateId) -> bool {
                $($module)::+::$status::ALL[state.index()].completes()
            }
            fn views(
                &self,
                history: &[$crate::StateId],
                attempted: ::core::option::Option<$crate::StateId>,
                views: &mut [$crate::View],
            ) {
                let history: ::std::vec::Vec<$($module)::+::$status> = history
                    .iter()
                    .map(|&state| $($module)::+::$status::ALL[state.index()])
                    .collect();
                let attempted = attempted.map(|state| $($module)::+::$status::ALL[state.index()]);
                let shown = $($module)::+::phases(&history, attempted);
                for (place, view) in views.iter_mut().zip(shown) {
                    *place = match view {
                        $($module)::+::PhaseView::Failed => $crate::View::Failed,
                        $($module)::+::PhaseView::Cancelled => $crate::View::Cancelled,
                        $($module)::+::PhaseView::Skipped => $crate::View::Skipped,
                        $($module)::+::PhaseView::Active => $crate::View::Active,
                        $($module)::+::PhaseView::Done => $crate::View::Done,
                        $($module)::+::PhaseView::Unconfirmed => $crate::View::Unconfirmed,
                        $($module)::+::PhaseView::Upcoming => $crate::View::Upcoming,
                    };
                }
            }
        }
    };
}
