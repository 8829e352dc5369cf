//! What GitHub asks of a job that calls a workflow of its repository, before it begins a run of either: that
//! the workflow can be called, is given what it needs and no more, and may do what its jobs ask for.

use super::super::document::{Document, Node, Value};
use crate::suggest::{self, shown};
use crate::workflow::yaml;

/// For what GitHub refuses the run, at a line of the calling workflow.
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) message: String,
    pub(super) help: String,
}

/// A job that calls a workflow, with all that is asked of both.
pub(super) struct Call<'c> {
    pub(super) caller: &'c Document,
    /// How the job is called.
    pub(super) key: &'c Node,
    pub(super) job: &'c Node,
    /// The called workflow's file.
    pub(super) path: &'c str,
    pub(super) called: &'c Document,
    /// What those that call the caller let it have, where it says nothing of that itself.
    pub(super) inherited: Option<&'c Node>,
    /// An input of which it is said elsewhere that it is not given.
    pub(super) reported: Option<&'c str>,
    /// Whether of a job's own token is said elsewhere who may ask for it.
    pub(super) is_token_reported: bool,
}

/// The workflow of its own repository that a job calls, from the root.
pub(super) fn called_path(job: &Node) -> Option<&str> {
    let uses = job.get("uses").and_then(Node::text)?.trim();
    uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/"))
}

impl<'c> Call<'c> {
    /// For what GitHub refuses the run.
    pub(super) fn faults(&self) -> Vec<Fault> {
        if !self.called.starts_by("workflow_call") {
            return vec![self.fault(
                self.key.line,
                format!("calls `{}`, which has no `workflow_call`", shown(self.path)),
                format!("add `workflow_call:` to the `on:` of `{}`", shown(self.path)),
            )];
        }
        let mut faults = Vec::new();
        for of in [INPUTS, SECRETS] {
            let given = self.value(of.given);
            let is_all = given.is_some_and(|given| given.text() == Some("inherit"));
            if !is_all {
                let meant = self.undeclared(&of, given, &mut faults);
                self.missing(&of, given, &meant, &mut faults);
            }
        }
        faults.extend(self.beyond());
        faults
    }

    /// What the jobs of the called workflow may have at most, where that is said.
    pub(super) fn allowed(&self) -> Option<&'c Node> {
        permissions(self.caller, self.job).or(self.inherited)
    }

    fn fault(&self, line: usize, what: String, help: String) -> Fault {
        let name = shown(self.key.text().unwrap_or_default());
        Fault { line, message: format!("the job `{name}` {what}"), help }
    }

    fn value(&self, key: &str) -> Option<&'c Node> {
        self.job.get(key).map(|value| self.caller.resolved(value))
    }

    /// What the called workflow says that it is given.
    fn declared(&self, of: &Given) -> &'c [(Node, Node)] {
        let on = self.called.root.get("on").map(|on| self.called.resolved(on));
        let call = on.and_then(|on| on.get("workflow_call")).map(|of| self.called.resolved(of));
        let declared = call.and_then(|call| call.get(of.declared));
        declared.map_or(&[], |declared| self.called.resolved(declared).entries())
    }

    /// What the job gives that the called workflow does not know; gives what was meant by it.
    fn undeclared(
        &self,
        of: &Given,
        given: Option<&Node>,
        faults: &mut Vec<Fault>,
    ) -> Vec<&'c str> {
        let mut meant = Vec::new();
        let known: Vec<&'c str> =
            self.declared(of).iter().filter_map(|(key, _)| key.text()).collect();
        for (key, value) in given.map_or(&[][..], Node::entries) {
            let Some(name) = key.text() else { continue };
            let Some(at) = known.iter().position(|known| known.eq_ignore_ascii_case(name)) else {
                let what = format!(
                    "gives `{}` the {} `{}`, which it does not have",
                    shown(self.path),
                    of.what,
                    shown(name)
                );
                let help = match suggest::nearest(name, known.iter().copied()) {
                    Some(near) => {
                        meant.push(near);
                        format!("did you mean `{}`?", shown(near))
                    }
                    None => format!(
                        "take `{}` off, or add it to `{}` of its `workflow_call`",
                        shown(name),
                        of.declared
                    ),
                };
                faults.push(self.fault(key.line, what, help));
                continue;
            };
            let input = self.called.resolved(&self.declared(of)[at].1);
            let kind = input.get("type").and_then(Node::text).unwrap_or_default();
            let wanted = match (kind, self.caller.resolved(value)) {
                (_, value) if value.text().is_some_and(|text| text.contains("${{")) => None,
                ("boolean", value) => (!is_flag(value)).then_some("`true` or `false`"),
                ("number", value) => (!is_number(value)).then_some("a number"),
                (_, _) => None,
            };
            if let Some(wanted) = wanted {
                let what = format!(
                    "gives `{}` as `{}`, and it has `type: {kind}`",
                    shown(value.text().unwrap_or("no text")),
                    shown(name)
                );
                faults.push(self.fault(key.line, what, format!("give it {wanted}")));
            }
        }
        meant
    }

    /// What the called workflow needs and is not given.
    fn missing(&self, of: &Given, given: Option<&Node>, meant: &[&str], faults: &mut Vec<Fault>) {
        let is_reported = |name: &str| {
            let is_silent =
                self.reported.is_some_and(|reported| reported.eq_ignore_ascii_case(name));
            of.declared == INPUTS.declared && is_silent || meant.contains(&name)
        };
        let is_given = |name: &str| {
            let keys =
                given.map_or(&[][..], Node::entries).iter().filter_map(|(key, _)| key.text());
            keys.into_iter().any(|key| key.eq_ignore_ascii_case(name))
        };
        for (key, declared) in self.declared(of) {
            let declared = self.called.resolved(declared);
            let Some(name) = key.text() else { continue };
            let is_needed = declared.get("required").and_then(Node::text) == Some("true")
                && declared.get("default").is_none();
            if !is_needed || is_given(name) || is_reported(name) {
                continue;
            }
            let what = format!(
                "does not give `{}` the {} `{}`, which is required",
                shown(self.path),
                of.what,
                shown(name)
            );
            let name = yaml::name(name);
            let value = of.value.replace("{}", &name);
            let below = match given.is_some_and(|given| !given.entries().is_empty()) {
                true => format!("add to its `{}:`", of.given),
                false => format!("give it\n    {}:", of.given),
            };
            let or = match of.given == SECRETS.given {
                true => ", or `secrets: inherit`",
                false => "",
            };
            let help =
                format!("{below}\n      {name}: {value}\nwith the value that it is to have{or}");
            faults.push(self.fault(self.key.line, what, help));
        }
    }

    /// What a job of the called workflow asks for beyond what the calling job has.
    fn beyond(&self) -> Option<Fault> {
        let allowed = self.allowed()?;
        let of = |(key, job): &'c (Node, Node)| {
            let job = self.called.resolved(job);
            let asked = permissions(self.called, job)?;
            let is_reported = |scope: &str| self.is_token_reported && scope == "id-token";
            let each = SCOPES.iter().filter(|scope| level(asked, scope) > level(allowed, scope));
            let each = each.filter(|scope| !is_reported(scope));
            let each: Vec<&str> = each.copied().collect();
            (!each.is_empty()).then_some((key, asked, each))
        };
        let (key, asked, each) = self.called.jobs().iter().find_map(of)?;
        let words = |of: &Node| -> Vec<String> {
            each.iter().map(|scope| format!("{scope}: {}", LEVELS[level(of, scope)])).collect()
        };
        let what = format!(
            "lets `{}` have `{}`, and its job `{}` asks for `{}`",
            shown(self.path),
            words(allowed).join(", "),
            shown(key.text().unwrap_or_default()),
            words(asked).join(", ")
        );
        let all: Vec<String> = match &allowed.value {
            Value::Map { entries, .. } => {
                let kept =
                    entries.iter().filter_map(|(key, value)| Some((key.text()?, value.text()?)));
                let kept = kept.filter(|(scope, _)| !each.contains(scope));
                kept.map(|(scope, level)| format!("{scope}: {level}")).chain(words(asked)).collect()
            }
            Value::Scalar { .. } | Value::List { .. } | Value::Alias(_) => {
                let read = SCOPES
                    .iter()
                    .filter(|scope| !each.contains(scope) && level(allowed, scope) > 0);
                read.map(|scope| format!("{scope}: {}", LEVELS[level(allowed, scope)]))
                    .chain(words(asked))
                    .collect()
            }
        };
        let lines: String = all.iter().map(|line| format!("\n      {line}")).collect();
        Some(self.fault(
            self.key.line,
            what,
            format!("give it\n    permissions:{lines}\nor let the job there ask for less"),
        ))
    }
}

/// Something that a job gives the workflow that it calls.
struct Given {
    what: &'static str,
    given: &'static str,
    declared: &'static str,
    /// What stands there, more often than not.
    value: &'static str,
}

const INPUTS: Given =
    Given { what: "input", given: "with", declared: "inputs", value: "${{ inputs.{} }}" };
const SECRETS: Given =
    Given { what: "secret", given: "secrets", declared: "secrets", value: "${{ secrets.{} }}" };

fn is_flag(value: &Node) -> bool {
    value.text().is_some_and(|text| matches!(text.to_lowercase().as_str(), "true" | "false"))
}

fn is_number(value: &Node) -> bool {
    value.text().is_some_and(|text| text.trim().parse::<f64>().is_ok_and(f64::is_finite))
}

/// What a token may be given: none, read, write.
const LEVELS: [&str; 3] = ["none", "read", "write"];

/// All that a token may be given for.
const SCOPES: [&str; 15] = [
    "actions",
    "artifact-metadata",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "id-token",
    "issues",
    "models",
    "packages",
    "pages",
    "pull-requests",
    "security-events",
    "statuses",
];

/// What stands at the `permissions` of a job, or else of its workflow; what is said nowhere is what the
/// repository's settings say, or what a caller has.
fn permissions<'d>(document: &'d Document, job: &'d Node) -> Option<&'d Node> {
    let of = |node: &'d Node| node.get("permissions").map(|of| document.resolved(of));
    of(job).or_else(|| of(&document.root))
}

fn level(permissions: &Node, scope: &str) -> usize {
    let text = match permissions.text() {
        Some("write-all") => "write",
        Some("read-all") if scope != "id-token" => "read",
        Some(_) => "none",
        None => permissions.get(scope).and_then(Node::text).unwrap_or("none"),
    };
    LEVELS.iter().position(|level| *level == text).unwrap_or(0)
}
