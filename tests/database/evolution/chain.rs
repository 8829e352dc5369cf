//! Random chains of tables, each a change of the one before, out of numbers that shrink.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use phasegate_codegen::Machine;

/// What is done, and to what.
pub(crate) type Op = (u8, u8, u8);

/// The shape of `[target.sql]`, and the changes of each step.
pub(crate) type Numbers = (u8, Vec<Vec<Op>>);

/// Keys of `[target.sql]` that a chain is tried with.
const KEYS: [&str; 8] = [
    "",
    "key_type = 'bigint'\nstorage = 'text'",
    "table = 'order'\nkey = 'group'\ncolumn = 'user'\nkey_type = 'uuid'\nschema = 'app'\nevents = 'log'",
    "events = false",
    "events = false\nstorage = 'text'",
    "owns = false",
    "owns = false\nstorage = 'text'",
    "owns = false\nevents = false\nstorage = 'text'\nschema = 'app'",
];

#[derive(Clone, Debug)]
struct State {
    /// Stays, whatever the state is called.
    id: usize,
    name: String,
    value: Option<String>,
    renamed_from: Option<String>,
    optional: bool,
    retired: bool,
    phase: bool,
    ends: bool,
}

/// One table of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    states: Vec<State>,
    initial: Vec<usize>,
    pairs: BTreeSet<(usize, usize)>,
    title: usize,
    keys: &'static str,
    /// So many names were given so far.
    names: usize,
    /// Values that states had once.
    former: Vec<String>,
}

impl Version {
    fn first(keys: &'static str) -> Self {
        let state = |id: usize| State {
            id,
            name: format!("s{id}"),
            value: None,
            renamed_from: None,
            optional: false,
            retired: false,
            phase: false,
            ends: false,
        };
        Self {
            states: (0..3).map(state).collect(),
            initial: vec![0],
            pairs: BTreeSet::from([(0, 1), (1, 2)]),
            title: 0,
            keys,
            names: 3,
            former: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let name = |id: &usize| quoted(&self.state(*id).name);
        let initial: Vec<String> = self.initial.iter().map(name).collect();
        let mut out = format!(
            "format = 1\n[machine]\nname = \"job\"\ntitle = \"Job {}\"\ninitial = [{}]\n[[phase]]\nname = \"p\"\n",
            self.title,
            initial.join(", ")
        );
        for state in &self.states {
            write!(out, "[[state]]\nname = {}\n", quoted(&state.name)).unwrap();
            let mut key = |key: &str, value: Option<String>| {
                if let Some(value) = value {
                    writeln!(out, "{key} = {value}").unwrap();
                }
            };
            key("value", state.value.as_deref().map(quoted));
            key("renamed_from", state.renamed_from.as_deref().map(quoted));
            key("optional", state.optional.then(|| "true".to_owned()));
            key("retired", state.retired.then(|| "true".to_owned()));
            key("phase", state.phase.then(|| "\"p\"".to_owned()));
            key("outcome", state.ends.then(|| "\"failure\"".to_owned()));
        }
        for (from, to) in &self.pairs {
            write!(out, "[[transition]]\nfrom = {}\nto = {}\n", name(from), name(to)).unwrap();
        }
        format!("{out}[target.sql]\n{}\n", self.keys)
    }

    pub(crate) fn machine(&self) -> Result<Machine, String> {
        phasegate_codegen::machine("test.toml", self.text().as_bytes())
            .map(|(_, machine, _)| machine)
            .map_err(|error| error.to_string())
    }

    fn state(&self, id: usize) -> &State {
        self.states.iter().find(|state| state.id == id).expect("states stay")
    }

    /// Every state, by what stays, in the order of the table.
    pub(crate) fn ids(&self) -> Vec<usize> {
        self.states.iter().map(|state| state.id).collect()
    }

    fn value(&self, id: usize) -> String {
        let state = self.state(id);
        state.value.clone().unwrap_or_else(|| state.name.clone())
    }

    /// A value that no state has had, or now and then one that a state has given up.
    fn fresh(&mut self, number: u8) -> String {
        self.names += 1;
        let n = self.names;
        match number % 6 {
            0 => format!("it's \"{n}\"; --"),
            1 => format!("é ☃ {n}"),
            2 => format!(" $phasegate$ \\{n}"),
            3 if !self.former.is_empty() => {
                self.former.remove(usize::from(number) / 6 % self.former.len())
            }
            _ => format!("v{n}"),
        }
    }

    /// The table after one change, which need not be a valid one.
    fn after(&self, &(what, a, b): &Op) -> Self {
        let mut next = self.clone();
        let place = |number: u8| usize::from(number) % self.states.len();
        let (at, id, other) = (place(a), self.states[place(a)].id, self.states[place(b)].id);
        match what % 16 {
            0 | 1 => {
                let new = self.states.iter().map(|state| state.id).max().unwrap_or(0) + 1;
                next.names += 1;
                let name = format!("s{}", next.names);
                let value = (b % 3 == 0).then(|| next.fresh(a));
                let state =
                    State { id: new, name, value, optional: what == 1, ..self.states[at].clone() };
                let state = State { renamed_from: None, retired: false, ends: false, ..state };
                next.states.insert(usize::from(b) % (self.states.len() + 1), state);
                next.pairs.extend([(id, new), (new, other)]);
            }
            2 | 3 => {
                next.pairs.insert((id, other));
            }
            4 | 5 => {
                let pair = self.pairs.iter().nth(usize::from(a) % self.pairs.len().max(1));
                next.pairs = self.pairs.iter().copied().filter(|p| Some(p) != pair).collect();
            }
            6 | 7 => {
                // Another name, and with it another value, its own or one that is given.
                let value = (b % 2 == 0).then(|| next.fresh(b / 2));
                next.rename(at, value);
            }
            8 => {
                let value = Some(self.value(id));
                next.rename(at, value);
            }
            9 => {
                next.states[at].value = Some(next.fresh(b));
            }
            10 => {
                next.states[at].retired = !self.states[at].retired;
                next.pairs.retain(|(_, to)| *to != id || !next.states[at].retired);
                if self.states[at].retired {
                    next.pairs.insert((other, id));
                }
            }
            11 => next.states[at].optional = !self.states[at].optional,
            12 => {
                let state = next.states.remove(at);
                next.states.insert(place(b), state);
            }
            13 => match self.initial.iter().position(|initial| *initial == id) {
                Some(_) if b % 2 == 0 => next.initial.retain(|initial| *initial != id),
                Some(at) => next.initial.swap(0, at),
                None => next.initial.insert(usize::from(b) % (self.initial.len() + 1), id),
            },
            14 => next.states[at].ends = !self.states[at].ends,
            _ => {
                next.states[at].phase = !self.states[at].phase;
                next.title += 1;
            }
        }
        next
    }

    fn rename(&mut self, at: usize, value: Option<String>) {
        self.names += 1;
        let name = format!("s{}", self.names);
        let state = &mut self.states[at];
        if state.renamed_from.is_none() {
            state.renamed_from = Some(std::mem::replace(&mut state.name, name));
            state.value = value;
        }
    }
}

/// The tables of a chain, each valid; steps that come to nothing are left out.
pub(crate) fn chain((shape, steps): &Numbers) -> Vec<Version> {
    let keys = KEYS[usize::from(*shape) % KEYS.len()];
    let mut chain = vec![Version::first(keys)];
    for step in steps {
        let old = chain.last().expect("there is a first").clone();
        let mut new = old.clone();
        for state in &mut new.states {
            // What is left in is passed over.
            if shape / 8 % 2 == 0 {
                state.renamed_from = None;
            } else if let Some(from) = &state.renamed_from
                && (old.states.iter().any(|other| other.name == *from) || shape / 16 % 2 == 0)
            {
                state.renamed_from = None;
            }
        }
        for op in step {
            let next = new.after(op);
            if next.machine().is_ok() && !gives_a_value_away(&old, &next) {
                new = next;
            }
        }
        for id in old.ids() {
            let was = old.value(id);
            if was != new.value(id) {
                new.former.push(was);
            }
        }
        chain.push(new);
    }
    chain
}

/// Whether a state gets a value that is another's until the step is done: that is refused.
fn gives_a_value_away(old: &Version, new: &Version) -> bool {
    new.states.iter().any(|state| {
        let value = new.value(state.id);
        old.states.iter().any(|was| was.id != state.id && old.value(was.id) == value)
    })
}
