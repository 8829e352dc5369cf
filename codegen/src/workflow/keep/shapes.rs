//! What may stand where in a workflow, as GitHub's documentation has it ("Workflow syntax" and "Events
//! that trigger workflows"): keys, and what each of them takes.

/// What a value is to be.
pub(super) enum Shape {
    /// A text, a number or a flag, which may hold expressions.
    Text,
    /// The same, and not empty.
    Filled,
    /// A text without expressions, and not empty.
    Plain,
    /// What a step can use.
    Action,
    /// What a job can call.
    Workflow,
    /// When a schedule runs.
    Cron,
    /// One of some words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// Nothing.
    Nothing,
    /// A list.
    List(&'static Self),
    /// Keys of which each is known.
    Keys(&'static [Key]),
    /// Keys of one's own, each with a value of one shape.
    Own(&'static Self),
    /// Keys of which some are known, and others one's own.
    Mixed(&'static [Key], &'static Self),
    /// One of these.
    Either(&'static [Self]),
    /// Whatever it is.
    Any,
}

/// A key, what it takes, and whether it has to be there.
pub(super) struct Key(pub(super) &'static str, pub(super) Shape, pub(super) bool);

const fn may(key: &'static str, shape: Shape) -> Key {
    Key(key, shape, false)
}

const fn must(key: &'static str, shape: Shape) -> Key {
    Key(key, shape, true)
}

use Shape::{
    Action, Any, Cron, Either, Filled, Flag, Keys, List, Mixed, Nothing, Number, Own, Plain, Text,
    Word, Workflow,
};

/// One text, or a list of them.
const PLAINS: Shape = Either(&[Plain, List(&Plain)]);
const FILLEDS: Shape = Either(&[Filled, List(&Filled)]);

const PERMITS: Shape = Word(&["read", "write", "none"]);
const PERMISSIONS: Shape = Either(&[
    Word(&["read-all", "write-all"]),
    Keys(&[
        may("actions", PERMITS),
        may("artifact-metadata", PERMITS),
        may("attestations", PERMITS),
        may("checks", PERMITS),
        may("code-quality", PERMITS),
        may("contents", PERMITS),
        may("copilot-requests", Word(&["write", "none"])),
        may("deployments", PERMITS),
        may("discussions", PERMITS),
        may("drives", PERMITS),
        may("id-token", Word(&["write", "none"])),
        may("issues", PERMITS),
        may("models", Word(&["read", "none"])),
        may("packages", PERMITS),
        may("pages", PERMITS),
        may("pull-requests", PERMITS),
        may("repository-projects", PERMITS),
        may("security-events", PERMITS),
        may("statuses", PERMITS),
        may("vulnerability-alerts", Word(&["read", "none"])),
    ]),
]);

const CONCURRENCY: Shape = Either(&[
    Filled,
    Keys(&[
        must("group", Filled),
        may("cancel-in-progress", Flag),
        may("queue", Word(&["single", "max"])),
    ]),
]);

const DEFAULTS: Shape =
    Keys(&[may("run", Keys(&[may("shell", Filled), may("working-directory", Filled)]))]);

const CREDENTIALS: Shape = Keys(&[may("username", Filled), may("password", Filled)]);

const STRATEGY: Shape = Keys(&[
    may("fail-fast", Flag),
    may("max-parallel", Number),
    may(
        "matrix",
        Mixed(&[may("include", List(&Own(&Any))), may("exclude", List(&Own(&Any)))], &List(&Any)),
    ),
]);

/// A workflow.
pub(super) const WORKFLOW: Shape = Keys(&[
    // What starts it is looked at by itself.
    may("on", Any),
    may("name", Text),
    may("description", Text),
    may("run-name", Text),
    may("defaults", DEFAULTS),
    may("env", Own(&Text)),
    may("permissions", PERMISSIONS),
    may("concurrency", CONCURRENCY),
    // Each of them is looked at by itself.
    must("jobs", Own(&Any)),
]);

/// A job with steps.
pub(super) const JOB: &[Key] = &[
    may("needs", PLAINS),
    may("if", Text),
    may("strategy", STRATEGY),
    may("name", Text),
    may(
        "runs-on",
        Either(&[Filled, List(&Filled), Keys(&[may("group", Filled), may("labels", FILLEDS)])]),
    ),
    may("timeout-minutes", Number),
    may("cancel-timeout-minutes", Number),
    may("continue-on-error", Flag),
    may(
        "container",
        Either(&[
            Text,
            Keys(&[
                must("image", Text),
                may("options", Text),
                may("env", Own(&Text)),
                may("ports", List(&Filled)),
                may("volumes", List(&Filled)),
                may("credentials", CREDENTIALS),
            ]),
        ]),
    ),
    may(
        "services",
        Own(&Either(&[
            Filled,
            Keys(&[
                may("image", Text),
                may("options", Text),
                may("env", Own(&Text)),
                may("ports", List(&Filled)),
                may("volumes", List(&Filled)),
                may("credentials", CREDENTIALS),
                may("entrypoint", Text),
                may("command", Text),
            ]),
        ])),
    ),
    may("env", Own(&Text)),
    may(
        "environment",
        Either(&[Text, Keys(&[must("name", Text), may("url", Text), may("deployment", Flag)])]),
    ),
    may("permissions", PERMISSIONS),
    may("concurrency", CONCURRENCY),
    may("outputs", Own(&Text)),
    may("defaults", DEFAULTS),
    // Each of them is looked at by itself.
    may("steps", Either(&[Nothing, List(&Any)])),
    may(
        "snapshot",
        Either(&[
            Filled,
            Keys(&[must("image-name", Filled), may("if", Text), may("version", Filled)]),
        ]),
    ),
];

/// A job that calls a workflow.
pub(super) const CALL: &[Key] = &[
    may("name", Text),
    must("uses", Workflow),
    may("with", Own(&Text)),
    may("secrets", Either(&[Word(&["inherit"]), Own(&Text)])),
    may("needs", PLAINS),
    may("if", Text),
    may("permissions", PERMISSIONS),
    may("concurrency", CONCURRENCY),
    may("strategy", STRATEGY),
];

/// A kind of step: the key by which it is known, and what it takes.
pub(super) const STEPS: &[(&str, &[Key])] = &[
    (
        "run",
        &[
            may("name", Text),
            may("id", Text),
            may("if", Text),
            may("timeout-minutes", Number),
            must("run", Text),
            may("continue-on-error", Flag),
            may("env", Own(&Text)),
            may("working-directory", Text),
            may("shell", Filled),
            may("background", Flag),
        ],
    ),
    (
        "uses",
        &[
            may("name", Text),
            may("id", Text),
            may("if", Text),
            may("timeout-minutes", Number),
            must("uses", Action),
            may("with", Own(&Text)),
            may("continue-on-error", Flag),
            may("env", Own(&Text)),
            may("background", Flag),
        ],
    ),
    (
        "wait",
        &[may("name", Text), may("id", Text), may("continue-on-error", Flag), must("wait", PLAINS)],
    ),
    (
        "wait-all",
        &[
            may("name", Text),
            may("id", Text),
            may("continue-on-error", Flag),
            must("wait-all", Either(&[Nothing, Flag])),
        ],
    ),
    (
        "cancel",
        &[
            may("name", Text),
            may("id", Text),
            may("continue-on-error", Flag),
            must("cancel", Plain),
        ],
    ),
    ("parallel", &[must("parallel", List(&Any))]),
];

/// An event without filters.
const BARE: Shape = Nothing;
const TYPES: Shape = Either(&[Nothing, Keys(&[may("types", PLAINS)])]);
const PULLS: Shape = Either(&[
    Nothing,
    Keys(&[
        may("types", PLAINS),
        may("branches", PLAINS),
        may("branches-ignore", PLAINS),
        may("paths", PLAINS),
        may("paths-ignore", PLAINS),
    ]),
]);

/// Every event, with what it takes.
pub(super) const EVENTS: &[Key] = &[
    may("branch_protection_rule", TYPES),
    may("check_run", TYPES),
    may("check_suite", TYPES),
    may("create", BARE),
    may("delete", BARE),
    may("deployment", BARE),
    may("deployment_status", BARE),
    may("discussion", TYPES),
    may("discussion_comment", TYPES),
    may("fork", BARE),
    may("gollum", BARE),
    may(
        "image_version",
        Either(&[
            Nothing,
            Keys(&[may("types", PLAINS), may("names", PLAINS), may("versions", PLAINS)]),
        ]),
    ),
    may("issue_comment", TYPES),
    may("issues", TYPES),
    may("label", TYPES),
    may(
        "merge_group",
        Either(&[
            Nothing,
            Keys(&[may("types", PLAINS), may("branches", PLAINS), may("branches-ignore", PLAINS)]),
        ]),
    ),
    may("milestone", TYPES),
    may("page_build", BARE),
    may("project", TYPES),
    may("project_card", TYPES),
    may("project_column", TYPES),
    may("public", BARE),
    may("pull_request", PULLS),
    may("pull_request_comment", TYPES),
    may("pull_request_review", TYPES),
    may("pull_request_review_comment", TYPES),
    may("pull_request_target", PULLS),
    may(
        "push",
        Either(&[
            Nothing,
            Keys(&[
                may("branches", PLAINS),
                may("branches-ignore", PLAINS),
                may("tags", PLAINS),
                may("tags-ignore", PLAINS),
                may("paths", PLAINS),
                may("paths-ignore", PLAINS),
            ]),
        ]),
    ),
    may("registry_package", TYPES),
    may("release", TYPES),
    may("repository_dispatch", TYPES),
    may("schedule", List(&Keys(&[must("cron", Cron), may("timezone", Plain)]))),
    may("status", BARE),
    may("watch", TYPES),
    may(
        "workflow_call",
        Either(&[
            Nothing,
            Keys(&[
                may(
                    "inputs",
                    Either(&[
                        Nothing,
                        Own(&Keys(&[
                            may("description", Text),
                            may("deprecationMessage", Text),
                            must("type", Word(&["string", "boolean", "number"])),
                            may("required", Flag),
                            may("default", Text),
                        ])),
                    ]),
                ),
                may(
                    "secrets",
                    Own(&Either(&[
                        Nothing,
                        Keys(&[may("description", Text), may("required", Flag)]),
                    ])),
                ),
                may("outputs", Own(&Keys(&[may("description", Text), must("value", Text)]))),
            ]),
        ]),
    ),
    may(
        "workflow_dispatch",
        Either(&[
            Nothing,
            Keys(&[may(
                "inputs",
                Either(&[
                    Nothing,
                    Own(&Either(&[
                        Nothing,
                        Keys(&[
                            may("description", Text),
                            may("deprecationMessage", Text),
                            may(
                                "type",
                                Word(&["string", "boolean", "number", "environment", "choice"]),
                            ),
                            may("required", Flag),
                            may("default", Text),
                            may("options", List(&Text)),
                        ]),
                    ])),
                ]),
            )]),
        ]),
    ),
    may(
        "workflow_run",
        Either(&[
            Nothing,
            Keys(&[
                may("types", PLAINS),
                must("workflows", PLAINS),
                may("branches", PLAINS),
                may("branches-ignore", PLAINS),
            ]),
        ]),
    ),
];
