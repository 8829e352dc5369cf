//! The settings of the report's script, which it takes from the environment: one that it can't read makes
//! every report fail.

use super::document::{Node, Value};
use super::reading::Reading;
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::suggest::{self, shown};

/// A setting: its name, whether what stands there is one, and what it is to be.
struct Setting(&'static str, fn(&str) -> bool, &'static str);

/// As the script reads them.
const SETTINGS: [Setting; 3] = [
    Setting("NOTIFY_TRIES", is_whole, "a whole number of at most 5 digits, such as `6`"),
    Setting("NOTIFY_BUDGET", is_whole, "a whole number of seconds, such as `60`"),
    Setting("NOTIFY_PAUSE", is_seconds, "a number of seconds, such as `0.5`"),
];

/// After how many seconds a report's step is ended, whatever its script waits for.
const LONGEST: u32 = 300;

impl<'r> Reading<'r> {
    /// Says of settings in the workflow's `env`, a job's or a step's, that the script does not take.
    pub(super) fn judge_settings(&self, findings: &mut Findings<'_>) {
        self.settings(&self.document.root, "the workflow", findings);
        for (key, job) in self.document.jobs() {
            let job = self.document.resolved(job);
            let name = format!("the job `{}`", shown(key.text().unwrap_or_default()));
            self.settings(job, &name, findings);
            let steps = job.get("steps").map(|steps| self.document.resolved(steps));
            for step in steps.map_or(&[][..], Node::items) {
                let step = self.document.resolved(step);
                self.settings(step, &format!("a step of {name}"), findings);
            }
        }
    }

    fn settings(&self, of: &'r Node, whose: &str, findings: &mut Findings<'_>) {
        let env = of.get("env").map(|env| self.document.resolved(env));
        for (key, value) in env.map_or(&[][..], Node::entries) {
            let name = key.text().unwrap_or_default();
            let Some(Setting(name, is_one, wanted)) = SETTINGS.iter().find(|of| of.0 == name)
            else {
                continue;
            };
            let value = self.document.resolved(value);
            let Some(text) = given(value) else { continue };
            let shown = shown(&suggest::cut(&text));
            let (message, help) = if !is_one(&text) {
                (
                    format!(
                        "`{name}` of {whose} is `{shown}`, which the report's script does not take"
                    ),
                    format!("write {wanted}: else every report fails before it is sent"),
                )
            } else if *name == "NOTIFY_BUDGET"
                && text.parse().is_ok_and(|seconds: u32| seconds > LONGEST)
            {
                (
                    format!(
                        "`{name}` of {whose} is `{shown}` seconds, and a report's step ends after {LONGEST}"
                    ),
                    format!("write at most {LONGEST}: a step that is ended says no reason"),
                )
            } else {
                continue;
            };
            let span = self.lines.span(key.line);
            findings.add(rules::BAD_SETTING, Severity::Error, span, message, help);
        }
    }
}

/// What the script gets of a value; none where that is not known, or nothing, for which it has a default.
fn given(value: &Node) -> Option<String> {
    let Value::Scalar { text, is_plain } = &value.value else { return None };
    if value.is_null() || text.is_empty() || text.contains("${{") {
        return None;
    }
    // What YAML takes for a number is written anew.
    let number = text.parse::<f64>().ok().filter(|number| *is_plain && number.is_finite());
    Some(number.map_or_else(|| text.clone(), |number| number.to_string()))
}

fn is_whole(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
}

fn is_seconds(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, rest)) => {
            is_whole(whole) && !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit())
        }
        None => is_whole(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    #[test]
    fn what_the_script_gets_is_what_github_makes_of_the_text() {
        for (text, wanted) in [
            ("6", Some("6")),
            ("'6'", Some("6")),
            ("6.0", Some("6")),
            ("'6.0'", Some("6.0")),
            ("0.5", Some("0.5")),
            ("1e1", Some("10")),
            ("x", Some("x")),
            ("-1", Some("-1")),
            ("''", None),
            ("", None),
            ("${{ vars.X }}", None),
        ] {
            let document = Document::read(&format!("a: {text}\n")).unwrap();
            let value = document.root.get("a").unwrap();
            assert_eq!(given(value).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn settings_are_judged_as_the_script_judges_them() {
        for text in ["0", "6", "99999", "007"] {
            assert!(is_whole(text) && is_seconds(text), "{text}");
        }
        for text in ["0.5", "1.25"] {
            assert!(!is_whole(text) && is_seconds(text), "{text}");
        }
        for text in ["x", "-1", "100000", "1.", ".5", " 6", "6s", "1e1"] {
            assert!(!is_whole(text) && !is_seconds(text), "{text}");
        }
    }
}
