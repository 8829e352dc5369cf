//! Tables of which something was once called proven that does not hold, and what is bounded.

use crate::common::proofs::{fixture, machine, tested_by, unlike};
use phasegate_codegen::verify::{self, ClaimResult, Counterexample, Covered, Proved};

fn verdict(proofs: &[Proved], name: &str) -> ClaimResult {
    proofs.iter().find(|proved| proved.name == name).unwrap().verdict.clone()
}

/// The names of the proofs that came out like this.
fn names(proofs: &[Proved], word: &str) -> Vec<&'static str> {
    proofs.iter().filter(|p| p.verdict.as_str() == word).map(|p| p.name).collect()
}

#[track_caller]
fn refuted(proofs: &[Proved], name: &str) -> Counterexample {
    match verdict(proofs, name) {
        ClaimResult::Refuted { counterexample } => counterexample,
        other @ (ClaimResult::Proven { .. }
        | ClaimResult::Bounded { .. }
        | ClaimResult::NotApplicable { .. }) => panic!("{name} is {other:?}"),
    }
}

#[track_caller]
fn bounded(proofs: &[Proved], name: &str) -> (Covered, String) {
    match verdict(proofs, name) {
        ClaimResult::Bounded { covered, bound, .. } => (covered, bound),
        other @ (ClaimResult::Proven { .. }
        | ClaimResult::Refuted { .. }
        | ClaimResult::NotApplicable { .. }) => panic!("{name} is {other:?}"),
    }
}

/// What is wrong with one of the tables here, and the whole way there.
fn wrong(name: &str, claim: &str) -> String {
    let case = refuted(&verify::verify(&machine(&fixture(name))), claim);
    format!("{}: {}", case.summary, case.path.join("; "))
}

#[test]
fn runs_are_started_for_rows_in_every_initial_state_in_whichever_order_they_are_listed() {
    let table = fixture("two_starts");
    let swapped = table.replace("[\"queued\", \"held\"]", "[\"held\", \"queued\"]");
    assert_ne!(swapped, table);
    for table in [table, swapped] {
        let proofs = verify::verify(&machine(&table));
        let broken = ["workflow-accepted", "workflow-ends", "workflow-again"];
        assert_eq!(names(&proofs, "refuted"), broken);
        for name in broken {
            assert_eq!(refuted(&proofs, name).path[0], "the row starts in held", "{name}");
        }
        // As many runs from each of the two, which here differ only in what is accepted.
        let ClaimResult::Proven { covered } = verdict(&proofs, "workflow-truth") else { panic!() };
        assert_eq!(covered.counts, [(2 * 54, "runs")]);
    }
}

#[test]
fn runs_are_finished_however_many_jobs_there_are_side_by_side() {
    for jobs in [3, 7] {
        let proofs = verify::verify(&machine(&unlike(&tested_by(jobs))));
        let case = refuted(&proofs, "workflow-ends");
        assert_eq!(
            case.summary,
            "the row is left in `queued`, and no one says that the run is over"
        );
        assert_eq!(case.shortest, jobs == 3);
        // The row starts, each of them is cancelled before it begins, and `publish` is skipped.
        assert_eq!(case.path.len(), jobs + 2, "{case:?}");
        refuted(&proofs, "workflow-again");
    }
}

/// With a conclusion every run ends; and a report that changes nothing is never refused.
fn concluded(jobs: usize) -> String {
    let needs: Vec<String> = (0..jobs).map(|job| format!("'t{job}', ")).collect();
    format!(
        "{}[[job]]\nname = 'end'\nalways = true\nneeds = [{}'publish']\nsuccess = 'ok'\nfailure = 'bad'\n",
        tested_by(jobs),
        needs.concat()
    )
}

#[test]
fn jobs_that_are_alike_are_exhausted_however_many_they_are() {
    for jobs in [6, 9] {
        let proofs = verify::verify(&machine(&concluded(jobs)));
        let all: Vec<_> = proofs.iter().map(|proved| proved.verdict.as_str()).collect();
        assert!(!all.contains(&"bounded"), "{proofs:?}");
    }
}

#[test]
fn what_is_bounded_has_seen_runs_that_ended() {
    let (accepted, ends) = ("workflow-accepted", "workflow-ends");
    let proofs = verify::verify(&machine(&unlike(&concluded(7))));
    for name in [accepted, ends, "workflow-truth", "workflow-again"] {
        let (covered, bound) = bounded(&proofs, name);
        assert!(covered.counts[0].0 > 1_000, "{name}: {covered:?}");
        assert!(bound.contains("; and every run in which the jobs take turns"), "{bound}");
    }
    let (covered, _) = bounded(&proofs, ends);
    let [runs, said, mute] = covered.counts[..] else { panic!("{covered:?}") };
    assert_eq!(runs.0, said.0 + mute.0);
    assert!(said.0 > 0 && mute.0 > 0, "{covered:?}");
}

#[test]
fn where_not_one_run_can_be_finished_its_claims_are_bounded_by_nothing() {
    let proofs = verify::verify(&machine(&concluded(2_000)));
    for name in ["workflow-ends", "workflow-truth", "workflow-again", "workflow-late-loss"] {
        let (covered, bound) = bounded(&proofs, name);
        assert_eq!(covered.counts[0].0, 0, "{covered:?}");
        assert!(bound.starts_with("no case was tried within "), "{bound}");
    }
}

#[test]
fn a_refusal_is_excused_by_a_loss_only_where_the_refused_report_may_be_lost_itself() {
    assert_eq!(
        wrong("lost_and_refused", "workflow-accepted"),
        "a report is refused: the row starts in q; a succeeds: its report of x is lost; \
         b starts: its report of y is refused in q, where legal is x, bad; the job fails"
    );
}

#[test]
fn a_row_that_moves_on_has_its_end_said_no_longer() {
    assert_eq!(
        wrong("said_and_left", "workflow-ends"),
        "the row is left in `z`, and no one says that the run is over: the row starts in q; \
         a starts: q -> y; a succeeds: it has no report for that; \
         c concludes that all succeeded: y -> x; d starts: x -> z; \
         d succeeds: it has no report for that"
    );
}

#[test]
fn an_end_that_reopens_is_not_kept_when_the_run_is_started_again() {
    assert_eq!(
        wrong("reopening_end", "workflow-again"),
        "only a report that may be lost says that it is `x`: the row starts in q; \
         a starts: q -> y; a succeeds: y -> x (attempted y); \
         c concludes that all succeeded: reports x again, nothing changes; \
         the run is started again: all jobs; a is cancelled before it begins; \
         c concludes that one was cancelled: its report of bad is refused in x, where legal is y; \
         the job fails"
    );
}

#[test]
fn a_success_that_ends_as_cancelled_is_a_lie() {
    assert_eq!(
        wrong("cancelled_end", "workflow-truth"),
        "the row is `x` (cancelled), and all jobs succeeded: the row starts in q; \
         a starts: q -> y; a succeeds: y -> x (attempted y); \
         c concludes that all succeeded: reports x again, nothing changes"
    );
}

#[test]
fn a_job_after_the_concluding_one_is_skipped_and_its_run_is_over() {
    let proofs = verify::verify(&machine(&fixture("after_the_conclusion")));
    let ClaimResult::Proven { covered } = verdict(&proofs, "workflow-ends") else { panic!() };
    // `a` fails in seventeen ways (its report is never accepted), and then `d` is skipped, whichever of
    // the three becomes of `c`'s report.
    assert_eq!(covered.counts[0], (51, "runs"));
    assert_eq!(covered.counts[2], (22, "cannot report"));
}
