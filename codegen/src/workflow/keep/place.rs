//! Where a region belongs that a workflow lacks: the lines that would put it there, or what only a
//! person can say.

use super::document::Node;
use super::expected::Expected;
use super::held::own_key;
use super::lines::Edit;
use super::position::is_guard;
use super::reading::{Reading, Steps, WrittenJob};
use super::regions::{END, begin};
use crate::machine::ReportKind;
use crate::suggest::{self, shown};

impl<'r> Reading<'r> {
    /// The changes that make room for a region.
    ///
    /// # Errors
    /// Where its place cannot be known: what a person has to do.
    pub(super) fn place(
        &self,
        job: WrittenJob<'r>,
        expected: &Expected,
    ) -> Result<Vec<Edit>, String> {
        let Some(steps) = self.steps(job) else {
            return Err("give the job `steps:`, a line for each key of each step".to_owned());
        };
        let own = self.own_steps(job);
        if let Some(by_hand) = self.lacks(job, expected) {
            return Err(by_hand);
        }
        if let Some(&(line, step)) = own.iter().find(|(_, step)| self.is_the_report(step, expected))
        {
            return match own_key(step) {
                Some(key) => Err(format!(
                    "line {line} reports it already, with a key that no report has, `{}`: remove \
                     that key, or the step",
                    shown(key.text().unwrap_or_default())
                )),
                None => self.around(&steps, line, expected),
            };
        }
        if let Some(by_hand) = self.lacks_checkout(&own) {
            return Err(by_hand);
        }
        match expected.kind {
            ReportKind::Start => self.place_start(job, &steps, &own, expected),
            ReportKind::Milestone(place) => self.place_milestone(job, &steps, place, expected),
            ReportKind::Outcome => match steps.all.last() {
                Some(&(line, _)) => Ok(vec![self.after(&steps, line, expected)]),
                None => Ok(vec![self.marked(&steps, steps.line, expected, false)]),
            },
        }
    }

    /// What a person has to do before a report can be written into a job: nothing that it asks for
    /// may be lacking, and no id may stand twice.
    fn lacks(&self, job: WrittenJob<'r>, expected: &Expected) -> Option<String> {
        if let Some(unknown) = self.unknown_region(job) {
            return Some(format!(
                "first mend the region `{}` of the job, or remove it: the table has no such report",
                shown(&unknown.name)
            ));
        }
        if let Some(mixed) = self.mixed_region(job) {
            let name = shown(&mixed.name);
            return Some(format!("first mend the region `{name}` of the job: it holds more"));
        }
        if let Some(by_hand) = self.lacks_inputs() {
            return Some(by_hand);
        }
        if let Some(id) = self.taken_id(expected.job, Some(job)) {
            let id = shown(id.text().unwrap_or_default());
            return Some(format!("first give the step with the id `{id}` another one"));
        }
        if expected.kind != ReportKind::Outcome {
            return None;
        }
        // The outcome asks for the reports before it, a conclusion for the jobs.
        let is_open =
            |e: &&Expected| e.state.is_some() && !self.has(e) && self.place(job, e).is_err();
        if let Some(open) = self.expected_of(expected.job).find(is_open) {
            return Some(format!("first give `{}` its place: this asks for it", open.name));
        }
        let known = self.needs(job);
        let needed = &self.machine.job(expected.job);
        let mut needed = needed.needs.iter().map(|&need| self.machine.job(need).name.as_str());
        let unknown = needed.find(|need| !known.contains(need))?;
        let is_asked = self.machine.job(expected.job).always;
        is_asked.then(|| format!("first add `{unknown}` to the job's `needs`: this asks for it"))
    }

    /// The start goes after what installs what it runs with; else it is the first step of all, but where
    /// it is sent by an action that a checkout brings: there it goes after that, and before the work.
    fn place_start(
        &self,
        job: WrittenJob<'r>,
        steps: &Steps<'_>,
        own: &[(usize, &'r Node)],
        expected: &Expected,
    ) -> Result<Vec<Edit>, String> {
        if let Some(installer) = self.installer(job, own) {
            return Ok(vec![self.after(steps, installer, expected)]);
        }
        if !self.is_local() {
            // What guards the steps below it comes before them.
            let guard = own.first().filter(|(_, step)| is_guard(step));
            return Ok(vec![match guard {
                Some((line, _)) => self.after(steps, *line, expected),
                None => self.marked(steps, steps.line, expected, self.is_spaced(steps)),
            }]);
        }
        let checkout = self.checkout(own).unwrap_or(steps.line);
        match self.work_above(checkout, own) {
            None => Ok(vec![self.after(steps, checkout, expected)]),
            Some(work) => Err(format!(
                "line {work} does the job's work before the checkout on line {checkout}, and the \
                 start can be reported only after that: move the checkout above line {work}"
            )),
        }
    }

    /// A milestone goes before the step that is called as it is.
    fn place_milestone(
        &self,
        job: WrittenJob<'r>,
        steps: &Steps<'_>,
        place: usize,
        expected: &Expected,
    ) -> Result<Vec<Edit>, String> {
        let own = self.own_steps(job);
        let wanted = self.machine.job(expected.job).milestones[place].name.trim();
        let line = match self.milestone_steps(expected, &own)[..] {
            [line] => line,
            [first, second, ..] => {
                return Err(format!(
                    "more than one step is called `{}`, on the lines {first} and {second}: put `{}` \
                     and `{END}` before the one that begins it, or call the others otherwise",
                    shown(wanted),
                    begin(&expected.name)
                ));
            }
            [] => {
                let names = own.iter().filter_map(|(_, step)| step.get("name")?.text());
                let near = match suggest::nearest(wanted, names.map(str::trim)) {
                    Some(near) => format!(" (did you mean `{}`?):", shown(near)),
                    None => ":".to_owned(),
                };
                return Err(format!(
                    "no step of the job is called `{}`{near} put `{}` and `{END}` before the step \
                     that begins it, or call that step so",
                    shown(wanted),
                    begin(&expected.name)
                ));
            }
        };
        if let Some(checkout) = self.checkout(&own).filter(|c| line <= *c && self.is_local()) {
            return Err(format!(
                "the step `{}` begins on line {line}, and nothing can be reported before the \
                 checkout on line {checkout} is done: move the step below it",
                shown(wanted)
            ));
        }
        if let Some(other) = self.out_of_order(expected, line, &own) {
            return Err(format!(
                "the step `{}` on line {line} is in another order to `{other}` than the table says: \
                 change the one or the other",
                shown(wanted)
            ));
        }
        let step = own.iter().find(|(at, _)| *at == line).map(|(_, step)| *step);
        if let Some(condition) = step.and_then(|step| self.may_skip(job, step)) {
            let wanted = shown(wanted);
            let help = Self::unskipped(&condition);
            return Err(format!("the step `{wanted}` on line {line} may be skipped: {help}"));
        }
        Ok(vec![self.before(steps, line, expected)])
    }

    /// A report of the same job that would stand on the wrong side of one before a line.
    fn out_of_order(
        &self,
        expected: &Expected,
        line: usize,
        own: &[(usize, &'r Node)],
    ) -> Option<&str> {
        let mut is_later = false;
        let mut wrong = self.expected_of(expected.job).filter(|other| {
            if other.name == expected.name {
                is_later = true;
                return false;
            }
            let region = self.regions.iter().find(|region| region.name == other.name);
            let stands = match (region, &self.milestone_steps(other, own)[..]) {
                (Some(region), _) => region.begin,
                (None, [step]) => *step,
                (None, _) => return false,
            };
            if is_later { stands < line } else { stands >= line }
        });
        wrong.next().map(|other| other.name.as_str())
    }

    /// Markers around a step that reports already.
    fn around(
        &self,
        steps: &Steps<'_>,
        line: usize,
        expected: &Expected,
    ) -> Result<Vec<Edit>, String> {
        let column = self.lines.indentation(line);
        let at = |line: usize, text: String| Edit {
            at: line - 1..line - 1,
            lines: vec![format!("{}{text}", " ".repeat(column))],
        };
        let last = self.last_line(line, steps.after(line));
        if let Some(comment) = self.comment_between(line - 1, last + 1) {
            return Err(format!(
                "line {line} reports it already, with a comment of your own on line {comment}: move \
                 that above the step, which is written anew from then on"
            ));
        }
        Ok(vec![at(line, begin(&expected.name)), at(last + 1, END.to_owned())])
    }

    /// A region after the step at a line.
    fn after(&self, steps: &Steps<'_>, line: usize, expected: &Expected) -> Edit {
        let until = steps.after(line);
        let mut last = self.last_line(line, until);
        // Blank lines that a text keeps are the user's own.
        let is_kept = self.document.keeps_blank_lines(line, last);
        while is_kept && last + 1 < until && self.lines.is_blank(last + 1) {
            last += 1;
        }
        // A region that the step stands in ends below it.
        if let Some(region) = self.regions.iter().find(|region| region.holds(last)) {
            last = region.end;
        }
        let mut edit = self.marked(steps, last, expected, false);
        if self.is_spaced(steps) && !is_kept {
            edit.lines.insert(0, String::new());
        }
        edit
    }

    /// A region before the step at a line, and before the comment right above it.
    fn before(&self, steps: &Steps<'_>, line: usize, expected: &Expected) -> Edit {
        let is_comment = |line: usize| {
            line > steps.line
                && !self.in_region(line)
                && self.document.comments.iter().any(|comment| comment.line == line)
                && self.lines.line(line).trim_start().starts_with('#')
        };
        let mut first = line;
        while is_comment(first - 1) {
            first -= 1;
        }
        self.marked(steps, first - 1, expected, self.is_spaced(steps))
    }

    /// The two markers after a line.
    fn marked(&self, steps: &Steps<'_>, after: usize, expected: &Expected, blank: bool) -> Edit {
        let column = match steps.all.first() {
            Some(&(line, _)) => self.lines.indentation(line),
            None => self.lines.indentation(steps.line) + 2,
        };
        let indentation = " ".repeat(column);
        let mut lines =
            vec![format!("{indentation}{}", begin(&expected.name)), format!("{indentation}{END}")];
        lines.extend(blank.then(String::new));
        Edit { at: after..after, lines }
    }

    /// Whether the job's steps stand apart by blank lines.
    fn is_spaced(&self, steps: &Steps<'_>) -> bool {
        steps.all.iter().skip(1).any(|&(line, _)| {
            (steps.line + 1..line)
                .rev()
                .find(|&above| !self.lines.line(above).trim_start().starts_with('#'))
                .is_some_and(|above| self.lines.is_blank(above))
        })
    }
}
