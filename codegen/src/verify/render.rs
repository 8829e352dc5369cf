//! Proofs as people, programs and workflows read them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{About, ClaimResult, Counterexample, Covered, Proved, Smaller, Warning};
use crate::finding::{Finding, Severity};
use crate::rules;
use crate::table::{self, Source};

/// The proofs for people, a line each and what there is to say of it below.
pub fn text(proofs: &[Proved]) -> String {
    let width = proofs.iter().map(|proved| proved.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Proved { name, claim, verdict, .. } in proofs {
        let word = match verdict {
            ClaimResult::Proven { .. } => "proven",
            ClaimResult::Bounded { .. } => "bounded",
            ClaimResult::NotApplicable { .. } => "-",
            ClaimResult::Refuted { .. } => "REFUTED",
        };
        out += &format!("{word:<8} {name:<width$}  {claim}\n");
        let mut below = |line: &str| out += &format!("{:9}{line}\n", "");
        match verdict {
            ClaimResult::Proven { covered } | ClaimResult::Bounded { covered, .. } => {
                if let ClaimResult::Bounded { bound, smaller, .. } = verdict {
                    below(&format!("not exhausted; the bound: {}", smaller.than(bound)));
                }
                below(&covered.text());
                covered.notes.iter().for_each(|note| below(note));
                covered.warnings.iter().for_each(|w| below(&format!("warning: {}", w.message)));
            }
            ClaimResult::NotApplicable { why } => below(&format!("does not apply: {why}")),
            ClaimResult::Refuted { counterexample } => {
                below(&counterexample.summary);
                if !counterexample.shortest {
                    below("not everything was tried: there may be a shorter case");
                }
                for (number, line) in counterexample.path.iter().enumerate() {
                    below(&format!("{:>3}. {line}", number + 1));
                }
            }
        }
    }
    out
}

/// How many proofs came out how, in words.
pub fn summary(proofs: &[Proved]) -> String {
    let number = |word: &str| proofs.iter().filter(|p| p.verdict.as_str() == word).count();
    let words = [
        ("proven", "proven"),
        ("bounded", "bounded"),
        ("refuted", "refuted"),
        ("not-applicable", "not applicable"),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .map(|(word, said)| (number(word), said))
        .filter(|(number, _)| *number > 0)
        .map(|(number, said)| format!("{number} {said}"))
        .collect();
    parts.join(", ")
}

/// One proof as JSON.
pub fn json(proved: &Proved) -> Value {
    let mut value = json!({
        "name": proved.name,
        "claim": proved.claim,
        "verdict": proved.verdict.as_str(),
        "covered": null,
        "notes": [],
        "bound": null,
        "why": null,
        "counterexample": null,
    });
    let mut tried = |covered: &Covered| {
        let counts = covered.counts.iter();
        // What can't be counted further is a text.
        let counted = |count: u64| match count {
            u64::MAX => Value::from(super::number(count)),
            count => count.into(),
        };
        let counts = counts.map(|(count, what)| ((*what).to_owned(), counted(*count)));
        value["covered"] = counts.collect::<Map<String, Value>>().into();
        value["notes"] = covered.notes.clone().into();
    };
    match &proved.verdict {
        ClaimResult::Proven { covered } => tried(covered),
        ClaimResult::Bounded { covered, bound, smaller } => {
            tried(covered);
            value["bound"] = smaller.than(bound).into();
        }
        ClaimResult::NotApplicable { why } => value["why"] = why.clone().into(),
        ClaimResult::Refuted { counterexample } => value["counterexample"] = json!(counterexample),
    }
    value
}

/// What is refuted, what is not proven, and what is probably not what was meant, as findings at places
/// of the table.
pub fn findings(source: &Source, proofs: &[Proved]) -> Vec<Finding> {
    let of = |proved: &Proved| -> Vec<(About, Finding)> {
        match &proved.verdict {
            ClaimResult::Refuted { counterexample } => {
                vec![(counterexample.about, refuted(source, proved, counterexample))]
            }
            ClaimResult::Proven { covered } | ClaimResult::Bounded { covered, .. } => {
                let warning = |Warning { rule, about, subject, message, help }: &Warning| {
                    let path = &source.path;
                    let finding = Finding::about(rule, Severity::Warning, path, message, help);
                    (*about, Finding { subject: Some(subject.clone()), ..finding })
                };
                covered.warnings.iter().map(warning).collect()
            }
            ClaimResult::NotApplicable { .. } => Vec::new(),
        }
    };
    let bounded = bounded(source, proofs);
    let found: Vec<(About, Finding)> = proofs.iter().flat_map(of).chain(bounded).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let (_, table, _) = table::read(&source.path, source.text.as_bytes());
    let place = |about| {
        let table = table.as_ref()?;
        let name = match about {
            About::Phase(phase) => &table.phase.get(phase.index())?.name,
            About::State(state) => &table.state.get(state.index())?.name,
            About::Job(job) => &table.job.get(job.index())?.name,
        };
        Some(name.span())
    };
    let placed = |(about, finding): (About, Finding)| match place(about) {
        Some(span) => {
            let (line, column) = source.place(span.start);
            Finding { line: Some(line), column: Some(column), span: Some(span), ..finding }
        }
        None => finding,
    };
    found.into_iter().map(placed).collect()
}

/// The claims that are bounded: a finding for those that the same would make smaller.
fn bounded(source: &Source, proofs: &[Proved]) -> Vec<(About, Finding)> {
    let mut kinds: BTreeMap<Smaller, Vec<&str>> = BTreeMap::new();
    for proved in proofs {
        if let ClaimResult::Bounded { smaller, .. } = proved.verdict {
            kinds.entry(smaller).or_default().push(proved.name);
        }
    }
    let finding = |(smaller, claims): (Smaller, Vec<&str>)| {
        let are = if claims.len() == 1 { "is" } else { "are" };
        let message = format!(
            "{} {are} bounded, not proven: not every case was tried",
            claims.iter().map(|claim| format!("`{claim}`")).collect::<Vec<_>>().join(", ")
        );
        let help = format!(
            "make it smaller: {}; if that can't be, accept the finding with a reason. `phasegate \
             verify` prints what was tried",
            smaller.by()
        );
        let path = &source.path;
        (
            smaller.about(),
            Finding::about(rules::NOT_EXHAUSTED, Severity::Error, path, message, help),
        )
    };
    kinds.into_iter().map(finding).collect()
}

fn refuted(source: &Source, proved: &Proved, case: &Counterexample) -> Finding {
    let message = format!("it does not hold that {}: {}", proved.claim, case.summary);
    let mend = case.help.as_deref().unwrap_or(proved.rule.mend);
    let help = match case.path.is_empty() {
        true => mend.to_owned(),
        false => format!(
            "{mend}; {}: {}",
            match case.shortest {
                true => "the shortest case",
                false => "a case, perhaps not the shortest",
            },
            case.path.join("; ")
        ),
    };
    // What goes wrong, and by which step: the way there may change with any other edit.
    let last = case.path.last().map_or("", |line| last_step(line));
    let subject = Some(format!("{}\n{last}", case.summary));
    let finding = Finding::about(proved.rule, Severity::Error, &source.path, message, help);
    Finding { subject, ..finding }
}

/// Of a way through states, which may be a line of any length, the last step.
fn last_step(line: &str) -> &str {
    match line.rmatch_indices(" -> ").nth(1) {
        Some((at, arrow)) => &line[at + arrow.len()..],
        None => line,
    }
}
