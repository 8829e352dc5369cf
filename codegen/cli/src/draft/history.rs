//! A table drafted from what a history is made of.

use std::fmt::Write as _;

use phasegate_audit::Discovered;
use phasegate_codegen::suggest::toml;

use super::names::{names, slug};
use super::noise::{Seen, kept, said};

/// The draft, and what was left out of it.
pub(crate) struct HistoryDraft {
    /// The table.
    pub(crate) text: String,
    /// How many steps and starts were left out.
    pub(crate) left_out: u64,
}

/// Drafts a table of this name. Steps that are a smaller share than `noise` of those out of their
/// state, and starts of all starts, are left out; so are the states that nothing leads to without
/// them.
pub(crate) fn draft(found: &Discovered, name: &str, noise: f64) -> HistoryDraft {
    let seen = Seen { starts: found.starts.clone(), steps: found.steps.clone() };
    let kept = kept(&seen, noise);
    let left_out = kept.all_left_out();
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
    if !left_out.is_empty() {
        line("\n# Left out as noise; each is a violation of this table:".to_owned());
        for step in &left_out {
            line(format!("#   {}", said(step, &names, &kept)));
        }
    }
    let left_out = left_out.iter().map(|(_, _, times)| times).sum();
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
