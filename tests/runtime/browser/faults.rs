//! Each fault that was seen on the page comes back where its mend is taken out of the served files, and a
//! test of the browser misses it.
use super::{DEPLOY, Page, empty, ran, serve};
use std::collections::BTreeSet;
use std::process::Output;
use std::sync::Mutex;

/// What undoes a mend: the file, what stands in it, what stands there instead; and the script that misses it.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: &[(&str, Fault)] = &[
    (
        "the Copy button breaks letter by letter",
        (
            "console.css",
            ".button.copy { flex: none; white-space: nowrap; overflow-wrap: normal; }",
            "",
            "calm.mjs",
        ),
    ),
    (
        "facts are made anew, so that a selection and the focus are lost",
        ("row.js", "if (node?.dataset.said === said) return nodes.push(node);", "", "calm.mjs"),
    ),
    (
        "`Connected again.` stays",
        (
            "phasegate-stepper.js",
            "this.#brief = setTimeout(() => this.#tell(\"\", false), BRIEF);",
            "",
            "resume.mjs",
        ),
    ),
    (
        "an exception reaches who operates",
        ("dom.js", "return undefined;", "throw new SyntaxError(\"Unexpected token\");", "gone.mjs"),
    ),
    (
        "a slow row shows an empty skeleton",
        ("phasegate-stepper.js", "write(loading, words.loading);", "", "calm.mjs"),
    ),
    (
        "an unknown id shows nothing",
        ("phasegate-stepper.js", "strings.missing", "strings.loading", "calm.mjs"),
    ),
    (
        "a text that is too long is refused by its place in a body",
        ("console.js", "why ?? problem.message", "problem.message", "calm.mjs"),
    ),
    ("the focus falls to the body", ("console.js", "  field.focus();", "", "calm.mjs")),
    (
        "a deep link to a row beyond the first page has no title",
        ("row.js", "write($(\"watch-title\"), title);", "", "calm.mjs"),
    ),
    (
        "print loses the marks",
        (
            "phasegate-stepper.js",
            "[part~=\"badge\"] { print-color-adjust: exact; }",
            "",
            "calm.mjs",
        ),
    ),
    ("right-to-left reads `min ago 7`", ("dom.js", ", dir: \"auto\"", "", "calm.mjs")),
    (
        "a state between two phases has the dot of one in progress",
        ("phasegate-stepper.js", "if (state.completes) return \"between\";", "", "calm.mjs"),
    ),
    (
        "a failure is announced twice",
        (
            "phasegate-stepper.js",
            "const isAlert = view?.status.state.outcome === \"failure\";",
            "const isAlert = false;",
            "calm.mjs",
        ),
    ),
    (
        "who operates reads `attempted Building`",
        ("audit.js", "while it was at ${", "attempted ${", "calm.mjs"),
    ),
    (
        "who operates reads fingerprints",
        (
            "row.js",
            "\"The backend and this page have different versions of the table.\"",
            "snapshot.table",
            "skew.mjs",
        ),
    ),
    (
        "without script the button that starts a row is dead",
        ("", "id=\"start-open\" hidden>", "id=\"start-open\">", "calm.mjs"),
    ),
    (
        "the dialog moves as it grows",
        ("console.css", "margin-block-start: clamp(1rem, 6dvh, 4rem);", "", "calm.mjs"),
    ),
    (
        "the steps move as states go by",
        ("phasegate-stepper.js", "min-height: 1lh;", "", "page.mjs"),
    ),
    (
        "the head of a row's page scrolls away",
        ("console.css", "position: sticky; inset-block-start: 0;", "", "page.mjs"),
    ),
    (
        "what failed is done once somebody forced the row on",
        ("phasegate-stepper.js", "wasBad = endsBadly(state);", "", "forced.mjs"),
    ),
    (
        "the marks of a list say less than the stepper",
        (
            "console.js",
            "labelOf(phase, known)",
            "labelOf({ view: phase.view }, known)",
            "forced.mjs",
        ),
    ),
    (
        "how long ago something was is by the reader's clock",
        ("dom.js", "Date.now() + ahead", "Date.now()", "list.mjs"),
    ),
    (
        "who it was stands there as if it had been proven",
        ("audit.js", "`by ${report.actor}, ${proof}`", "`by ${report.actor}`", "refused.mjs"),
    ),
    (
        "on a light page the element is as dark as the system",
        (ELEMENT, "light-dark(#2450c8, #8fb0ff)", "#8fb0ff", ON_ORDERS),
    ),
    (
        "an element that is moved in its page forgets what it shows",
        (ELEMENT, " && this.#at !== path", "", ON_ORDERS),
    ),
    (
        "a status map that does not load leaves nothing",
        (ELEMENT, "this.#isWithout ? words.noMap : \"\"", "\"\"", ON_ORDERS),
    ),
    (
        "other words are read out as news",
        (
            ELEMENT,
            "this.#spoken = this.#view = viewOf(...this.#drawn, this.#strings)",
            "0",
            ON_ORDERS,
        ),
    ),
    (
        "a line that is up keeps the words that it began with",
        (
            ELEMENT,
            "this.#say(line), this.#strings)",
            "this.#say(line), { ...this.#strings })",
            ON_ORDERS,
        ),
    ),
];

/// The element as a page of the order table has it, and the script that runs there.
const ELEMENT: &str = "order-stepper.js";
const ON_ORDERS: &str = "embedded.mjs";

/// Runs a script on the console with one of its files broken.
fn broken(&(file, from, to, script): &Fault) -> Output {
    let (world, running) = if script == ON_ORDERS {
        super::orders()
    } else {
        let world = empty(DEPLOY);
        let running = serve(&world, DEPLOY, &Page::deploys());
        (world, running)
    };
    let older = serve(&world, super::DEPLOY_V1, &Page::deploys());
    let fault = serde_json::json!({ "file": file, "from": from, "to": to }).to_string();
    let map = super::status_map(super::DEPLOY_V1);
    let (url, old) = (running.url(), older.url());
    let variables =
        [("BASE", url.as_str()), ("OLD_BACKEND", &old), ("OLD_MAP", &map), ("FAULT", &fault)];
    let output = ran(script, &variables);
    world.run(running.stop());
    world.run(older.stop());
    output
}

#[test]
#[ignore = "needs Chromium and node: run by tests/run"]
fn each_fault_that_was_seen_is_missed_where_it_comes_back() {
    // Where nothing is undone, each of the scripts is content: it is the fault that they miss.
    let scripts: BTreeSet<&str> = FAULTS.iter().map(|(_, (_, _, _, script))| *script).collect();
    let sound =
        scripts.into_iter().map(|script| ("nothing", ("row.js", "import", "import", script), 0));
    // 1 is what an assertion ends a script by; 3 is that there was nothing to undo.
    let faults = FAULTS.iter().map(|&(name, fault)| (name, fault, 1));
    let next = Mutex::new(sound.chain(faults));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().unwrap().next();
                    let Some((name, fault, expected)) = taken else { break };
                    let output = broken(&fault);
                    if output.status.code() != Some(expected) {
                        let said = String::from_utf8_lossy(&output.stderr).into_owned();
                        wrong.lock().unwrap().push((name, fault.3, output.status.code(), said));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "a script misses a fault that is not there, or not one that is: {wrong:#?}"
    );
}
