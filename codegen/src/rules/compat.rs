//! Rules on changes between two versions of a table.

use super::Example::Words;

rows! { COMPAT

    STATE_ADDED "state-added" {
        looks_for: "a state is new",
        why: "An older backend or database refuses reports of it (422 unknown-status), and an \
                older page shows it as unknown. A report of an optional state is tolerated, so that \
                its job goes on; one that is not fails its job. Rows that a newer version has put \
                there are judged only by the database once the backend is rolled back.",
        example: Words("`smoke_passed` between `deploying` and `succeeded`"),
        mend: "roll out the database and the backend before what reports it. Where no order is \
                safe: release the state with its transitions first, and what reports it later; \
                without a database release it first with `retired = true`, so that every version \
                knows it; or accept it",
    }

    STATE_REMOVED "state-removed" {
        looks_for: "a state is gone",
        why: "Older workflows still report it, and rows may still hold it: a newer backend or \
                database refuses the report (422 unknown-status), and has no rule for the row.",
        example: Words("`paused` was taken out of the table"),
        mend: "keep the state with `retired = true`, and accept what comes of that; only where there \
                is no [target.sql] can it be removed in a later release, once no row holds it. Or accept \
                it with all that comes of it, the missing migration too, by one entry with `state`",
    }

    STATE_RENAMED "state-renamed" {
        looks_for: "a state has another name",
        why: "Names are what code says, values what is stored and sent. Where the value stays, no \
                running version notices; where it goes with the name, every other version takes it \
                for a state that it lacks, and rows written before the migration change their label.",
        example: Words("`checking`, with `value = \"check\"`, is called `smoke_checking` now"),
        mend: "keep what is stored: give the renamed state the old name as its `value`; or accept \
                it",
    }

    VALUE_CHANGED "value-changed" {
        looks_for: "a state is stored and sent as another value",
        why: "To every other version the new value is a state that it lacks, and the old one is one \
                that only it still reports.",
        example: Words("`value = \"smoke-passed\"` became `value = \"smoke_ok\"`"),
        mend: "keep the `value`; what is stored otherwise is a state of its own, which is added, \
                and this one retired; or accept it",
    }

    STATE_RETIRED "state-retired" {
        looks_for: "nothing enters a state any more",
        why: "Older workflows may still report it: a newer backend or database refuses the step \
                (422 illegal-transition).",
        example: Words("`retired = true` was added to `paused`, and every transition into it is \
            gone"),
        mend: "accept it with all that comes of it, by one entry with `state`, once no job of a version \
                that runs reports it, and no application moves a row into it; until then leave the \
                state as it was",
    }

    STATE_UNRETIRED "state-unretired" {
        looks_for: "a retired state is entered again",
        why: "An older backend or database refuses the step (422 illegal-transition).",
        example: Words("`retired = true` was taken off `paused`, and `queued -> paused` added"),
        mend: "roll out the database and the backend before what enters it; or let it be entered \
                in a release of its own, before a job reports it",
    }

    STATE_REQUIRED "state-required" {
        looks_for: "a state is no longer optional",
        why: "What came after it without it is refused now, and reports of it are no longer \
                tolerated: an older backend that lacks the state fails the newer workflow's job.",
        example: Words("`optional = true` was taken off `smoke_passed`"),
        mend: "keep it optional; or accept it, once no version runs any more that passes over it",
    }

    STATE_OPTIONAL "state-optional" {
        looks_for: "a state has become optional",
        why: "What comes after it is accepted without it; an older backend or database still \
                refuses that (422 illegal-transition).",
        example: Words("`optional = true` was added to `smoke_passed`"),
        mend: "roll out the database and the backend before the workflow; where no order is safe, \
                declare the steps past it as transitions one release earlier",
    }

    INITIAL_CHANGED "initial-changed" {
        looks_for: "rows start in other states",
        why: "A backend starts its rows in its own first state: a database of the other version \
                may refuse that start, and a workflow of the other version may not go on from there.",
        example: Words("`initial = \"queued\"` became `initial = \"requested\"`"),
        mend: "let rows go on starting where they did, too (`initial = [..]`); once no older \
                backend starts rows there, take it out and accept that",
    }

    OUTCOME_CHANGED "outcome-changed" {
        looks_for: "a state is another kind of end, or none any more",
        why: "The same stored value then means one thing to a version and another to the next: a \
                page shows a row that has ended as under way, or a failure as a success.",
        example: Words("`outcome = \"failure\"` of `rolled_back` became `outcome = \"neutral\"`"),
        mend: "keep what the state means; what ends otherwise is a state of its own, which is \
                added, and this one retired; or accept it",
    }

    TRANSITION_ADDED "transition-added" {
        looks_for: "a step is legal that was not",
        why: "An older backend or database refuses it (422 illegal-transition).",
        example: Words("`building -> cancelled` was added"),
        mend: "roll out the database and the backend before what takes that step; where no order \
                is safe, release the step first, and what takes it later; or accept it",
    }

    TRANSITION_REMOVED "transition-removed" {
        looks_for: "a step is no longer legal",
        why: "Older workflows may still take it, and rows of now may need it: a newer backend or \
                database refuses it (422 illegal-transition).",
        example: Words("`failed -> queued` was taken out"),
        mend: "keep the transition while any version runs that takes it. Whether the application \
                does, no table says: once nothing takes it any more, remove it and accept this. \
                A step of a state that is retired or gone can't be kept: accept it with that state",
    }

    PHASE_ADDED "phase-added" {
        looks_for: "a phase is new",
        why: "An older page does not show it; a newer one shows it as not reported where an older \
                workflow ran. Nothing is shown as done or failed by it.",
        example: Words("`[[phase]] name = \"smoke_gate\"` was added"),
        mend: "nothing has to be done",
    }

    PHASE_REMOVED "phase-removed" {
        looks_for: "a phase is gone",
        why: "A newer page no longer shows it; an older one shows it as not reported where a newer \
                workflow ran.",
        example: Words("`[[phase]] name = \"smoke_gate\"` was taken out"),
        mend: "nothing has to be done",
    }

    PHASES_REORDERED "phases-reordered" {
        looks_for: "the phases stand in another order",
        why: "What is reported of a phase says something of the ones before it: pages of two \
                versions show the same history differently, and a row that goes on to one may go \
                back to the other.",
        example: Words("`test` stood before `build`, and stands after it now"),
        mend: "keep the order of the phases; or accept that, until page and workflow are of one \
                version, a phase may be shown as skipped that is to come, or as to come that is \
                done",
    }

    STATE_PHASE_CHANGED "state-phase-changed" {
        looks_for: "a state belongs to another phase",
        why: "Pages of two versions show the same report in different steps.",
        example: Words("`phase` of `packaging` was `build`, and is `deploy` now"),
        mend: "keep its phase; or accept that pages show it otherwise until page and workflow are \
                of one version",
    }

    COMPLETES_CHANGED "completes-changed" {
        looks_for: "reaching a state is, or is no longer, the report that its phase is done",
        why: "A page that takes the state for the phase's end shows it as done where a workflow of \
                the other version has work of that phase left.",
        example: Words("`completes = true` moved from `built` to `packaged`"),
        mend: "keep `completes` where it was; or accept that pages show the phase otherwise until \
                page and workflow are of one version",
    }

    JOB_ADDED "job-added" {
        looks_for: "a job is new",
        why: "The backend does not look at the name of a job: only what it reports matters, and \
                that has rules of its own. A concluding job says the end of a run that no other says.",
        example: Words("`[[job]] name = \"smoke\"` was added"),
        mend: "nothing has to be done for the job itself; where no order is safe for what it \
                reports, release the steps that its reports take first, and the job later",
    }

    JOB_REMOVED "job-removed" {
        looks_for: "a job is gone",
        why: "What only it reported is reported no longer: rows of newer runs may be left where \
                they are.",
        example: Words("`[[job]] name = \"notify\"` was taken out"),
        mend: "keep the job, or let another report what it did; or accept it, where the \
                application does that",
    }

    JOB_RENAMED "job-renamed" {
        looks_for: "a job has another name",
        why: "The name is part of a report's identity, not of its judgement: one run keeps the \
                name that it began with.",
        example: Words("the job `smoke` is called `smoke-test` now"),
        mend: "nothing has to be done",
    }

    REPORT_ADDED "report-added" {
        looks_for: "a job reports a state that it did not",
        why: "Whether an older backend accepts it depends on the state; where it does not, the job \
                goes on if the report is tolerated, and fails if it is not.",
        example: Words("`start = \"building\"` was added to the job `build`"),
        mend: "roll out the database and the backend before the workflow; where no order is safe, \
                release the step to that state first, and its report later",
    }

    REPORT_REMOVED "report-removed" {
        looks_for: "a job no longer reports a state",
        why: "What comes after that report has to be legal without it, to every backend and \
                database that it may meet.",
        example: Words("`start = \"building\"` was taken out of the job `build`"),
        mend: "keep the report; or declare the steps past the state one release earlier",
    }

    REPORTS_REORDERED "reports-reordered" {
        looks_for: "a job reports the same states in another order",
        why: "The steps between them have to be legal to every backend and database that it may \
                meet.",
        example: Words("the milestones `migrating` and `deploying` changed places"),
        mend: "declare the steps of both orders one release earlier",
    }

    TOLERATION_LOST "toleration-lost" {
        looks_for: "a report is no longer tolerated",
        why: "Its step no longer gets `continue-on-error`: where a backend or database of another \
                version refuses it, the job fails.",
        example: Words("`smoke_passed` is no longer optional, so that the job `smoke` fails where \
            its report is refused"),
        mend: "keep it tolerated (the state optional, or a concluding job that reports the same \
                outcomes); or accept it, once no version runs any more that refuses it",
    }

    TOLERATION_GAINED "toleration-gained" {
        looks_for: "a report is tolerated that was not",
        why: "Its loss harms nothing any more: but only the newer version accepts what comes \
                after it without it.",
        example: Words("`smoke_passed` has become optional"),
        mend: "roll out the database and the backend before the workflow; where no order is safe, \
                declare the steps that go on without it one release earlier",
    }

    NEEDS_CHANGED "needs-changed" {
        looks_for: "a job runs after other jobs than before, or whatever became of them",
        why: "Reports then come in another order: each has to be legal to every backend and \
                database that it may meet.",
        example: Words("`needs = [\"build\"]` of the job `smoke` became `needs = [\"build\", \
            \"lint\"]`"),
        mend: "declare the steps of both orders one release earlier",
    }

    MILESTONE_RENAMED "milestone-renamed" {
        looks_for: "a step of a job has another name",
        why: "The name stands only in the workflow.",
        example: Words("the milestone `Health check` is called `Check health` now"),
        mend: "nothing has to be done",
    }

    MACHINE_RENAMED "machine-renamed" {
        looks_for: "the machine has another name",
        why: "The database's objects are called after it (MACHINE_states, MACHINE_events): a \
                backend of one version does not find those of the other.",
        example: Words("`name = \"deploy\"` became `name = \"release\"`"),
        mend: "keep the name (`title` is what people read); or accept it, where you rename the \
                database's objects by hand",
    }

    ADDRESS_CHANGED "address-changed" {
        looks_for: "reports go to another address",
        why: "The address is /api/TABLE: a workflow of one version reports to what a backend of \
                the other does not serve (404), and not even an end is heard.",
        example: Words("`table = \"deploys\"` became `table = \"releases\"`"),
        mend: "keep `table` of [target.sql] (or the machine's name); or serve both addresses, and \
                accept this",
    }

    DATABASE_RENAMED "database-renamed" {
        looks_for: "the schema, the table, the key, the column or the history is called otherwise",
        why: "A backend of one version does not find what a database of the other has (503 \
                schema-mismatch).",
        example: Words("`column = \"status\"` became `column = \"state\"`"),
        mend: "keep the names; or move the table by hand, with both in place, and accept this",
    }

    DATABASE_TARGET "database-target" {
        looks_for: "[target.sql] is new, or gone",
        why: "A backend that counts on guards and history finds none in a database from before; \
                without a guard, a state that a rolled back backend lacks is judged by no one, and \
                every report on it refused.",
        example: Words("`[target.sql]` was added"),
        mend: "roll out the database before the backend; where [target.sql] is gone, keep it \
                until no backend counts on it",
    }

    DATABASE_SHAPE "database-shape" {
        looks_for: "the dialects, the storage, the key's type or the owner differ",
        why: "Types are looked up from the live database, so that no running version notices; but \
                no migration changes them in place.",
        example: Words("`storage = \"enum\"` became `storage = \"text\"`"),
        mend: "write that migration by hand, and try it on a copy",
    }

    MODE_CHANGED "mode-changed" {
        looks_for: "the guard enforces where it observed, or the other way round",
        why: "The mixes are of what the tables allow. A guard that observes lets through more than \
                that (here it is taken for one that enforces), and what counts on it is refused \
                from the switch on.",
        example: Words("`mode = \"observe\"` was taken out, so that the guard enforces"),
        mend: "look at MACHINE_observed first: what still comes there is refused by a guard that \
                enforces",
    }

    MIGRATION_REFUSED "migration-refused" {
        looks_for: "`phasegate migrate` writes no migration from the older table to the newer one",
        why: "Rows and history hold what they hold, and tables are where they are: what no \
                migration can do safely, no order of a rollout makes good.",
        example: Words("two states swap their values in one step"),
        mend: "take the change back, or write that migration by hand and accept this",
    }

    ID_INPUT_CHANGED "id-input-changed" {
        looks_for: "the workflow takes the row's id by another input",
        why: "A console of the other version starts runs with the other input: GitHub refuses an \
                input that the workflow does not declare (422 Unexpected inputs provided), no run \
                begins, and the row is left as it was. A run that was started otherwise, without \
                the input, reports nothing.",
        example: Words("`id_input = \"deploy_id\"` became `id_input = \"console_deploy_id\"`"),
        mend: "keep `id_input`; or declare both inputs in the workflow until no older console \
                runs, and accept this",
    }

    CREDENTIAL_CHANGED "credential-changed" {
        looks_for: "reports are authenticated otherwise",
        why: "A run keeps the action of its own commit, and so it sends what it sent before: the row's \
                token, or the job's own. A backend takes one of the two (`phasegate serve --reports`), and \
                refuses the other (401): runs that began before the switch report nothing after it, and \
                runs of the newer workflow nothing before it. No order helps, and no mix tries it. A \
                console that still gives `callback_token` starts no run of a workflow that does not take \
                it any more.",
        example: Words("`credential = \"token\"` became `credential = \"oidc\"`"),
        mend: "start no rows, and let the runs that are under way end; then merge the workflow and switch \
                `--reports` together. A backend of your own can take both in between",
    }

    ACTION_CHANGED "action-changed" {
        looks_for: "`uses:` names another action",
        why: "One run keeps the action of its own commit; workflows that were written by hand \
                have to name the new one.",
        example: Words("`action = \"./.github/actions/notify\"` became `action = \
            \"example/notify@v1\"`"),
        mend: "change `uses:` in every workflow that names it",
    }

    ENDS_UNREPORTED "ends-unreported" {
        looks_for: "no job says any more how a run ended",
        why: "The older version's workflow brought its rows to an end. Where no job of the newer one \
                reports an end, every run leaves its row open, unless somebody else ends it, which no \
                table says.",
        example: Words("the concluding job was taken out, and no other job reports `succeeded` or \
            `failed`"),
        mend: "have a concluding job report the end; where the application does it instead, accept this",
    }

    REFUTED_ALONE "refuted-alone" {
        looks_for: "a version's own table makes runs go wrong, whatever it runs alongside",
        why: "No order of a rollout helps where every layer of the newer version together fails \
                jobs, leaves rows open or shows what is not so. What the older one does wrong by itself in \
                the same way, whether the newer one mends it or not, is no reason against it.",
        example: Words("the newer table's concluding job no longer needs `deploy`, which may have \
            failed when it says `succeeded`"),
        mend: "mend the table first: `phasegate verify` says how it comes to that, and what to \
                do; or accept it, where it may be so",
    }

    UNEXPLAINED "unexplained" {
        looks_for: "something that goes wrong in a mix, and that no rule explains",
        why: "The rules and the mixes are two accounts of one thing. Where they differ, the rules \
            are wrong.",
        example: Words("none is known"),
        mend: "this is a fault of phasegate: please report the two tables",
    }

    BAD_ACCEPTANCE "bad-acceptance" {
        looks_for: "an entry of `TABLE.accepted.toml` that is none",
        why: "An entry that accepts nothing is a finding that comes back unseen, or a reason that \
            no one wrote. The run ends 2, as with an invalid table.",
        example: Words("an entry without `reason`, or whose `fingerprint` is a word"),
        mend: "give each [[accepted]] a `rule`, the finding's `fingerprint`, and a `reason`",
    }

    ACCEPTED_STALE "accepted-stale" {
        looks_for: "an entry of `TABLE.accepted.toml` whose finding no longer occurs",
        why: "An entry that accepts nothing may accept something else later on, unseen. A finding \
            that has become worse has another fingerprint.",
        example: Words("the accepted finding was mended"),
        mend: "remove the entry; where the finding has become worse, look at it again",
    }
}
