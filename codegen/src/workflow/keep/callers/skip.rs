//! Whether a job that calls a workflow may be skipped in a run that a console started.

use super::super::facts::Before;
use super::super::reading::{Reading, WrittenJob};
use crate::machine::NeedResult;
use crate::suggest::shown;
use crate::workflow::expression::Condition;

/// Where a job that calls a workflow may not run in a run that a console started: by what.
pub(super) fn may_be_skipped(reading: &Reading<'_>, job: WrittenJob<'_>) -> Option<String> {
    let text = reading.condition(job);
    // What can't be read is reported where it stands.
    let condition = Condition::read(text.unwrap_or_default()).ok()?;
    let needs = reading.needs(job);
    let facts = reading.facts();
    let holds = |results: Vec<NeedResult>, cancelled: bool| {
        let needs = needs.iter().map(|need| need.to_lowercase()).zip(results).collect();
        !condition.holds(&Before { needs, cancelled, facts: &facts }).no
    };
    let all = |result| vec![result; needs.len()];
    if !holds(all(NeedResult::Success), false) {
        let text = text.map(|text| shown(text.trim())).unwrap_or_default();
        return Some(format!(" (`if: {text}`)"));
    }
    let one_is = |result| {
        (0..needs.len()).find(|&at| {
            let mut results = all(NeedResult::Success);
            results[at] = result;
            !holds(results, result == NeedResult::Cancelled)
        })
    };
    let ends = [NeedResult::Failure, NeedResult::Cancelled];
    let found = ends.into_iter().find_map(|result| Some((one_is(result)?, result)));
    let (at, result) = found.or_else(|| {
        let at = one_is(NeedResult::Skipped)?;
        // A job that waits for none, and has no condition, is never skipped.
        let job = reading.job(needs[at])?;
        let may_be = reading.condition(job).is_some() || !reading.needs(job).is_empty();
        may_be.then_some((at, NeedResult::Skipped))
    })?;
    Some(format!(" where `{}` ends as {}", shown(needs[at]), result.as_str()))
}
