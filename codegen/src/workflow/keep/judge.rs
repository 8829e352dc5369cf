//! What is said of the regions of a workflow: that one is missing, or stands where it says
//! something else.

use super::document::Node;
use super::expected::Expected;
use super::reading::{Reading, WrittenJob};
use super::regions::Region;
use crate::finding::{Finding, Findings, Severity};
use crate::machine::JobId;
use crate::rules;
use crate::suggest::{self, shown};

impl<'r> Reading<'r> {
    /// Says of keys that stand twice: such a workflow does not run at all.
    pub(super) fn judge_keys(&self, findings: &mut Findings<'_>) {
        let mut waiting = vec![&self.document.root];
        while let Some(node) = waiting.pop() {
            waiting.extend(node.items());
            let mut seen: Vec<&Node> = Vec::new();
            for (key, value) in node.entries() {
                waiting.push(value);
                let Some(text) = key.text() else { continue };
                // To GitHub their case does not matter.
                let is_same =
                    |seen: &&&Node| seen.text().is_some_and(|seen| seen.eq_ignore_ascii_case(text));
                if let Some(first) = seen.iter().find(is_same) {
                    let message = format!(
                        "the key `{}` stands twice: it is on line {}, too",
                        shown(text),
                        first.line
                    );
                    let help = "remove one of the two: no workflow with both runs";
                    let span = self.lines.span(key.line);
                    findings.add(rules::DUPLICATE_KEY, Severity::Error, span, message, help);
                }
                seen.push(key);
            }
        }
    }

    /// Says at once what adopting would mend of a workflow that has not been.
    pub(super) fn judge_adoption(&self, mend: &str, findings: &mut Findings<'_>) {
        let jobs = self.document.jobs().iter();
        let mut steps = jobs.flat_map(|(key, value)| self.own_steps(WrittenJob { key, value }));
        if !self.regions.is_empty() || steps.any(|(_, step)| self.is_report(step)) {
            return;
        }
        let first = self.lacks_inputs();
        let is_said = |f: &Finding| f.help == mend || Some(&f.help) == first.as_ref();
        if findings.take_out(is_said) {
            let line = self.document.root.entry("jobs").map_or(1, |(key, _)| key.line);
            let message = "the workflow is not adopted yet: it reports nothing";
            let help =
                first.map_or_else(|| mend.to_owned(), |first| format!("{first}; then {mend}"));
            let span = self.lines.span(line);
            findings.add(rules::NOT_ADOPTED, Severity::Error, span, message, help);
        }
    }

    /// The regions that may be filled, each with what belongs into it. What keeps one from being
    /// filled is reported.
    pub(super) fn judge_regions(&self, findings: &mut Findings<'_>) -> Vec<(Region, &Expected)> {
        let mut sound: Vec<(Region, &Expected)> = Vec::new();
        for region in &self.regions {
            let span = self.lines.span(region.begin);
            let mut add = |rule, message: String, help: String| {
                findings.add(rule, Severity::Error, span.clone(), message, help);
            };
            let name = shown(&region.name);
            let Some(expected) = self.expected.iter().find(|e| e.name == region.name) else {
                let names: Vec<&str> = self.expected.iter().map(|e| e.name.as_str()).collect();
                let others = "where it is another table's, give each a workflow of its own";
                let help = suggest::nearest(&region.name, names.iter().copied()).map_or_else(
                    || format!("remove the region with its markers; {others}"),
                    |near| {
                        format!("did you mean `{near}`? Else remove it with its markers; {others}")
                    },
                );
                add(rules::UNKNOWN_REGION, format!("the table has no report `{name}`"), help);
                continue;
            };
            if let Some((first, _)) = sound.iter().find(|(other, _)| other.name == region.name) {
                let message = format!(
                    "the region `{name}` stands twice: it begins on line {} too",
                    first.begin
                );
                add(rules::DUPLICATE_REGION, message, "remove one of the two".to_owned());
                continue;
            }
            let own = &self.machine.job(expected.job).name;
            let at = self.job_at(region.begin);
            let found = at.and_then(|job| job.key.text());
            if found != Some(own) || !self.is_within(at, region) {
                let message = match found.filter(|found| found != own) {
                    Some(found) => {
                        format!("the region `{name}` stands in the job `{}`", shown(found))
                    }
                    None => format!("the region `{name}` does not stand among the steps of a job"),
                };
                let help = match self.renamed(own) {
                    _ if self.job(own).is_some() => format!("move it to the steps of `{own}`"),
                    Some(other) => format!(
                        "the workflow has no job `{own}`: call the job `{}` so, or remove the \
                         region with its markers",
                        shown(other)
                    ),
                    None => format!(
                        "the workflow has no job `{own}`: remove the region with its markers, or \
                         move it to that job once it is there"
                    ),
                };
                add(rules::MISPLACED_REGION, message, help);
                continue;
            }
            if let Some(column) = self.other_column(at, region) {
                let message = format!(
                    "the region `{name}` is indented by {} spaces, the steps next to it by {column}",
                    self.lines.indentation(region.begin)
                );
                add(rules::MISPLACED_REGION, message, format!("indent its first line by {column}"));
                continue;
            }
            if self.judge_own_text(region, findings) || self.taken_id(expected.job, at).is_some() {
                continue;
            }
            sound.push((region.clone(), expected));
        }
        sound
    }

    /// Whether a region ends where it began: among the steps of one job.
    fn is_within(&self, job: Option<WrittenJob<'r>>, region: &Region) -> bool {
        job.and_then(|job| self.steps(job)).is_some_and(|steps| region.end < steps.until)
    }

    /// The column of the job's other steps, where it is not the region's.
    fn other_column(&self, job: Option<WrittenJob<'r>>, region: &Region) -> Option<usize> {
        let steps = self.steps(job?)?.all;
        let outside = steps.iter().find(|(line, _)| !region.holds(*line));
        let column = outside.map(|(line, _)| self.lines.indentation(*line))?;
        (column != self.lines.indentation(region.begin)).then_some(column)
    }

    /// Says of the regions that a job is to have and lacks, of such as stand in another order than
    /// the job reports in, and of reports outside of regions.
    pub(super) fn judge_completeness(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
        mend: &str,
        findings: &mut Findings<'_>,
    ) {
        let span = self.lines.span(written.key.line);
        let mut last: Option<&Region> = None;
        for expected in self.expected_of(id) {
            let Some(region) = self.regions.iter().find(|region| region.name == expected.name)
            else {
                let message = format!("the job lacks its report `{}`", expected.name);
                let help = match self.place(written, expected) {
                    Ok(_) => mend.to_owned(),
                    Err(by_hand) => by_hand,
                };
                findings.add(rules::MISSING_REGION, Severity::Error, span.clone(), message, help);
                continue;
            };
            if let Some(last) = last.filter(|last| last.begin > region.begin) {
                let message = format!(
                    "`{}` is reported before `{}`, and the table says after it",
                    region.name, last.name
                );
                let help = self.in_order(region, expected, last, written);
                let span = self.lines.span(region.begin);
                findings.add(rules::REGION_ORDER, Severity::Error, span, message, help);
            }
            last = Some(region);
        }
        self.judge_surroundings(id, written, findings);
    }

    /// How two reports of a job come into the table's order. One that stands right above the step that it
    /// is called after stays there: it is the other one that moves.
    fn in_order(
        &self,
        region: &Region,
        expected: &Expected,
        last: &Region,
        written: WrittenJob<'r>,
    ) -> String {
        let own = self.own_steps(written);
        let stands = |region: &Region, expected: &Expected| {
            let has_step = !self.milestone_steps(expected, &own).is_empty();
            has_step && self.milestone_elsewhere(region, expected, &own).is_none()
        };
        let is_last = |expected: &&Expected| expected.name == last.name;
        let before = self.expected.iter().find(is_last);
        match (stands(region, expected), before.is_some_and(|before| stands(last, before))) {
            (false, _) => format!("move the region below line {}", last.end),
            (true, false) => {
                format!("move the region `{}` above line {}", shown(&last.name), region.begin)
            }
            (true, true) => format!(
                "each stands above its own step: let the table have its milestones in the order of the \
                 steps, or move the step on line {} with the region above it below the other step",
                own.iter()
                    .find(|(line, _)| *line > region.end)
                    .map_or(region.end, |(line, _)| *line)
            ),
        }
    }

    fn judge_surroundings(&self, id: JobId, written: WrittenJob<'r>, findings: &mut Findings<'_>) {
        // Where a region holds what is none of its own, nothing is known of the steps around.
        if self.mixed_region(written).is_some() {
            return;
        }
        let own = self.own_steps(written);
        let regions: Vec<(&Region, &Expected)> = self
            .expected_of(id)
            .filter_map(|e| Some((self.regions.iter().find(|r| r.name == e.name)?, e)))
            .filter(|(region, _)| self.stands_in(region, written))
            .collect();
        for (line, step) in own.iter().filter(|(_, step)| self.is_report(step)) {
            // Where its region is missing, that is reported, and mended by taking this step in.
            if self.expected_of(id).any(|e| self.is_the_report(step, e) && !self.has(e)) {
                continue;
            }
            let message = "a step reports outside of any region: it is not kept current";
            let help = "remove it, where a region reports the same";
            findings.add(
                rules::LOOSE_REPORT,
                Severity::Warning,
                self.lines.span(*line),
                message,
                help,
            );
        }
        let first = regions.iter().copied().min_by_key(|(region, _)| region.begin);
        if let Some(first) = first {
            self.judge_checkout(first.0, &own, findings);
            self.judge_container(written, first, &own, findings);
            let regions: Vec<&Region> = regions.iter().map(|(region, _)| *region).collect();
            self.judge_workspace(&regions, &own, findings);
        }
        self.judge_positions(self.machine.job(id), &regions, &own, findings);
    }
}
