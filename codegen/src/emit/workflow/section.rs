//! `[target.workflow]`: its keys, their defaults, and what is wrong with them.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{TOKEN_INPUT, Workflow};
use crate::artifact::{Artifact, Header};
use crate::emit::target::{empty, or, twice};
use crate::emit::{Form, Output, Target, Words, normal};
use crate::finding::Findings;
use crate::machine::{Machine, Targets};
use crate::rules;
use crate::suggest::shown;
use crate::table::text::{LOST, Placed, Text, is_job_name};

/// `[target.workflow]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowRow {
    /// The folder; by default `generated/workflow`.
    #[schemars(with = "Option<String>")]
    pub path: Option<Text>,
    /// The workflow input without which no report is sent, or `client_payload.NAME` where a
    /// `repository_dispatch` brings the row's id; by default `MACHINE_id`.
    #[schemars(with = "Option<String>")]
    pub id_input: Option<Text>,
    /// What `uses:` says; by default `$/` and the path of the generated action: the action at the
    /// running commit, which needs no checkout (github.com, runners from 2.336.0). `./` and its path
    /// is the action in the workspace, which the job must have checked out.
    #[schemars(with = "Option<String>")]
    pub action: Option<Text>,
    /// What opens the row to reports: the `token` that the console gives the run as an input, or by `oidc`
    /// the job's own token, which needs no secret; by default `token`.
    pub credential: Option<Credential>,
    /// Workflows written by hand, in which the report steps between `# phasegate:begin` and
    /// `# phasegate:end` are kept current; none by default.
    #[schemars(with = "Option<Vec<String>>", length(min = 1), inner(regex(pattern = r"\.ya?ml$")))]
    pub workflows: Option<Spanned<Vec<Text>>>,
}

/// What opens a row to a workflow's reports.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Credential {
    /// The row's token, which comes with the row's id.
    #[default]
    Token,
    /// The job's own token, by OpenID Connect.
    Oidc,
}

/// `[target.workflow]`.
#[derive(Clone, Debug)]
pub struct WorkflowTarget {
    /// The folder of the workflow, the snippets and the action.
    pub path: String,
    /// The workflow input without which no report is sent.
    pub id_input: String,
    /// The same as an expression.
    id: String,
    /// What `uses:` says.
    pub action: String,
    /// What opens the row to reports.
    pub credential: Credential,
    /// The workflows written by hand whose report steps are kept current, from the root.
    pub workflows: Vec<String>,
}

/// What the id's name begins with where it comes with a `repository_dispatch`.
const PAYLOAD: &str = "client_payload.";

impl WorkflowTarget {
    /// Whether the row's id comes with a `repository_dispatch`.
    pub(crate) fn is_payload(&self) -> bool {
        self.id_input.starts_with(PAYLOAD)
    }

    /// Where the row's id comes from, as an expression.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl Targets {
    /// `[target.workflow]`, where the table has it.
    pub fn workflow(&self) -> Option<&WorkflowTarget> {
        self.of::<Workflow>()
    }
}

impl WorkflowRow {
    /// The workflows whose report steps are kept current.
    fn kept(&self) -> impl Iterator<Item = &Text> {
        self.workflows.iter().flat_map(|list| list.get_ref())
    }
}

impl Target for Workflow {
    const KEY: &'static str = "workflow";
    const ABOUT: &'static str = "The workflow's callbacks.";
    type Row = WorkflowRow;
    type Spec = WorkflowTarget;

    fn resolve(row: &WorkflowRow, machine: &str) -> WorkflowTarget {
        let path = normal(&or(row.path.as_ref(), || "generated/workflow".to_owned()));
        let id_input = or(row.id_input.as_ref(), || format!("{machine}_id"));
        WorkflowTarget {
            id: match id_input.starts_with(PAYLOAD) {
                true => format!("github.event.{id_input}"),
                false => format!("inputs.{id_input}"),
            },
            id_input,
            action: or(row.action.as_ref(), || format!("$/{path}/notify-{machine}-status")),
            credential: row.credential.unwrap_or_default(),
            workflows: row.kept().map(|path| normal(path.get_ref())).collect(),
            path,
        }
    }

    fn outputs<'t>(row: &'t WorkflowRow, spec: &WorkflowTarget, machine: &str) -> Vec<Output<'t>> {
        let files = [
            format!("notify-{machine}-status"),
            "jobs".to_owned(),
            format!("{machine}-console.yml"),
        ];
        let paths = files.iter().map(|file| format!("{}/{file}", spec.path)).collect();
        let mut outputs = vec![Output::of::<Self>(row.path.as_ref(), Form::Folder, paths)];
        let mut seen = HashSet::new();
        outputs.extend(row.kept().map(|path| {
            let kept = normal(path.get_ref());
            Output {
                what: "`workflows` of [target.workflow]".to_owned(),
                given: Some(path),
                form: Form::Ending("a workflow", &[".yml", ".yaml"]),
                paths: if seen.insert(kept.clone()) { vec![kept] } else { Vec::new() },
            }
        }));
        outputs
    }

    fn check(
        row: &Placed<WorkflowRow>,
        _: &WorkflowTarget,
        words: &Words<'_>,
        findings: &mut Findings<'_>,
    ) {
        empty(row, "workflows", row.workflows.as_ref(), ", or name a file", findings);
        let kept = row.kept().filter(|path| path.get_ref() != LOST);
        twice(kept, |path| normal(path), findings);
        if let Some(id) = &row.id_input {
            let plain = id.get_ref().strip_prefix(PAYLOAD).unwrap_or(id.get_ref());
            if !is_job_name(plain) && id.get_ref() != LOST {
                let message = format!("`{}` is not a plain identifier", shown(id.get_ref()));
                let help = "a letter or `_`, then letters, digits, `_` and `-`; before it \
                            `client_payload.` where a `repository_dispatch` brings it; a `workflow_run` \
                            brings none: let that workflow be called (`workflow_call`)";
                findings.error(rules::BAD_IDENTIFIER, id.span(), message, help);
            }
            if plain.eq_ignore_ascii_case(TOKEN_INPUT) {
                let message = format!("`{TOKEN_INPUT}` is the input that carries the token");
                findings.error(
                    rules::COLLIDING_NAMES,
                    id.span(),
                    message,
                    "call the id's input something else",
                );
            }
        }
        if let Some(action) = &row.action {
            let text = action.get_ref();
            let bad = text.is_empty()
                || text.contains("${{")
                || text.chars().any(|c| c.is_control() || c.is_whitespace());
            if bad && text != LOST {
                let message = format!("`{}` is not what `uses:` can say", shown(text));
                let help =
                    "such as `$/.github/actions/notify-deploy-status`, or `owner/repository@ref`";
                findings.error(rules::BAD_ACTION, action.span(), message, help);
            }
        }
        // Snippets are files, and some file systems don't tell cases apart.
        let mut seen: HashMap<String, &str> = HashMap::new();
        for job in &words.jobs {
            let name = job.get_ref().as_str();
            if let Some(other) = seen.insert(name.to_lowercase(), name)
                && other != name
            {
                let message = format!("the jobs `{other}` and `{name}` differ only in case");
                findings.error(rules::COLLIDING_NAMES, job.span(), message, "rename one of them");
            }
        }
    }

    fn render(machine: &Machine, spec: &WorkflowTarget, header: &Header) -> Vec<Artifact> {
        super::render(machine, spec, header)
    }
}
