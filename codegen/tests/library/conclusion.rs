//! What a concluding job says of the jobs that it needs, held against the words of rule 9 for
//! whatever can have become of three of them.

use phasegate_codegen::machine::{Became, JobId, NeedResult, StateId, conclude};

const RESULTS: [NeedResult; 4] =
    [NeedResult::Success, NeedResult::Failure, NeedResult::Cancelled, NeedResult::Skipped];

#[test]
fn a_concluding_job_says_what_rule_9_says_for_all_results() {
    // The second reports nothing that tells a phase.
    let needed = [Some(4), None, Some(6)].map(|state| state.map(StateId::new));
    let needed: Vec<(JobId, Option<StateId>)> =
        needed.into_iter().enumerate().map(|(at, start)| (JobId::new(at), start)).collect();
    for number in 0..256 {
        let results = [number % 4, number / 4 % 4, number / 16 % 4].map(|at| RESULTS[at]);
        // Where it may be skipped, the third one counts as one that succeeded.
        let is_skippable = number >= 64;
        let counts = |(at, one): (usize, &NeedResult)| match (at, one) {
            (2, NeedResult::Skipped) if is_skippable => NeedResult::Success,
            (_, &one) => one,
        };
        let counted: Vec<NeedResult> = results.iter().enumerate().map(counts).collect();
        // Success where all succeeded; else failure where one failed; else cancelled where one was
        // cancelled; else failure.
        let outcome = if counted.iter().all(|&one| one == NeedResult::Success) {
            Became::Success
        } else if counted.contains(&NeedResult::Failure) {
            Became::Failure
        } else if counted.contains(&NeedResult::Cancelled) {
            Became::Cancelled
        } else {
            Became::Failure
        };
        // The start of the first needed job that had that result.
        let first = results.iter().position(|one| one.as_str() == outcome.as_str());
        let attempted = first.and_then(|at| needed[at].1);
        let said =
            conclude(&needed, |job| is_skippable && job.index() == 2, |job| results[job.index()]);
        assert_eq!(said, (outcome, attempted), "{results:?}");
    }
}
