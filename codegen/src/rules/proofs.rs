//! Rules on the proofs.

use super::Example::{Jobs, Lines, Table, Words};

rows! { PROOFS

    REACHABLE "reachable" {
        looks_for: "a state that no sequence of legal transitions leads to",
        why: "Rows never get there: either a transition is missing, or the state is of no use.",
        example: Words("none is known: `unreachable` refuses such a table first, and the proof \
            holds the machine to it that every layer is made of"),
        mend: "add the transition that is missing",
    }

    WAY_TO_END "way-to-end" {
        looks_for: "a state from which no ended state can be reached",
        why: "A row that comes there stays open for ever: no page ever shows it as over, and \
            a client that waits for its end waits in vain.",
        example: Words("none is known: `no-way-to-end` refuses such a table first, and the proof \
            holds the machine to it that every layer is made of"),
        mend: "add the transition that is missing",
    }

    ENDS_STAY "ends-stay" {
        looks_for: "a transition that leaves an ended state which does not reopen",
        why: "An end is what people and programs rely on. One that is left without `reopens` makes \
            a finished row move again.",
        example: Words("none is known: `outcome-left` refuses such a table first, and the proof \
            holds the machine to it that every layer is made of"),
        mend: "let the end reopen, or remove the transition that leaves it",
    }

    LOSS "loss" {
        looks_for: "a sequence that is no longer accepted, or no longer complete, once reports of \
            optional states are lost from it",
        why: "An optional report may be lost. What comes after it must be accepted without it, or \
            a lost report stops the row.",
        example: Words("none is known: a step over optional states is legal by itself, and the \
            proof tries whichever of them are lost"),
        mend: "declare the transition past the optional state, or let it be required",
    }

    REDELIVERY "redelivery" {
        looks_for: "an applied report that changes something when it is delivered again, at once \
            or later",
        why: "Networks deliver reports twice. A second delivery that counts as news takes the row \
            back to a state that it has left.",
        example: Words("none is known: a report that was applied is known again by its id, and the \
            proof delivers each of them twice"),
        mend: "a state that can be entered again takes late redeliveries for news: give it a name \
            of its own on each way",
    }

    LATE_DUPLICATE "late-duplicate" {
        looks_for: "a report that changed nothing, and takes the row back when it is delivered \
            again later",
        why: "A report that was answered as a duplicate may be sent again. It must not count as \
            news then.",
        example: Words("none is known; of the states that a row can come back to nothing is \
            claimed, and `phasegate verify` lists them"),
        mend: "a state that can be entered again takes late redeliveries for news: give it a name \
            of its own on each way",
    }

    STALE_ATTEMPT "stale-attempt" {
        looks_for: "a report of an older attempt of a run that changes something after a newer one has \
            reported",
        why: "A run that is started again leaves reports of its first attempt under way. A late \
            failure of that attempt would end a row that the second one is moving.",
        example: Words("none is known: a report of an attempt that is not the newest is refused, \
            whatever the table says, and the proof delivers each of them late"),
        mend: "report `run_id` and `run_attempt`, as the generated script does",
    }

    WORKFLOW_ACCEPTED "workflow-accepted" {
        looks_for: "a run of the table's jobs in which a report that belongs to a job is refused",
        why: "The job fails although its work went well, or a report that people wait for is lost.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "pack"
start = "packed"
success = "sent"
[[job]]
name = "ship"
success = "arrived"
[[job]]
name = "conclude"
needs = ["pack", "ship"]
always = true
success = "arrived"
failure = "lost"
"#,
            right: r#"
[[job]]
name = "pack"
start = "packed"
success = "sent"
[[job]]
name = "ship"
needs = ["pack"]
success = "arrived"
[[job]]
name = "conclude"
needs = ["pack", "ship"]
always = true
success = "arrived"
failure = "lost"
"#,
        },
        mend: "let jobs that report one row follow each other by `needs`; where the row has ended, leave \
            `failure` out of the jobs that run concurrently and let a concluding job report it; \
            otherwise declare the step, or report a state that is legal there",
    }

    WORKFLOW_ENDS "workflow-ends" {
        looks_for: "a run of the table's jobs that is over while its row has not ended",
        why: "The row stays open for ever: nothing will report any more.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "ship"
start = "sent"
success = "arrived"
"#,
            right: r#"
[[job]]
name = "ship"
start = "sent"
success = "arrived"
[[job]]
name = "conclude"
needs = ["ship"]
always = true
success = "arrived"
failure = "lost"
"#,
        },
        mend: "add a concluding [[job]]: `always = true`, `needs` all others, and the states that \
            the last of them reports",
    }

    WORKFLOW_TRUTH "workflow-truth" {
        looks_for: "a run that ends as a failure though all its jobs succeeded, or as a success \
            though one did not",
        why: "The row's end is what people act on. A false one hides a failed run, or alarms about \
            a good one.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "*"
to = "lost"
[[job]]
name = "ship"
start = "sent"
[[job]]
name = "bill"
success = "arrived"
failure = "lost"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "*"
to = "lost"
[[job]]
name = "ship"
start = "sent"
[[job]]
name = "bill"
needs = ["ship"]
success = "arrived"
failure = "lost"
[[job]]
name = "conclude"
needs = ["ship", "bill"]
always = true
success = "arrived"
failure = "lost"
"#,
        },
        mend: "let a concluding [[job]] (`always = true`) that `needs` all others report what became \
            of them, let every job that reports an end need what has to have succeeded, and let none \
            report a success for what went wrong",
    }

    WORKFLOW_VIEWS "workflow-views" {
        looks_for: "a phase that the stepper shows as failed though its work passed, or as done \
            though it did not",
        why: "Nothing may be shown that no report has said: people look for a fault where there is \
            none.",
        example: Words("the state `tested` has no `phase`, and a later failure is shown in the \
            phase before it"),
        mend: "give each phase a state that `completes` it, and each state its phase",
    }

    WORKFLOW_AGAIN "workflow-again" {
        looks_for: "a run that is started again, after which the row loses its end or has one that \
            is not true",
        why: "GitHub lets anyone start a run again, all of it or only the failed jobs. What the \
            row said before must stay, or become what the second attempt came to.",
        example: Lines {
            wrong: r#"
[[job]]
name = "ship"
start = "sent"
success = "arrived"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "*"
to = "lost"
[[job]]
name = "ship"
start = "sent"
success = "arrived"
failure = "lost"
[[job]]
name = "conclude"
needs = ["ship"]
always = true
success = "arrived"
failure = "lost"
"#,
        },
        mend: "let a concluding [[job]] (`always = true`) that `needs` all others report what became \
            of them, let every job that reports an end need what has to have succeeded, and let none \
            report a success for what went wrong",
    }

    WORKFLOW_LATE_LOSS "workflow-late-loss" {
        looks_for: "a job that is lost or cancelled after it reported success, and a row whose end \
            is false for it",
        why: "A runner can die after the last report of its job. Somebody has to notice: the row's \
            end stays true, or a concluding job fails.",
        example: Words("`deploy` reports `succeeded`, its runner dies before the job is over, and \
            no concluding job runs after it"),
        mend: "let a concluding [[job]] need every other job: where one is lost after it reported, \
            the conclusion's report is refused, and it fails",
    }

    PHASES_DONE_STAYS "phases-done-stays" {
        looks_for: "a phase that is shown as done and then no longer, without a way back into it",
        why: "People take what is done for done. It may go back only where the row itself went \
            back, or entered the phase again.",
        example: Table {
            wrong: r#"
format = 1
[machine]
name = "parcel"
initial = "packed"
[[phase]]
name = "transport"
[[state]]
name = "packed"
[[state]]
name = "sent"
phase = "transport"
[[state]]
name = "signed"
[[state]]
name = "arrived"
outcome = "success"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
path = ["packed", "sent", "signed", "arrived"]
[[transition]]
from = "signed"
to = "lost"
"#,
            right: r#"
format = 1
[machine]
name = "parcel"
initial = "packed"
[[phase]]
name = "transport"
[[state]]
name = "packed"
[[state]]
name = "sent"
phase = "transport"
completes = true
[[state]]
name = "signed"
[[state]]
name = "arrived"
outcome = "success"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
path = ["packed", "sent", "signed", "arrived"]
[[transition]]
from = "signed"
to = "lost"
"#,
        },
        mend: "give each phase a state that `completes` it, and each state its phase",
    }

    PHASES_UNCONFIRMED "phases-unconfirmed" {
        looks_for: "a phase that is shown as unconfirmed after a success, though no report of it \
            can be missing and the row did not leave it unfinished",
        why: "Unconfirmed says that a report is missing. Where none can be, it sends people to \
            look for nothing.",
        example: Words("none is known: a row that leaves a phase before it is completed is \
            `phase-left-unfinished`, and the proof holds the stepper to there being no other"),
        mend: "give each phase a state that `completes` it, and each state its phase",
    }

    PHASE_LEFT_UNFINISHED "phase-left-unfinished" {
        looks_for: "a way to a success on which a row leaves a phase before it is completed, though \
            no report is missing",
        why: "The stepper shows the phase as unconfirmed for ever, next to an end that is a success: \
            people look for a report that there never was.",
        example: Lines {
            wrong: r#"
[[phase]]
name = "transport"
[[phase]]
name = "delivery"
[[state]]
name = "on_the_road"
phase = "transport"
[[state]]
name = "unloaded"
phase = "transport"
completes = true
[[state]]
name = "handed_over"
phase = "delivery"
outcome = "success"
[[transition]]
path = ["sent", "on_the_road", "unloaded", "handed_over"]
[[transition]]
path = ["on_the_road", "handed_over"]
"#,
            right: r#"
[[phase]]
name = "transport"
[[phase]]
name = "delivery"
[[state]]
name = "on_the_road"
phase = "transport"
[[state]]
name = "unloaded"
phase = "transport"
completes = true
[[state]]
name = "met_halfway"
phase = "transport"
completes = true
[[state]]
name = "handed_over"
phase = "delivery"
outcome = "success"
[[transition]]
path = ["sent", "on_the_road", "unloaded", "handed_over"]
[[transition]]
path = ["on_the_road", "met_halfway", "handed_over"]
"#,
        },
        mend: "if the phase is over when it is left like that, remove `completes` from its states; \
            if it was given up, put a state with its `phase` and `completes = true` on the way",
    }

    NOT_EXHAUSTED "not-exhausted" {
        looks_for: "a claim of which not every case was tried, so that it is bounded and not proven",
        why: "A case that was not tried may break the claim. `phasegate verify` prints what was tried; \
            `phasegate compat` calls such a mix neither broken nor safe.",
        example: Words("four chains of two jobs that run concurrently, each with reports of its own"),
        mend: "let fewer jobs report concurrently: let some of them follow each other by `needs`. Where \
            they do already, let fewer of them be `skippable`, or fewer report; if that can't be, accept the finding with a reason",
    }
}
