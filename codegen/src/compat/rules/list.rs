//! The rules: what each is about, whom a change hurts, what to do.

use super::{Rule, alone, jobs, migration, phases, states, targets, transitions};

/// Every rule.
pub static RULES: &[Rule] = &[
    Rule {
        id: "state-added",
        about: "a state is new",
        reason: "An older backend or database refuses reports of it (422 unknown-status), and an \
                 older page shows it as unknown. A report of an optional state is tolerated, so that \
                 its job goes on; one that is not fails its job. Rows that a newer version has put \
                 there are judged by the database alone once the backend is rolled back.",
        help: "make it optional, so that its reports are tolerated; or roll out the database and \
               the backend before the workflow, and back after it",
        find: states::added,
    },
    Rule {
        id: "state-removed",
        about: "a state is gone",
        reason: "Older workflows still report it, and rows may still hold it: a newer backend or \
                 database refuses the report (422 unknown-status), and has no rule for the row.",
        help: "keep the state and mark it `retired`; only where there is no [target.sql] can it be \
               removed, once no row holds it and no older version runs",
        find: states::removed,
    },
    Rule {
        id: "state-renamed",
        about: "a state has another name",
        reason: "Names are what code says, values what is stored and sent. Where the value stays, no \
                 running version notices; where it goes with the name, every other version takes it \
                 for a state that it lacks, and rows written before the migration change their label.",
        help: "keep what is stored: give the renamed state the old name as its `value`",
        find: states::renamed,
    },
    Rule {
        id: "value-changed",
        about: "a state is stored and sent as another value",
        reason: "To every other version the new value is a state that it lacks, and the old one is one \
                 that it alone still reports.",
        help: "keep the `value`; where it has to change: add a state with the new value first, move \
               the jobs to it, retire the old one when no older version runs",
        find: states::value_changed,
    },
    Rule {
        id: "state-retired",
        about: "nothing enters a state any more",
        reason: "Older workflows may still report it: a newer backend or database refuses the step \
                 (422 illegal-transition).",
        help: "take the report out of the jobs first, and retire the state when no older run is left",
        find: states::retired,
    },
    Rule {
        id: "state-unretired",
        about: "a retired state is entered again",
        reason: "An older backend or database refuses the step (422 illegal-transition).",
        help: "roll out the database and the backend before the workflow, and back after it",
        find: states::unretired,
    },
    Rule {
        id: "state-required",
        about: "a state is no longer optional",
        reason: "What came after it without it is refused now, and reports of it are no longer \
                 tolerated: an older backend that lacks the state fails the newer workflow's job.",
        help: "keep it optional until no older version runs",
        find: states::required,
    },
    Rule {
        id: "state-optional",
        about: "a state has become optional",
        reason: "What comes after it is accepted without it; an older backend or database still \
                 refuses that (422 illegal-transition).",
        help: "roll out the database and the backend before the workflow",
        find: states::optional,
    },
    Rule {
        id: "initial-changed",
        about: "rows start in other states",
        reason: "A backend starts its rows in its own first state: a database of the other version \
                 may refuse that start, and a workflow of the other version may not go on from there.",
        help: "let rows start in both (`initial = [..]`) until no older version runs",
        find: states::initial,
    },
    Rule {
        id: "outcome-changed",
        about: "a state is another kind of end, or none any more",
        reason: "The same stored value then means one thing to a version and another to the next: a \
                 page shows a row that has ended as under way, or a failure as a success.",
        help: "add a state of its own for the new meaning, and retire the old one",
        find: states::meaning,
    },
    Rule {
        id: "transition-added",
        about: "a step is legal that was not",
        reason: "An older backend or database refuses it (422 illegal-transition).",
        help: "roll out the database and the backend before whatever takes that step",
        find: transitions::added,
    },
    Rule {
        id: "transition-removed",
        about: "a step is no longer legal",
        reason: "Older workflows may still take it, and rows of now may need it: a newer backend or \
                 database refuses it (422 illegal-transition).",
        help: "keep the transition until no older version runs; remove it in a change of its own",
        find: transitions::removed,
    },
    Rule {
        id: "phase-added",
        about: "a phase is new",
        reason: "An older page does not show it; a newer one shows it as not reported where an older \
                 workflow ran. Nothing is shown as done or failed by it.",
        help: "nothing has to be done",
        find: phases::added,
    },
    Rule {
        id: "phase-removed",
        about: "a phase is gone",
        reason: "A newer page no longer shows it; an older one shows it as not reported where a newer \
                 workflow ran.",
        help: "nothing has to be done",
        find: phases::removed,
    },
    Rule {
        id: "phases-reordered",
        about: "the phases stand in another order",
        reason: "What is reported of a phase says something of the ones before it: pages of two \
                 versions tell the same history differently, and a row that goes on to one may go \
                 back to the other.",
        help: "keep the order of the phases; where it has to change, until page and workflow are of one \
               version a phase may be shown as skipped that is to come, or as to come that is done",
        find: phases::reordered,
    },
    Rule {
        id: "state-phase-changed",
        about: "a state belongs to another phase",
        reason: "Pages of two versions show the same report in different steps.",
        help: "roll out the page with the workflow",
        find: phases::of_state,
    },
    Rule {
        id: "completes-changed",
        about: "reaching a state is, or is no longer, the report that its phase is done",
        reason: "A page that takes the state for the phase's end shows it as done where a workflow of \
                 the other version has work of that phase left.",
        help: "add a state of its own for the phase's end",
        find: phases::completes,
    },
    Rule {
        id: "job-added",
        about: "a job is new",
        reason: "The backend does not look at the name of a job: only what it reports matters, and \
                 that has rules of its own. A concluding job says the end of a run that no other says.",
        help: "nothing has to be done for the job itself",
        find: jobs::added,
    },
    Rule {
        id: "job-removed",
        about: "a job is gone",
        reason: "What it alone reported is reported no longer: rows of newer runs may be left where \
                 they are.",
        help: "let another job report what it did",
        find: jobs::removed,
    },
    Rule {
        id: "job-renamed",
        about: "a job has another name",
        reason: "The name is part of a report's identity, not of its judgement: one run keeps the \
                 name that it began with.",
        help: "nothing has to be done",
        find: jobs::renamed,
    },
    Rule {
        id: "report-added",
        about: "a job reports a state that it did not",
        reason: "Whether an older backend accepts it depends on the state; where it does not, the job \
                 goes on if the report is tolerated, and fails if it is not.",
        help: "make the state optional, or roll out the backend before the workflow",
        find: jobs::report_added,
    },
    Rule {
        id: "report-removed",
        about: "a job no longer reports a state",
        reason: "What comes after that report has to be legal without it, to every backend and \
                 database that it may meet.",
        help: "make the state optional one version earlier",
        find: jobs::report_removed,
    },
    Rule {
        id: "reports-reordered",
        about: "a job reports the same states in another order",
        reason: "The steps between them have to be legal to every backend and database that it may \
                 meet.",
        help: "declare the steps of both orders until no older version runs",
        find: jobs::reordered,
    },
    Rule {
        id: "toleration-lost",
        about: "a report is no longer tolerated",
        reason: "Its step no longer gets `continue-on-error`: where a backend or database of another \
                 version refuses it, the job fails.",
        help: "keep the state optional, or have a concluding job say the same outcome, until no older \
               version runs",
        find: jobs::toleration_lost,
    },
    Rule {
        id: "toleration-gained",
        about: "a report is tolerated that was not",
        reason: "Its loss harms nothing any more: what comes after it is accepted without it by the \
                 newer version alone.",
        help: "roll out the database and the backend before the workflow",
        find: jobs::toleration_gained,
    },
    Rule {
        id: "needs-changed",
        about: "a job runs after other jobs than before, or whatever became of them",
        reason: "Reports then come in another order: each has to be legal to every backend and \
                 database that it may meet.",
        help: "declare the steps of both orders until no older version runs",
        find: jobs::needs,
    },
    Rule {
        id: "milestone-renamed",
        about: "a step of a job has another name",
        reason: "The name stands in the workflow alone.",
        help: "nothing has to be done",
        find: jobs::milestone_renamed,
    },
    Rule {
        id: "machine-renamed",
        about: "the machine has another name",
        reason: "The database's objects are called after it (MACHINE_states, MACHINE_events): a \
                 backend of one version does not find those of the other.",
        help: "keep the name; `title` is what people read",
        find: targets::machine,
    },
    Rule {
        id: "address-changed",
        about: "reports go to another address",
        reason: "The address is /api/TABLE: a workflow of one version reports to what a backend of \
                 the other does not serve (404), and not even an end is heard.",
        help: "keep `table` in [target.sql] (or the machine's name), or serve both addresses",
        find: targets::address,
    },
    Rule {
        id: "database-renamed",
        about: "the schema, the table, the key, the column or the history is called otherwise",
        reason: "A backend of one version does not find what a database of the other has (503 \
                 schema-mismatch).",
        help: "keep the names; a move of the table is a migration of its own, with both in place",
        find: targets::names,
    },
    Rule {
        id: "database-target",
        about: "[target.sql] is new, or gone",
        reason: "A backend that counts on guards and history finds none in a database from before; \
                 without a guard, a state that a rolled back backend lacks is judged by nobody, and \
                 every report on it refused.",
        help: "migrate the database before the backend",
        find: targets::target,
    },
    Rule {
        id: "database-shape",
        about: "the dialects, the storage, the key's type or the owner differ",
        reason: "Types are looked up from the live database, so that no running version notices; but \
                 no migration changes them in place.",
        help: "write that migration by hand, and try it on a copy",
        find: targets::shape,
    },
    Rule {
        id: "mode-changed",
        about: "the guard enforces where it observed, or the other way round",
        reason: "The mixes are of what the tables allow. A guard that observes lets through more than \
                 that (here it is taken for one that enforces), and whoever counts on it is refused \
                 from the switch on.",
        help: "look at MACHINE_observed first: what still comes there is refused by a guard that \
               enforces",
        find: targets::mode,
    },
    Rule {
        id: "migration-refused",
        about: "`phasegate migrate` writes no migration from the older table to the newer one",
        reason: "Rows and history hold what they hold, and tables are where they are: what no \
                 migration can do safely, no order of a rollout makes good.",
        help: "take the change back, or write that migration by hand and accept this",
        find: migration::refused,
    },
    Rule {
        id: "id-input-changed",
        about: "the workflow takes the row's id by another input",
        reason: "A console of the other version starts runs with the other input: GitHub refuses an \
                 input that the workflow does not declare (422 Unexpected inputs provided), no run \
                 begins, and the row is left as it was. A run that was started otherwise, without \
                 the input, reports nothing.",
        help: "keep `id_input`; or declare both inputs in the workflow until no older console runs",
        find: targets::id_input,
    },
    Rule {
        id: "action-changed",
        about: "`uses:` names another action",
        reason: "One run keeps the action of its own commit; workflows that were written by hand \
                 have to name the new one.",
        help: "change `uses:` in every workflow that names it",
        find: targets::action,
    },
    Rule {
        id: "ends-unreported",
        about: "no job says any more how a run ended",
        reason: "The older version's workflow brought its rows to an end. Where no job of the newer one \
                 reports an end, every run leaves its row open, unless somebody else ends it, which no \
                 table says.",
        help: "have a concluding job report the end; where the application does it instead, accept this",
        find: jobs::ends,
    },
    Rule {
        id: "refuted-alone",
        about: "a version's own table makes runs go wrong, whatever it runs beside",
        reason: "No order of a rollout helps where every layer of the newer version together fails \
                 jobs, leaves rows open or tells what is not so. What the older one alone does wrong in \
                 the same way, whether the newer one mends it or not, is no reason against it.",
        help: "mend the table first: `phasegate verify` tells how it comes to that",
        find: alone::refuted,
    },
];
