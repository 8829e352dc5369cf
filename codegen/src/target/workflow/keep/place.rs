//! Where a region belongs that a workflow lacks: the lines that would put it there, or what only a
//! person can say.

use super::expected::Expected;
use super::lines::Edit;
use super::reading::{Found, Reading, Steps};
use super::regions::{END, begin};
use crate::machine::ReportKind;
use crate::suggest::{self, shown};

impl Reading<'_> {
    /// The changes that make room for a region.
    ///
    /// # Errors
    /// Where it cannot be told where it belongs: what a person has to do.
    pub(super) fn place(&self, job: Found<'_>, expected: &Expected) -> Result<Vec<Edit>, String> {
        let Some(steps) = self.steps(job) else {
            return Err("give the job `steps:`, a line for each key of each step".to_owned());
        };
        let own = self.own_steps(job);
        if let Some(unknown) = self.unknown_region(job) {
            return Err(format!(
                "first mend the region `{}` of the job, or remove it: the table has no such report",
                shown(&unknown.name)
            ));
        }
        if let Some(&(line, _)) = own.iter().find(|(_, step)| self.is_the_report(step, expected)) {
            return Ok(self.around(&steps, line, expected));
        }
        if let Some(by_hand) = self.lacks_checkout(&own) {
            return Err(by_hand);
        }
        match expected.kind {
            ReportKind::Start => {
                if let Some(line) = self.checkout(&own) {
                    return Ok(vec![self.after(&steps, line, expected)]);
                }
                Ok(vec![self.marked(&steps, steps.line, expected, false)])
            }
            ReportKind::Milestone(at) => {
                let milestone = &self.machine.job(expected.job).milestones[at].name;
                let wanted = milestone.trim();
                let named: Vec<(usize, &str)> = own
                    .iter()
                    .filter_map(|&(line, step)| Some((line, step.get("name")?.text()?.trim())))
                    .collect();
                let is_it = |name: &str| name.to_lowercase() == wanted.to_lowercase();
                if let Some(&(line, _)) = named.iter().find(|(_, name)| is_it(name)) {
                    return Ok(vec![self.before(&steps, line, expected)]);
                }
                let names: Vec<&str> = named.iter().map(|&(_, name)| name).collect();
                let near = match suggest::nearest(wanted, names.iter().copied()) {
                    Some(near) => format!(" (did you mean `{}`?):", shown(near)),
                    None => ":".to_owned(),
                };
                Err(format!(
                    "no step of the job is called `{}`{near} put `{}` and `{END}` before the step \
                     that begins it, or call that step so",
                    shown(wanted),
                    begin(&expected.name)
                ))
            }
            ReportKind::Outcome => match steps.all.last() {
                Some(&(line, _)) => Ok(vec![self.after(&steps, line, expected)]),
                None => Ok(vec![self.marked(&steps, steps.line, expected, false)]),
            },
        }
    }

    /// Markers around a step that reports already.
    fn around(&self, steps: &Steps<'_>, line: usize, expected: &Expected) -> Vec<Edit> {
        let column = self.lines.indentation(line);
        let at = |line: usize, text: String| Edit {
            at: line - 1..line - 1,
            lines: vec![format!("{}{text}", " ".repeat(column))],
        };
        let last = self.last_line(line, next(steps, line));
        vec![at(line, begin(&expected.name)), at(last + 1, END.to_owned())]
    }

    /// A region after the step at a line.
    fn after(&self, steps: &Steps<'_>, line: usize, expected: &Expected) -> Edit {
        let mut last = self.last_line(line, next(steps, line));
        // A region that the step stands in ends below it.
        if let Some(region) = self.regions.iter().find(|region| region.holds(last)) {
            last = region.end;
        }
        let mut edit = self.marked(steps, last, expected, false);
        if self.is_spaced(steps) {
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

/// The line of the step after the one at a line, or the first line after all of them.
fn next(steps: &Steps<'_>, line: usize) -> usize {
    let later = steps.all.iter().map(|&(other, _)| other).find(|&other| other > line);
    later.unwrap_or(steps.until)
}
