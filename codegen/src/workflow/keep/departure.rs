//! What is said of a run that breaks what the table proves: the job that begins, or does not, otherwise
//! than the table says, and what would mend that.

use std::fmt::Write as _;

use super::document::Node;
use super::facts::Before;
use super::model::Instead;
use super::reading::{Reading, WrittenJob};
use crate::emit::workflow::{NONE_FAILED, expression as expression_of, passed};
use crate::finding::{Findings, Severity};
use crate::machine::{JobId, NeedResult};
use crate::rules::{self, Rule};
use crate::runs::{Departure, Workflow};
use crate::search::closure;
use crate::suggest::{self, shown};
use crate::verify::{About, Broken, Claim};
use crate::workflow::expression::{self, Condition};

impl<'r> Reading<'r> {
    pub(super) fn tell_broken(
        &self,
        own: &Workflow<'_>,
        claim: Claim,
        broken: &Broken,
        findings: &mut Findings<'_>,
    ) {
        let departed = broken.path.1.and_then(|departure| {
            let id = JobId::new(departure.job);
            Some((departure, id, self.job(&self.machine.job(id).name)?))
        });
        let why = &broken.why;
        let run = format!("the shortest run: {}", broken.path.0.join("; "));
        let unheard = self.unheard(claim, broken).and_then(|id| self.hears_of_all(id, broken));
        let (rule, line, message, help) = match (unheard, departed) {
            (Some(unheard), _) => unheard,
            (None, None) => {
                let rule = rule_of(claim);
                let line = self.document.root.entry("jobs").map_or(1, |(key, _)| key.line);
                let message =
                    format!("by this workflow it does not hold what the table proves: {why}");
                match self.deaf().and_then(|id| self.hears_of_all(id, broken)) {
                    Some((_, line, _, help)) => (rule, line, message, help),
                    None => (rule, line, message, rule.mend.to_owned()),
                }
            }
            (None, Some((departure, id, written))) => {
                let (rule, message, help) = self.departs(own, departure, id, written, why);
                let help = self.misread(written).unwrap_or(help);
                (rule, written.key.line, message, help)
            }
        };
        let help = format!("{help}; {run}");
        findings.add(rule, Severity::Error, self.lines.span(line), message, help);
    }

    /// The concluding job, where it does not hear that the run was cancelled, in a job that the table
    /// lacks.
    pub(super) fn unheard(&self, claim: Claim, broken: &Broken) -> Option<JobId> {
        match (claim, broken.about) {
            (Claim::Truth | Claim::Again, About::Job(id)) => Some(id),
            (_, About::Job(_) | About::State(_) | About::Phase(_)) => None,
        }
    }

    /// A concluding job that does not hear of a job that the table lacks, and that keeps one of the table's
    /// from running: to it that one was skipped, as it may be.
    fn deaf(&self) -> Option<JobId> {
        let is_deaf = |&(id, written): &(JobId, WrittenJob<'r>)| {
            let direct = self.needs(written);
            self.machine.job(id).always && self.gates(id).iter().any(|gate| !direct.contains(gate))
        };
        self.jobs().map(|(id, _, written)| (id, written)).find(is_deaf).map(|(id, _)| id)
    }

    /// What is said of it.
    fn hears_of_all(
        &self,
        id: JobId,
        broken: &Broken,
    ) -> Option<(&'static Rule, usize, String, String)> {
        let job = self.machine.job(id);
        let written = self.job(&job.name)?;
        let direct = self.needs(written);
        let missing: Vec<&str> =
            self.gates(id).into_iter().filter(|gate| !direct.contains(gate)).collect();
        let result = self.wanted_result(id, written, &missing);
        let message =
            format!("the job `{}` does not hear of every job before it: {}", job.name, broken.why);
        let give = format!("give it, in its `env:`, `RESULT: {result}`");
        let help = match missing.is_empty() {
            true => give,
            false => format!("add {} to its `needs`, and {give}", suggest::list(&missing)),
        };
        Some((rules::CONCLUSION, written.key.line, message, help))
    }

    /// What to know of `cancelled()` where a job asks for it, and one before it may be cancelled while the
    /// run goes on.
    fn stopped_before(&self, written: WrittenJob<'r>) -> Option<String> {
        let text = self.condition(written)?.to_lowercase();
        let needs = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
        let mut before = closure(self.needs(written), needs).into_iter();
        let (job, key) = before.find_map(|name| Some((name, self.stopped_by(self.job(name)?)?)))?;
        text.contains("cancelled(").then(|| {
            format!(
                "; `cancelled()` asks for the whole run, and `{}` may be cancelled by itself (`{key}`)",
                shown(job)
            )
        })
    }

    fn departs(
        &self,
        own: &Workflow<'_>,
        departure: Departure,
        id: JobId,
        written: WrittenJob<'r>,
        why: &str,
    ) -> (&'static Rule, String, String) {
        let name = &self.machine.job(id).name;
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let condition = self.condition(written).map(|text| shown(&words(text)));
        let said = condition.as_ref().map(|text| format!(" (`if: {text}`)")).unwrap_or_default();
        if departure.is_replaced {
            let group = self.shared_group(written).and_then(Node::text).unwrap_or_default();
            let message = format!(
                "`{name}` is cancelled where its run or it waits in the concurrency group `{}` and a \
                 later one comes: {why}",
                shown(&words(group))
            );
            let help = format!(
                "let that group be `{}`, and give a group of its own, with `concurrency:`, to the job that \
                 has to be the only one of its kind",
                self.own_group(written)
            );
            return (rules::SHARED_GROUP, message, help);
        }
        let concluding = self.github().runs(id).filter(|_| self.machine.job(id).always);
        if let Some(generated) = concluding {
            let message = format!("the job `{name}` does not run in every run{said}: {why}");
            let help = format!("give it `if: {generated}`: it says what became of the others");
            return (rules::CONCLUSION, message, help);
        }
        let has_condition = condition.is_some();
        if departure.begins {
            let message = format!(
                "the job `{name}` runs though what it waits for did not succeed{said}: {why}{}",
                self.stopped_before(written).unwrap_or_default()
            );
            let help = match self.mended(own, departure, written, &self.narrower(id, written)) {
                Some(ways) => ways,
                None => "take its `if:` off, and let it wait for what the table says".to_owned(),
            };
            return (rules::JOB_CONDITION, message, help);
        }
        let is_always = self.never_begins(written);
        let message = match has_condition {
            true if is_always => format!(
                "the job `{name}` is skipped in every run that a console starts{said}, which counts as a \
                 failure: {why}"
            ),
            true => {
                format!("the job `{name}` may be skipped{said}, which counts as a failure: {why}")
            }
            false => format!("the job `{name}` is skipped where one before it was: {why}"),
        };
        let by_itself = || self.skipped_by_itself(id, written);
        let help = match self.mended(own, departure, written, &self.wider(id, written)) {
            Some(way) if !has_condition => {
                format!("where that is meant, {way}; else let the one before it always run")
            }
            Some(way) if self.waits_for_skippable(id) => way,
            Some(way) => format!("where that is meant, {way}; else {}", by_itself()),
            None if has_condition => by_itself(),
            None => "let the jobs before it always run".to_owned(),
        };
        (rules::JOB_CONDITION, message, help)
    }

    /// Whether a job begins in no run that a console starts, though all that it needs succeeded.
    pub(super) fn never_begins(&self, written: WrittenJob<'r>) -> bool {
        let succeeded = |need: &str| (need.to_lowercase(), NeedResult::Success);
        let needs = self.needs(written).into_iter().map(succeeded).collect();
        let condition = Condition::read(self.condition(written).unwrap_or_default());
        let before = Before { needs, cancelled: false, facts: &self.facts() };
        condition.is_ok_and(|condition| !condition.holds(&before).yes)
    }

    /// Whether a job's condition asks for nothing, so that it is the same in every run.
    pub(super) fn is_constant(&self, written: WrittenJob<'r>) -> bool {
        let asked =
            self.condition(written).map(|text| expression::asked(text, !text.contains("${{")));
        matches!(asked, Some(Ok((contexts, functions))) if contexts.is_empty() && functions.is_empty())
    }

    /// What to do about a condition that asks for something else than what it seems to.
    fn misread(&self, written: WrittenJob<'r>) -> Option<String> {
        let text = self.condition(written)?;
        let direct = self.needs(written);
        let is_named = |job: &String| direct.iter().any(|need| need.eq_ignore_ascii_case(job));
        let of_others =
            expression::needed(text).into_iter().filter(|job| job != "*" && !is_named(job));
        let of_others: Vec<&str> = of_others
            .filter_map(|job| self.job_names().into_iter().find(|n| n.eq_ignore_ascii_case(&job)))
            .collect();
        if !of_others.is_empty() {
            let names = suggest::list(&of_others);
            return Some(format!(
                "add {names} to its `needs`: it learns nothing of a job that it does not name there, and what \
                 its `if:` asks for is empty"
            ));
        }
        if !text.contains("${{") || !expression::terms(text).is_empty() {
            return None;
        }
        let whole = text.trim();
        Some(match text.ends_with('\n') && !expression::terms(whole).is_empty() {
            true => "write `if: |-` or put it on one line: with `|` a line end follows the expression, and a text \
                     that is not empty counts as true"
                .to_owned(),
            false => "put the whole condition between one `${{` and its `}}`: what stands next to them makes a text \
                      of it, and one that is not empty counts as true"
                .to_owned(),
        })
    }

    /// Whether a job needs one that may be skipped without harm.
    fn waits_for_skippable(&self, id: JobId) -> bool {
        let needs = &self.machine.job(id).needs;
        needs.iter().any(|&need| self.machine.job(need).skippable)
    }

    /// What to do about a job that its own condition may skip.
    fn skipped_by_itself(&self, id: JobId, written: WrittenJob<'r>) -> String {
        if self.is_constant(written) {
            return NEVER.to_owned();
        }
        let Some(state) = self.unskippable(id) else {
            return match self.never_begins(written) {
                true => EVER.to_owned(),
                false => "where that is meant, write `skippable = true` of the job in the table; else take \
                          its `if:` off"
                    .to_owned(),
            };
        };
        let terms = expression::terms(self.condition(written).unwrap_or_default());
        let own: Vec<String> = terms
            .into_iter()
            .filter(|term| !IMPLIED.contains(&term.to_lowercase().as_str()))
            .collect();
        if own.is_empty() {
            return format!(
                "take its `if:` off: where the job is skipped, `{state}` is not reported"
            );
        }
        format!(
            "take its `if:` off: where the job is skipped, `{state}` is not reported; and where the run is \
             to fail then, put below its first report, or as its first step, `- if: ${{{{ !({}) }}}}` with \
             `run: exit 1`",
            own.join(" && ")
        )
    }

    /// Those of some conditions by which the job begins as the table says, as people write them; none
    /// where there is none. The condition that stands there is none of them.
    fn mended(
        &self,
        own: &Workflow<'_>,
        departure: Departure,
        written: WrittenJob<'r>,
        ways: &[Instead],
    ) -> Option<String> {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let now = words(self.condition(written).unwrap_or_default());
        let is_enough = |instead: &&Instead| {
            let is_same = |broken: &Broken| broken.path.1.is_some_and(|of| of.job == departure.job);
            let is_new = words(&instead.condition) != now || !instead.needs.is_empty();
            let found = self.breaks(own, Some(instead));
            is_new && found.is_ok_and(|(found, _)| !found.values().any(is_same))
        };
        let instead = ways.iter().find(is_enough)?;
        let mut help = String::new();
        if !instead.needs.is_empty() {
            let names = suggest::list(&instead.needs);
            let _ = write!(help, "add {names} to its `needs`, and ");
        }
        let _ = match instead.condition.is_empty() {
            true => write!(help, "take its `if:` off"),
            false => write!(help, "give it `if: {}`", instead.condition),
        };
        Some(help)
    }

    /// The job without a condition, and with one that asks for more than its own does.
    fn narrower(&self, id: JobId, written: WrittenJob<'r>) -> Vec<Instead> {
        let name = &self.machine.job(id).name;
        let plain = |condition: String| Instead { job: name.clone(), condition, needs: Vec::new() };
        let mut ways: Vec<Instead> = Vec::new();
        let terms = expression::terms(self.condition(written).unwrap_or_default());
        let asks_of_needs =
            |term: &String| STATUS.iter().any(|of| term.to_lowercase().contains(of));
        let own: Vec<String> = terms.into_iter().filter(|term| !asks_of_needs(term)).collect();
        if !own.is_empty() {
            ways.push(plain(expression_of(&format!("success() && {}", own.join(" && ")))));
        }
        ways.push(plain(String::new()));
        ways.extend(self.wider(id, written));
        ways
    }

    /// The job with a condition that asks for what its own does, and for each job that it needs: that it
    /// succeeded; or, too, that it was skipped, where the table lacks it.
    fn wider(&self, id: JobId, written: WrittenJob<'r>) -> Vec<Instead> {
        let mut ways = vec![self.asks_all(id, written, false)];
        if self.work_of(id, written).is_empty() {
            ways.push(self.asks_all(id, written, true));
        }
        ways
    }

    /// A job with a condition that asks for all that it needs, those that the table lacks included,
    /// and for what its own asks for.
    pub(super) fn asks_all(&self, id: JobId, written: WrittenJob<'r>, may_skip: bool) -> Instead {
        let table: Vec<&str> = self
            .machine
            .job(id)
            .needs
            .iter()
            .map(|&need| self.machine.job(need).name.as_str())
            .collect();
        let direct = self.needs(written);
        let mut terms = vec![NONE_FAILED.to_owned()];
        terms.extend(self.machine.job(id).needs.iter().map(|&need| self.github().passed(need)));
        let others = direct.iter().filter(|name| !table.contains(name));
        terms.extend(others.map(|name| passed(name, may_skip)));
        for term in expression::terms(self.condition(written).unwrap_or_default()) {
            let is_said = terms.contains(&term) || IMPLIED.contains(&term.to_lowercase().as_str());
            terms.extend((!is_said).then_some(term));
        }
        let is_new = |name: &&&str| !direct.contains(name);
        Instead {
            job: self.machine.job(id).name.clone(),
            condition: expression_of(&terms.join(" && ")),
            needs: table.iter().filter(is_new).map(|&name| name.to_owned()).collect(),
        }
    }
}

/// What to do about a job that no run of a console has.
pub(super) const EVER: &str = "let it hold in runs that a console starts, too, or take its `if:` off; a job that only other runs \
                    have is none of the table's";

/// What to do about a job whose condition holds in no run at all.
pub(super) const NEVER: &str =
    "the job never runs: take its `if:` off; or take the job off, here and in the table";

/// Functions by which a condition asks what became of the jobs before.
const STATUS: [&str; 4] = ["always()", "success()", "failure()", "cancelled()"];

/// What is said by asking for each job, or would say the opposite.
const IMPLIED: [&str; 5] = ["always()", "success()", "!failure()", "!cancelled()", "true"];

impl Reading<'_> {
    /// A state for whose sake a job can't be skippable: nothing passes over it.
    fn unskippable(&self, id: JobId) -> Option<&str> {
        let job = self.machine.job(id);
        let mut states = job.before_outcome().into_iter().chain(job.success);
        let state = states.find(|&state| !self.machine.state(state).optional)?;
        Some(&self.machine.state(state).name)
    }
}

/// The rule that a table breaks of whose own runs this is claimed.
const fn rule_of(claim: Claim) -> &'static Rule {
    match claim {
        Claim::Accepted => rules::WORKFLOW_ACCEPTED,
        Claim::Ends => rules::WORKFLOW_ENDS,
        Claim::Truth => rules::WORKFLOW_TRUTH,
        Claim::Views => rules::WORKFLOW_VIEWS,
        Claim::Again => rules::WORKFLOW_AGAIN,
        Claim::Late => rules::WORKFLOW_LATE_LOSS,
    }
}
