//! A table drafted from what a history is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use phasegate_audit::Discovered;
use phasegate_codegen::suggest::toml;

use super::names::{names, slug};

/// The draft, and what was left out of it.
pub(crate) struct HistoryDraft {
    /// The table.
    pub(crate) text: String,
    /// How many steps and starts were left out.
    pub(crate) left_out: u64,
}

/// A step or, without `from`, a start that is left out, and how often it was taken.
type LeftOut = (Option<usize>, usize, u64);

/// What the draft keeps of a history.
struct Kept {
    /// The places of the states, in the order of their coming.
    states: Vec<usize>,
    initial: Vec<usize>,
    /// From each state.
    steps: BTreeMap<usize, Vec<(usize, u64)>>,
    left_out: Vec<LeftOut>,
    /// States that lead to no end.
    without_end: BTreeSet<usize>,
}

/// Drafts a table of this name. Steps that are a smaller share than `noise` of those out of their
/// state, and starts of all starts, are left out; so are the states that nothing leads to without
/// them.
pub(crate) fn draft(found: &Discovered, name: &str, noise: f64) -> HistoryDraft {
    let kept = kept(found, noise);
    let texts: Vec<&str> = found.states.iter().map(String::as_str).collect();
    let names = names(&texts);
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a string takes it");
    let sources: Vec<String> = found.sources.iter().take(3).map(|name| comment(name)).collect();
    let more = found.sources.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    line(format!(
        "# Drafted by phasegate discover from {}{more}: {} reports of {} rows.\n\
         # Say what each end means (`outcome`), and look at what was left out as noise.\n\
         format = 1\n\n[machine]\nname    = {}",
        sources.join(", "),
        found.events,
        found.rows,
        toml(name)
    ));
    let quoted = |list: &[usize]| -> String {
        let list: Vec<String> = list.iter().map(|&at| toml(&names[at])).collect();
        if let [only] = &list[..] { only.clone() } else { format!("[{}]", list.join(", ")) }
    };
    line(format!("initial = {}", quoted(&kept.initial)));
    for &at in &kept.states {
        line(format!("\n[[state]]\nname  = {}", toml(&names[at])));
        if names[at] != found.states[at] {
            line(format!("value = {}", toml(&found.states[at])));
        }
        if kept.without_end.contains(&at) {
            line(
                "outcome = \"neutral\" # nothing leads from here to an end: is it one?\n\
                  reopens = true"
                    .to_owned(),
            );
        }
        let (starts, ends) = (found.starts[at], found.ends[at]);
        let mut says = Vec::new();
        says.extend((starts > 0).then(|| format!("{starts} rows start here")));
        says.extend((ends > 0).then(|| format!("{ends} are in it")));
        if !says.is_empty() {
            line(format!("# {}", says.join(", ")));
        }
    }
    for (from, to) in &kept.steps {
        let list: Vec<usize> = to.iter().map(|(to, _)| *to).collect();
        let times: Vec<String> = to.iter().map(|(_, times)| times.to_string()).collect();
        line(format!(
            "\n[[transition]] # {} times\nfrom = {}\nto   = {}",
            times.join(", "),
            toml(&names[*from]),
            quoted(&list)
        ));
    }
    let left_out = kept.left_out.iter().map(|(_, _, times)| times).sum();
    if !kept.left_out.is_empty() {
        line("\n# Left out as noise; each is a violation of this table:".to_owned());
        for (from, to, times) in &kept.left_out {
            let is_end =
                kept.steps.get(to).is_none_or(|next| next.iter().all(|(next, _)| next == to));
            let why = match from {
                None if is_end => " (no row may start in an end)",
                None | Some(_) => "",
            };
            let from = from.map_or("start", |from| &names[from]);
            let plural = if *times == 1 { "" } else { "s" };
            line(format!("#   {from} -> {}: {times} time{plural}{why}", names[*to]));
        }
    }
    HistoryDraft { text: out, left_out }
}

/// A name for the machine, by what its rows' column or its file is called.
pub(crate) fn machine_name(text: &str) -> String {
    let name = slug(text, "machine");
    let name = name.strip_suffix("_id").unwrap_or(&name);
    let name = name.strip_suffix("_events").unwrap_or(name);
    name.chars().take(40).collect()
}

/// A text as a part of a comment.
fn comment(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

fn kept(found: &Discovered, noise: f64) -> Kept {
    let all = 0..found.states.len();
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
    let is_noise = |times: u64, of: u64| (times as f64) < noise * of as f64;
    let started: u64 = found.starts.iter().sum();
    let out_of = |from: usize| all.clone().filter_map(move |to| found.steps.get(&(from, to)));
    let mut steps: BTreeMap<usize, Vec<(usize, u64)>> = BTreeMap::new();
    let mut left_out: Vec<LeftOut> = Vec::new();
    for from in all.clone() {
        let of: u64 = out_of(from).sum();
        for to in all.clone() {
            let Some(&times) = found.steps.get(&(from, to)) else { continue };
            if is_noise(times, of) {
                left_out.push((Some(from), to, times));
            } else {
                steps.entry(from).or_default().push((to, times));
            }
        }
    }
    let leaves = |from: usize, steps: &BTreeMap<usize, Vec<(usize, u64)>>| {
        steps.get(&from).is_some_and(|to| to.iter().any(|(to, _)| *to != from))
    };
    let mut initial = Vec::new();
    for to in all.clone().filter(|&to| found.starts[to] > 0) {
        // The format has no start in an end, but of a machine of one state.
        let is_end = !leaves(to, &steps) && found.states.len() > 1;
        if is_noise(found.starts[to], started) || is_end {
            left_out.push((None, to, found.starts[to]));
        } else {
            initial.push(to);
        }
    }
    initial.sort_by_key(|&to| std::cmp::Reverse(found.starts[to]));
    // What nothing leads to any more goes, with all that leads out of it.
    let reached = reach(initial.clone(), |from| {
        steps.get(&from).into_iter().flatten().map(|(to, _)| *to).collect()
    });
    for from in all.clone().filter(|from| !reached.contains(from)) {
        let gone = steps.remove(&from).unwrap_or_default();
        left_out.extend(gone.into_iter().map(|(to, times)| (Some(from), to, times)));
    }
    // A step out of a state that is left out is not judged, and so no violation; one to another is.
    left_out.retain(|(from, to, _)| {
        from.is_none_or(|from| reached.contains(&from)) || !reached.contains(to)
    });
    let states: Vec<usize> = all.filter(|state| reached.contains(state)).collect();
    let ends = states.iter().copied().filter(|&state| !leaves(state, &steps)).collect();
    let leads = reach(ends, |to| {
        let into = |from: &usize| steps.get(from).is_some_and(|it| it.iter().any(|it| it.0 == to));
        states.iter().copied().filter(into).collect()
    });
    let has_end = states.len() > leads.len() && !leads.is_empty();
    let without_end = states.iter().copied();
    let without_end = without_end
        .filter(|state| has_end && !leads.contains(state) && !initial.contains(state))
        .collect();
    Kept { states, initial, steps, left_out, without_end }
}

/// All that can be reached from some.
fn reach(from: Vec<usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut reached: BTreeSet<usize> = from.iter().copied().collect();
    let mut open = from;
    while let Some(state) = open.pop() {
        open.extend(next(state).into_iter().filter(|&next| reached.insert(next)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use phasegate_audit::{Options, Wanted, audit, discover};
    use proptest::prelude::*;

    use super::*;

    const STATES: [&str; 6] = ["a", "b", "In Transit", "7", "d", "odd one"];

    proptest! {
        #[test]
        fn by_a_draft_its_history_has_what_was_left_out_and_nothing_else(
            steps in prop::collection::vec((0..8_u8, prop_oneof![6 => 0..3_usize, 1 => 0..6_usize]), 1..200),
            noise in prop_oneof![Just(0.0), 0.0..0.3_f64],
            reports in any::<bool>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("h.csv");
            let lines = steps.iter().map(|(row, state)| format!("{row},{}\n", STATES[*state]));
            std::fs::write(&path, format!("id,status\n{}", lines.collect::<String>())).unwrap();
            let sources = [path.display().to_string()];
            let options =
                Options { wanted: Wanted::default(), table: None, reports, memory: 16 << 20, strict: false };
            let found = discover(&sources, &options, &mut |_| ControlFlow::Continue(())).unwrap();
            let drafted = draft(&found, "m", noise);
            let read = phasegate_codegen::load::machine("m.toml", drafted.text.as_bytes());
            // Where every start is in an end, or all initial states go round, no table says so.
            let Ok((_, machine, _)) = read else {
                let is_known = drafted.text.contains("initial = []") || !drafted.text.contains("reopens");
                prop_assert!(is_known, "{}", drafted.text);
                return Ok(());
            };
            let report =
                audit(&machine, &[], &sources, &options, None, &mut |_| ControlFlow::Continue(())).unwrap();
            prop_assert_eq!(report.violations, drafted.left_out, "{}", drafted.text);
        }
    }
}
