//! The concurrency groups of a run: those in which runs of several rows wait, of which one that waits and
//! is replaced by a later one ends without a report; and those in which two things of one run meet.

use super::document::Node;
use super::reading::{Reading, WrittenJob};
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::search::closure;
use crate::suggest::{self, shown};
use crate::workflow::expression::{self, NamePart};

/// A concurrency group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Whose it is: a job's; or, where there is none, the whole run's.
    pub(super) job: Option<String>,
    /// The file in which it stands, as others call it; none where that is the one that is looked at.
    pub(super) file: Option<String>,
    /// What stands there.
    pub(super) text: String,
    line: usize,
    /// What it is called, with the row's id and what else is a run's own by one name in each file.
    name: Vec<NamePart>,
    /// Whether one that comes cancels the one that is there.
    cancels: bool,
}

/// How the row's id is called in the names of groups.
const ROW: &str = "the row's id";

impl Group {
    /// Whether the two can be one in a run. What only one of them can hold distinguishes them.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let (mut a, mut b) = (&self.name[..], &other.name[..]);
        while let ([first, rest @ ..], [second, others @ ..]) = (a, b)
            && first == second
        {
            (a, b) = (rest, others);
        }
        if a.is_empty() && b.is_empty() {
            return true;
        }
        while let ([rest @ .., last], [others @ .., second]) = (a, b)
            && last == second
        {
            (a, b) = (rest, others);
        }
        let is_own =
            |part: &NamePart| matches!(part, NamePart::Asked(_, Some(keys)) if is_a_runs(keys));
        if a.iter().any(is_own) || b.iter().any(is_own) {
            return false;
        }
        meet(&signs(a), &signs(b))
    }

    /// The group as the workflow sees it that calls the one in which it stands, and gives it these
    /// inputs: in small letters, each with the parts of its value.
    pub(super) fn called(&self, file: &str, given: &[(String, Vec<NamePart>)]) -> Self {
        let of_caller = |part: &NamePart| match part {
            NamePart::Asked(_, Some(keys)) => match &keys[..] {
                [context, input] if context == "inputs" => {
                    let value = given.iter().find(|(name, _)| name == input);
                    value.map_or_else(|| vec![part.clone()], |(_, value)| value.clone())
                }
                _ => vec![part.clone()],
            },
            NamePart::Text(_) | NamePart::Asked(_, None) => vec![part.clone()],
        };
        let mut name: Vec<NamePart> = Vec::new();
        for part in self.name.iter().flat_map(of_caller) {
            match (name.last_mut(), part) {
                (Some(NamePart::Text(before)), NamePart::Text(text)) => before.push_str(&text),
                (_, part) => name.push(part),
            }
        }
        let file = Some(self.file.clone().unwrap_or_else(|| file.to_owned()));
        Self { name, file, ..self.clone() }
    }

    /// Whose it is, in words.
    pub(super) fn whose(&self) -> String {
        let of = match &self.job {
            Some(job) => format!("the job `{}`", shown(job)),
            None => "the run".to_owned(),
        };
        match (&self.file, &self.job) {
            (Some(file), Some(_)) => format!("{of} of `{}`", shown(file)),
            (Some(file), None) => format!("`{}`", shown(file)),
            (None, _) => of,
        }
    }
}

/// A sign of a name, or any text.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Sign {
    Char(char),
    Any,
}

/// A name sign by sign: what is not known may be anything, but a full ref begins with its kind.
fn signs(name: &[NamePart]) -> Vec<Sign> {
    let of = |part: &NamePart| -> Vec<Sign> {
        let chars = |text: &str| text.chars().map(Sign::Char).collect();
        match part {
            NamePart::Text(text) => chars(text),
            NamePart::Asked(_, Some(keys)) if *keys == ["github", "ref"] => {
                [chars("refs/"), vec![Sign::Any]].concat()
            }
            NamePart::Asked(..) => vec![Sign::Any],
        }
    };
    name.iter().flat_map(of).collect()
}

/// Whether some text is both.
fn meet(one: &[Sign], other: &[Sign]) -> bool {
    // Of each rest of the other: whether the rest of the one that was looked at last meets it.
    let mut below: Vec<bool> = Vec::new();
    for at in (0..=one.len()).rev() {
        let mut now = vec![false; other.len() + 1];
        for to in (0..=other.len()).rev() {
            let (sign, its) = (one.get(at), other.get(to));
            now[to] = match (sign, its) {
                (None, None) => true,
                (Some(Sign::Any), _) if below[to] => true,
                (_, Some(Sign::Any)) if now[to + 1] => true,
                // Any text takes a sign of the other in.
                (Some(Sign::Any), Some(_)) => now[to + 1],
                (Some(_), Some(Sign::Any)) => below[to],
                (Some(sign), Some(its)) => sign == its && below[to + 1],
                (Some(_), None) | (None, Some(_)) => false,
            };
        }
        below = now;
    }
    below[0]
}

/// Whether no other run has what stands at some keys.
fn is_a_runs(keys: &[String]) -> bool {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    matches!(keys[..], [ROW] | ["github", "run_id" | "run_number"])
}

impl<'r> Reading<'r> {
    /// The concurrency group in which the job or the whole run waits alongside those of other rows: one
    /// that waits is cancelled where a later one comes, and nothing of it runs.
    pub(super) fn shared_group(&self, job: WrittenJob<'r>) -> Option<&'r Node> {
        // One that lets more than one wait replaces none.
        let is_queue = |value: &&Node| value.get("queue").and_then(Node::text) == Some("max");
        let both = [self.whole_group(), self.value(job, "concurrency")].into_iter().flatten();
        both.filter(|value| !is_queue(value)).filter_map(group).find(|group| self.is_shared(group))
    }

    fn whole_group(&self) -> Option<&'r Node> {
        self.document.root.get("concurrency").map(|value| self.document.resolved(value))
    }

    /// What a group in which several rows wait is to be called: no other has that name.
    pub(super) fn own_group(&self, job: WrittenJob<'r>) -> String {
        let id = self.id_keys.join(".");
        let of_run = self.whole_group().and_then(group).is_some_and(|group| self.is_shared(group));
        match job.key.text().filter(|_| !of_run) {
            Some(job) => format!("{}-{job}-${{{{ {id} }}}}", self.stem),
            None => format!("{}-${{{{ {id} }}}}", self.stem),
        }
    }

    /// Whether two runs can wait in a group of that name.
    fn is_shared(&self, group: &Node) -> bool {
        let text = group.text().unwrap_or_default();
        let is_own = expression::is_own(text, &self.facts(), &self.own_keys());
        !group.is_null() && !is_own.unwrap_or(false)
    }

    /// Where what no other run has comes from, key by key, in small letters.
    fn own_keys(&self) -> Vec<Vec<String>> {
        let keys = |way: &str| way.split('.').map(str::to_owned).collect();
        let mut own = vec![self.id_keys.clone(), keys("github.run_id")];
        if self.event() == Some("workflow_dispatch") {
            own.push([keys("github.event"), self.id_keys.clone()].concat());
        }
        // Runs of each workflow are counted by themselves: two that call this one may have one number.
        if self.event().is_some() {
            own.push(keys("github.run_number"));
        }
        own
    }

    /// What a text with expressions in it is made of, with the row's id by one name.
    pub(super) fn name_of(&self, text: &str) -> Vec<NamePart> {
        let row = || NamePart::Asked(ROW.to_owned(), Some(vec![ROW.to_owned()]));
        let event = [vec!["github".to_owned(), "event".to_owned()], self.id_keys.clone()].concat();
        let parts = expression::name(text, &self.facts()).unwrap_or_default();
        let known = |part| match part {
            NamePart::Asked(_, Some(keys)) if keys == self.id_keys || keys == event => row(),
            part @ (NamePart::Text(_) | NamePart::Asked(..)) => part,
        };
        parts.into_iter().map(known).collect()
    }

    /// Every group of the workflow: the run's first, and those of its jobs.
    pub(super) fn groups(&self) -> Vec<Group> {
        let of = |value: &'r Node, job: Option<&str>| {
            let node = group(value).filter(|node| !node.is_null())?;
            let text = node.text()?;
            Some(Group {
                job: job.map(str::to_owned),
                file: None,
                text: text.to_owned(),
                line: node.line,
                name: self.name_of(text),
                cancels: self.flag(value.get("cancel-in-progress")).yes,
            })
        };
        let mut groups: Vec<Group> =
            self.whole_group().and_then(|value| of(value, None)).into_iter().collect();
        for name in self.job_names() {
            let value = self.job(name).and_then(|job| self.value(job, "concurrency"));
            groups.extend(value.and_then(|value| of(value, Some(name))));
        }
        groups
    }

    /// Says of groups in which two things of one run meet: one waits for the other that waits for it,
    /// or cancels it.
    pub(super) fn judge_groups(&self, findings: &mut Findings<'_>) {
        let groups = self.groups();
        let (whole, jobs): (Vec<&Group>, Vec<&Group>) =
            groups.iter().partition(|group| group.job.is_none());
        for group in &jobs {
            if let Some(run) = whole.first().filter(|run| run.may_be(group)) {
                let (message, help) = deadlock(run, group);
                let span = self.lines.span(group.line);
                findings.add(rules::GROUP_TWICE, Severity::Error, span, message, help);
            }
        }
        self.judge_meetings(&jobs, findings);
    }

    /// Says of the table's jobs that other jobs of the run cancel in their group.
    fn judge_meetings(&self, groups: &[&Group], findings: &mut Findings<'_>) {
        let name = |group: &Group| group.job.clone().unwrap_or_default();
        let of = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
        let is_before = |one: &str, other: &str| {
            closure(self.job(other).map(|job| self.needs(job)).unwrap_or_default(), of)
                .contains(one)
        };
        let legs = |group: &Group| {
            let strategy = self.job(&name(group)).and_then(|job| self.value(job, "strategy"));
            1 + usize::from(strategy.is_some_and(|strategy| self.has_legs(strategy)))
        };
        for group in groups {
            let own = name(group);
            if !self.machine.jobs.iter().any(|job| job.name == own) {
                continue;
            }
            let meets = |other: &&&Group| {
                let other_name = name(other);
                other_name != own
                    && group.may_be(other)
                    && !is_before(&own, &other_name)
                    && !is_before(&other_name, &own)
            };
            let others: Vec<&&Group> = groups.iter().filter(meets).collect();
            let cancels = group.cancels || others.iter().any(|other| other.cancels);
            // Of two one waits; a third one takes the place of the one that waits.
            let many: usize = others.iter().map(|other| legs(other)).sum();
            if others.is_empty() || !cancels && many < 2 {
                continue;
            }
            let names: Vec<String> = others.iter().map(|other| name(other)).collect();
            let message = format!(
                "the job `{own}` is in the concurrency group `{}` with {} of the same run: one \
                 cancels the other",
                shown(&group.text),
                suggest::list(&names)
            );
            let help =
                format!("take `concurrency` off `{own}`, or give it a group of another name");
            let span = self.lines.span(group.line);
            findings.add(rules::GROUP_TWICE, Severity::Error, span, message, help);
        }
    }
}

/// The group that stands at `concurrency`.
fn group(value: &Node) -> Option<&Node> {
    value.get("group").or(Some(value).filter(|value| value.text().is_some()))
}

/// What is said where a run, or a job of it that calls a workflow, and something in it are in one group.
pub(super) fn deadlock(outer: &Group, inner: &Group) -> (String, String) {
    let message = format!(
        "{} and {} are in one concurrency group, `{}`: what is within waits for what is around it, and \
         GitHub cancels it",
        outer.whose(),
        inner.whose(),
        shown(&inner.text)
    );
    let help = format!(
        "take `concurrency` off {}: {} has the group already",
        inner.whose(),
        outer.whose()
    );
    (message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_meet_where_some_text_is_both() {
        let name = |text: &str| -> Vec<Sign> {
            text.chars().map(|c| if c == '*' { Sign::Any } else { Sign::Char(c) }).collect()
        };
        for (one, other, expected) in [
            ("production", "*-*", false),
            ("production", "*", true),
            ("pro-d", "*-*", true),
            ("", "*", true),
            ("", "*-*", false),
            ("a*c", "*b*", true),
            ("a*c", "ab", false),
            ("a*", "*b", true),
            ("refs/*", "production", false),
            ("refs/*", "refs/heads/main", true),
            ("ab*", "ba*", false),
            ("**", "x", true),
        ] {
            assert_eq!(meet(&name(one), &name(other)), expected, "{one} {other}");
            assert_eq!(meet(&name(other), &name(one)), expected, "{other} {one}");
        }
    }
}
