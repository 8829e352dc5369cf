//! Proofs as people, programs and workflows read them.

use serde_json::{Map, Value, json};

use super::{Covered, Proved, Verdict};
use crate::finding::{Finding, Severity};

/// The proofs for people, a line each and what there is to say of it below.
pub fn text(proofs: &[Proved]) -> String {
    let width = proofs.iter().map(|proved| proved.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Proved { name, claim, verdict, .. } in proofs {
        let word = match verdict {
            Verdict::Proven { .. } => "proven",
            Verdict::Bounded { .. } => "bounded",
            Verdict::NotApplicable { .. } => "-",
            Verdict::Refuted { .. } => "REFUTED",
        };
        out += &format!("{word:<8} {name:<width$}  {claim}\n");
        let mut below = |line: &str| out += &format!("{:9}{line}\n", "");
        match verdict {
            Verdict::Proven { covered } | Verdict::Bounded { covered, .. } => {
                if let Verdict::Bounded { bound, .. } = verdict {
                    below(&format!("not exhausted; the bound: {bound}"));
                }
                below(&covered.text());
                covered.notes.iter().for_each(|note| below(note));
            }
            Verdict::NotApplicable { why } => below(&format!("does not apply: {why}")),
            Verdict::Refuted { counterexample } => {
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
        let counts = counts.map(|(count, what)| ((*what).to_owned(), (*count).into()));
        value["covered"] = counts.collect::<Map<String, Value>>().into();
        value["notes"] = covered.notes.clone().into();
    };
    match &proved.verdict {
        Verdict::Proven { covered } => tried(covered),
        Verdict::Bounded { covered, bound } => {
            tried(covered);
            value["bound"] = bound.clone().into();
        }
        Verdict::NotApplicable { why } => value["why"] = why.clone().into(),
        Verdict::Refuted { counterexample } => value["counterexample"] = json!(counterexample),
    }
    value
}

/// What is refuted, as findings about the table.
pub fn findings(path: &str, proofs: &[Proved]) -> Vec<Finding> {
    let refuted = |proved: &Proved| match &proved.verdict {
        Verdict::Refuted { counterexample } => Some(Finding {
            // What goes wrong, and by which step: the way there may change with any other edit.
            subject: Some(format!(
                "{}\n{}",
                counterexample.summary,
                counterexample.path.last().map_or("", String::as_str)
            )),
            ..Finding::about(
                proved.rule,
                Severity::Error,
                path,
                format!("it does not hold that {}: {}", proved.claim, counterexample.summary),
                match counterexample.path.is_empty() {
                    true => proved.rule.mend.to_owned(),
                    false => format!(
                        "{}; {}: {}",
                        proved.rule.mend,
                        match counterexample.shortest {
                            true => "the shortest case",
                            false => "a case, perhaps not the shortest",
                        },
                        counterexample.path.join("; ")
                    ),
                },
            )
        }),
        Verdict::Proven { .. } | Verdict::Bounded { .. } | Verdict::NotApplicable { .. } => None,
    };
    proofs.iter().filter_map(refuted).collect()
}
