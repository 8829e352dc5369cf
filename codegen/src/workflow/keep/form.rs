//! Whether a workflow has the form that GitHub takes: keys that it knows, values of their kinds.

use super::document::{Document, Node, Value};
use super::kinds::{fits, is_form, wanted};
use super::shapes::{CALL, EVENTS, JOB, Key, STEPS, Shape, WORKFLOW};
use crate::suggest::{self, shown};

/// The most keys that are listed where one is not known.
const MOST_LISTED: usize = 12;

/// Says one thing for which GitHub refuses a workflow, at a line.
pub(super) type Add<'t> = dyn FnMut(usize, String, String) + 't;

/// Looks at what stands at some keys.
struct Form<'d, 't> {
    document: &'d Document,
    /// The jobs of which it is said elsewhere that they have no steps.
    reported: &'d [&'d str],
    add: &'t mut Add<'t>,
}

/// Says where a workflow has not the form that GitHub takes.
pub(super) fn judge_form<'t>(document: &Document, reported: &[&str], add: &'t mut Add<'t>) {
    let root = &document.root;
    if root.entries().is_empty() {
        return;
    }
    let mut form = Form { document, reported, add };
    form.holds(root, &WORKFLOW, WHOLE);
    if let Some((key, on)) = root.entry("on") {
        form.events(key, form.document.resolved(on));
    }
    for (key, job) in document.jobs() {
        form.job(key, document.resolved(job));
    }
}

impl Form<'_, '_> {
    fn events(&mut self, key: &Node, on: &Node) {
        if on.entries().is_empty() {
            if on.texts().is_empty() {
                let help = "write by what it is started, such as `workflow_dispatch`".to_owned();
                (self.add)(key.line, "`on` names no event".to_owned(), help);
            }
            for event in on.texts() {
                self.event(on.line, event);
            }
            return;
        }
        for (event, filters) in on.entries() {
            let Some(name) = event.text() else { continue };
            match EVENTS.iter().find(|Key(known, ..)| *known == name) {
                Some(Key(_, shape, _)) => {
                    let filters = self.document.resolved(filters);
                    self.holds(filters, shape, &format!("`on.{name}`"));
                    self.opposites(name, filters);
                }
                None => self.event(event.line, name),
            }
        }
    }

    /// Filters of which one takes what the other leaves out.
    fn opposites(&mut self, event: &str, filters: &Node) {
        for (key, _) in filters.entries() {
            let Some(of) = key.text().and_then(|key| key.strip_suffix("-ignore")) else { continue };
            if filters.get(of).is_some() {
                let message = format!("`on.{event}` has `{of}` and `{of}-ignore`");
                let help = format!("take one of the two off: in `{of}`, `!` leaves something out");
                (self.add)(key.line, message, help);
            }
        }
    }

    fn event(&mut self, line: usize, name: &str) {
        let known = || EVENTS.iter().map(|Key(known, ..)| *known);
        if known().any(|known| known == name) {
            return;
        }
        let help = match suggest::nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "take it off: see GitHub's \"Events that trigger workflows\"".to_owned(),
        };
        (self.add)(
            line,
            format!("`on` names an event `{}`, which there is not", shown(name)),
            help,
        );
    }

    fn job(&mut self, key: &Node, job: &Node) {
        let name = key.text().unwrap_or_default();
        if !is_id(name) {
            let message = format!("`{}` is no name of a job", shown(name));
            (self.add)(key.line, message, ID.to_owned());
        }
        let name = format!("the job `{}`", shown(name));
        if job.entries().is_empty() {
            let help = "give it `runs-on:` and `steps:`, or `uses:`".to_owned();
            (self.add)(key.line, format!("{name} has no keys"), help);
            return;
        }
        let is_call = job.get("uses").is_some();
        if !is_call && job.get("runs-on").is_none() {
            let help = "say on which machine, such as `runs-on: ubuntu-latest`".to_owned();
            (self.add)(key.line, format!("{name} has no `runs-on`"), help);
        }
        let is_reported = self.reported.contains(&key.text().unwrap_or_default());
        let steps = job.get("steps").map(|steps| self.document.resolved(steps));
        let is_empty = |steps: &Node| {
            steps.is_null() || matches!(steps.value, Value::List { .. }) && steps.items().is_empty()
        };
        if !is_call && steps.map_or(!is_reported, is_empty) {
            let help = "give it a step, below `steps:`; or let it call a workflow, by `uses:`";
            (self.add)(key.line, format!("{name} has no steps"), help.to_owned());
        }
        let of_other = |key: &str| is_call && JOB.iter().any(|Key(of, ..)| *of == key);
        for (key, _) in job.entries().iter().filter(|(key, _)| key.text().is_some_and(of_other)) {
            let of = key.text().unwrap_or_default();
            if CALL.iter().any(|Key(known, ..)| *known == of) {
                continue;
            }
            let help = match of {
                "steps" | "runs-on" => format!("take `{of}` off: the called workflow has its own"),
                _ => format!("take `{of}` off, and give it to the jobs of the called workflow"),
            };
            (self.add)(key.line, format!("{name} has `uses` and `{of}`"), help);
        }
        let known = if is_call { CALL } else { JOB };
        self.keys(job, known, &name, |key| of_other(key) && !CALL.iter().any(|of| of.0 == key));
        for step in job.get("steps").map_or(&[][..], Node::items) {
            self.step(self.document.resolved(step), &format!("a step of {name}"));
        }
    }

    fn step(&mut self, step: &Node, of: &str) {
        if step.entries().is_empty() {
            let help = "give it `run:` or `uses:`, or take it out".to_owned();
            (self.add)(step.line, format!("{of} has no keys"), help);
            return;
        }
        if let Some(id) = step.get("id").filter(|id| id.text().is_some_and(|id| !is_id(id))) {
            let message = format!("`{}` is no id of a step", shown(id.text().unwrap_or_default()));
            (self.add)(id.line, message, ID.to_owned());
        }
        let does: Vec<&(&str, &[Key])> =
            STEPS.iter().filter(|(key, _)| step.get(key).is_some()).collect();
        match does[..] {
            [] => {
                let help = "give it `run:` or `uses:`".to_owned();
                (self.add)(step.line, format!("{of} does nothing"), help);
                let all: Vec<&Key> = STEPS.iter().flat_map(|(_, keys)| *keys).collect();
                for (key, _) in step.entries() {
                    let Some(text) = key.text() else { continue };
                    if !all.iter().any(|Key(known, ..)| *known == text) {
                        self.unknown(key, &all.iter().map(|key| key.0).collect::<Vec<_>>(), of);
                    }
                }
            }
            [(one, _), (other, _), ..] => {
                let message = format!("{of} has `{one}` and `{other}`");
                (self.add)(step.line, message, "make two steps of it".to_owned());
            }
            [(_, keys)] => {
                self.keys(step, keys, of, |_| false);
                for step in step.get("parallel").map_or(&[][..], Node::items) {
                    self.step(self.document.resolved(step), of);
                }
            }
        }
    }

    /// Says where a value is not what it is to be.
    fn holds(&mut self, node: &Node, shape: &Shape, of: &str) {
        if fits(node, shape) {
            self.within(node, shape, of);
            return;
        }
        // Of several shapes the one is meant that has its form.
        if let Shape::Either(all) = shape
            && let Some(meant) = all.iter().find(|one| is_form(node, one))
        {
            self.holds(node, meant, of);
            return;
        }
        let is = match &node.value {
            Value::Scalar { .. } if node.is_null() => "is empty".to_owned(),
            Value::Scalar { text, .. } if text.is_empty() => "is empty".to_owned(),
            Value::Scalar { text, is_plain: true } => {
                format!("is `{}`", shown(&suggest::cut(text)))
            }
            Value::Scalar { text, .. } => format!("is the text `{}`", shown(&suggest::cut(text))),
            Value::List { .. } => "is a list".to_owned(),
            Value::Map { .. } => "has keys".to_owned(),
            Value::Alias(_) => return,
        };
        let wanted = wanted(shape);
        (self.add)(
            node.line,
            format!("{of} {is}, and is to be {wanted}"),
            format!("write {wanted} there, or take it off"),
        );
    }

    /// Looks at what is in a value that has its form.
    fn within(&mut self, node: &Node, shape: &Shape, of: &str) {
        match shape {
            Shape::List(each) => {
                for item in node.items() {
                    self.holds(self.document.resolved(item), each, of);
                }
            }
            Shape::Keys(keys) => self.keys(node, keys, of, |_| false),
            Shape::Own(each) => self.mixed(node, &[], each, of),
            Shape::Mixed(keys, each) => self.mixed(node, keys, each, of),
            Shape::Either(all) => {
                if let Some(one) = all.iter().find(|one| fits(node, one)) {
                    self.within(node, one, of);
                }
            }
            Shape::Text
            | Shape::Filled
            | Shape::Plain
            | Shape::Action
            | Shape::Workflow
            | Shape::Cron
            | Shape::Word(_)
            | Shape::Flag
            | Shape::Number
            | Shape::Nothing
            | Shape::Any => {}
        }
    }

    /// Looks at keys of which each is known; those that are reported elsewhere aside.
    fn keys(&mut self, node: &Node, keys: &[Key], of: &str, is_reported: impl Fn(&str) -> bool) {
        for (key, value) in node.entries() {
            let Some(text) = key.text() else { continue };
            match keys.iter().find(|Key(known, ..)| *known == text) {
                Some(Key(_, shape, _)) => {
                    self.holds(self.document.resolved(value), shape, &beneath(of, text));
                }
                None if is_reported(text) => {}
                None => self.unknown(key, &keys.iter().map(|key| key.0).collect::<Vec<_>>(), of),
            }
        }
        for Key(key, shape, _) in
            keys.iter().filter(|Key(key, _, is_needed)| *is_needed && node.get(key).is_none())
        {
            (self.add)(
                node.line,
                format!("{of} has no `{key}`"),
                format!("give it `{key}:`, {}", wanted(shape)),
            );
        }
    }

    fn mixed(&mut self, node: &Node, keys: &[Key], each: &Shape, of: &str) {
        for (key, value) in node.entries() {
            let Some(text) = key.text() else { continue };
            let known = keys.iter().find(|Key(known, ..)| *known == text);
            let shape = known.map_or(each, |Key(_, shape, _)| shape);
            self.holds(self.document.resolved(value), shape, &beneath(of, text));
        }
    }

    fn unknown(&mut self, key: &Node, known: &[&'static str], of: &str) {
        let text = key.text().unwrap_or_default();
        let help = match suggest::nearest(text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() > MOST_LISTED => {
                "take it off; or accept the finding, where GitHub has learned it since".to_owned()
            }
            None => format!("take it off: there can stand {}", suggest::list(known)),
        };
        (self.add)(key.line, format!("{of} has a key `{}`, which there is not", shown(text)), help);
    }
}

/// What a name of a job and an id of a step are made of.
const ID: &str = "a letter or `_`, then letters, digits, `_` and `-`";

fn is_id(text: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_next = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.starts_with(is_first) && text.chars().all(is_next)
}

/// What stands at a key, as findings call it: "`env.A` of the job `build`".
fn beneath(of: &str, key: &str) -> String {
    let key = shown(key);
    if of == WHOLE {
        return format!("`{key}`");
    }
    match of.strip_prefix('`').and_then(|of| of.split_once('`')) {
        Some((way, rest)) => format!("`{way}.{key}`{rest}"),
        None => format!("`{key}` of {of}"),
    }
}

/// What the whole is called.
const WHOLE: &str = "the workflow";
