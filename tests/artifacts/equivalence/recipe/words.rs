//! The words of random tables: names that some language keeps for itself, and values that some
//! layer could trip over.

/// No two give one Rust variant, and none is `self`.
const NAMES: [&str; 24] = [
    "type",
    "match",
    "async",
    "super",
    "crate",
    "none",
    "some",
    "ok",
    "err",
    "all",
    "select",
    "order",
    "null",
    "true",
    "constructor",
    "to_string",
    "default",
    "initial",
    "x1",
    "a_b_c",
    "values",
    "new",
    "a_state_whose_name_is_as_long_as_any_name_may_be_in_this_format",
    "index",
];

/// No two are alike, and none is a name.
const VALUES: [&str; 44] = [
    "it's",
    "\"q\"",
    "a b",
    " before",
    "after ",
    "é☃",
    "e\u{301}☃",
    "日本",
    "🚀",
    "back\\slash",
    "$1",
    "$phasegate$",
    "${{ x }}",
    "-- x",
    "; DROP",
    "/* */",
    "%s",
    "NULL",
    "Null",
    "1",
    "1.0",
    "01",
    "0",
    "TRUE",
    "__proto__",
    "hasOwnProperty",
    "toString",
    "a,b",
    "a, b",
    "*",
    "-",
    "{}",
    "`",
    "<b>",
    "\u{202e}x",
    "\u{feff}x",
    "'",
    "''",
    "\\n",
    "A",
    "a",
    "\u{a0}",
    "queued; legal: x",
    "63 bytes of a value, which is as much as any database can hold.",
];

const MACHINES: [&str; 8] = ["m", "deploy", "run", "event", "user", "order", "loop", "a_1"];
const PHASES: [&str; 5] = ["p", "type", "select", "phase_2", "none"];
const TEXTS: [&str; 6] = [
    "Plain",
    "It's \"so\" \\ ${{ x }}",
    "*/ --> {{ x }} {% y %}",
    "日本 🚀 \u{202e}",
    "# a | `b`\n\n- c",
    "</script>'%s",
];

/// A text as TOML writes it, and JSON too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// The words of one table.
pub(super) struct Words {
    names: Vec<String>,
    values: Vec<Option<String>>,
    texts: usize,
}

impl Words {
    /// From a number per state, and one for the rest.
    pub(super) fn new(states: impl Iterator<Item = u8>, texts: u8) -> Self {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        let mut numbers: Vec<usize> = states.map(usize::from).collect();
        if numbers.is_empty() {
            numbers.push(0);
        }
        for (at, number) in numbers.into_iter().enumerate() {
            let odd = NAMES[number / 3 % NAMES.len()].to_owned();
            let is_odd = number % 3 == 2 && !names.contains(&odd);
            names.push(if is_odd { odd } else { format!("s{at}") });
            let value = Some(VALUES[number / 2 % VALUES.len()].to_owned());
            values.push(
                value.filter(|value| number % 2 == 1 && !values.contains(&Some(value.clone()))),
            );
        }
        Self { names, values, texts: usize::from(texts) }
    }

    pub(super) fn name(&self, state: usize) -> &str {
        &self.names[state]
    }

    pub(super) fn value(&self, state: usize) -> Option<String> {
        self.values[state].clone()
    }

    pub(super) fn machine(&self) -> &'static str {
        MACHINES[self.texts % MACHINES.len()]
    }

    pub(super) fn phase(&self, phase: usize) -> String {
        let odd = PHASES[phase % PHASES.len()];
        if self.texts / 8 % 2 == 1 { odd.to_owned() } else { format!("p{phase}") }
    }

    /// A title, a doc and meta, now and then.
    pub(super) fn about(&self, what: usize) -> String {
        let number = (self.texts / 16) * (what + 1);
        let text = |at: usize| quoted(TEXTS[at % TEXTS.len()]);
        let mut out = String::new();
        if number % 3 == 1 {
            out += &format!("title = {}\n", text(number));
        }
        if number % 4 == 1 {
            out += &format!("doc = {}\n", text(number / 2));
        }
        if number % 5 == 1 {
            out += &format!("meta = {{ {} = {} }}\n", text(number / 3), text(number / 5));
        }
        out
    }
}

/// `[target.sql]`.
pub(super) fn sql((a, b, c, _): (u8, u8, u8, u8)) -> String {
    let mut out = String::from("[target.sql]\n");
    let mut key = |key: &str, value: &str| {
        if !value.is_empty() {
            out += &format!("{key} = {value}\n");
        }
    };
    key("storage", ["", "\"text\""][usize::from(a % 2)]);
    key("key_type", ["", "\"uuid\"", "\"bigint\""][usize::from(a / 2 % 3)]);
    key("owns", ["", "", "false"][usize::from(a / 8 % 3)]);
    key("events", ["", "", "\"History\"", "false"][usize::from(b % 4)]);
    key("schema", ["", "\"app\"", "\"Select\""][usize::from(b / 4 % 3)]);
    key("table", ["", "\"group\"", "\"Rows\""][usize::from(c % 3)]);
    key("key", ["", "\"user\"", "\"Key\""][usize::from(c / 3 % 3)]);
    key("column", ["", "\"order\"", "\"State\""][usize::from(c / 9 % 3)]);
    out
}
