//! A report as one page of HTML that needs nothing else.

use askama::Template;
use phasegate_codegen::graph::{Drawing, Traffic};
use phasegate_codegen::machine::{Machine, StateId};

use crate::render::{START, thousands};
use crate::report::{Report, SHOWN, Stopped};
use crate::stays::words;
use crate::time;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    from: String,
    stopped: Option<&'static str>,
    cards: Vec<Card>,
    picture: Option<String>,
    violations: Vec<Row>,
    more_violations: Option<String>,
    others: Vec<Other>,
    steps: Vec<Step>,
    times: Vec<Time>,
}

/// A number at the top.
struct Card {
    number: String,
    what: &'static str,
    is_bad: bool,
}

/// A violation.
struct Row {
    row: String,
    position: u32,
    from: String,
    to: String,
    legal: String,
    at: String,
    place: String,
}

/// Another finding.
struct Other {
    message: String,
    place: String,
    is_bad: bool,
}

/// A step and how often it was taken.
struct Step {
    from: String,
    to: String,
    times: String,
    note: &'static str,
    is_bad: bool,
}

/// How long rows were in a state.
struct Time {
    state: String,
    left: String,
    p50: String,
    p95: String,
    p99: String,
}

impl Report {
    /// The page. It has no picture where the machine is too large for one.
    pub fn html(&self, machine: &Machine) -> String {
        let title = |id: StateId| machine.state(id).title.clone();
        let violations = self.first_violations.iter().map(|it| Row {
            row: it.row.clone(),
            position: it.position,
            from: it.from.clone().unwrap_or_else(|| START.to_owned()),
            to: it.to.clone(),
            legal: it.legal.join(", "),
            at: it.at.map(time::print).unwrap_or_default(),
            place: format!("{}:{}", self.sources[it.source as usize].name, it.line),
        });
        let others = self.findings(machine).into_iter().skip(self.first_violations.len());
        let others = others.map(|finding| Other {
            place: match finding.line {
                Some(line) => format!("{}:{line}", finding.path),
                None => finding.path.clone(),
            },
            is_bad: finding.is_error(),
            message: finding.message,
        });
        let steps = self.taken.iter().map(|taken| Step {
            from: taken.from.map_or_else(|| START.to_owned(), title),
            to: title(taken.to),
            times: thousands(taken.times),
            note: match (taken.is_legal, taken.times) {
                (false, times) if taken.violations < times => "at times not legal",
                (false, _) => "not legal",
                (true, 0) => "never",
                (true, _) => "",
            },
            is_bad: !taken.is_legal,
        });
        let times = self.stays.iter().map(|(id, stay)| Time {
            state: title(*id),
            left: thousands(stay.left as u64),
            p50: words(stay.p50),
            p95: words(stay.p95),
            p99: words(stay.p99),
        });
        let page = Page {
            title: machine.title.clone(),
            from: self.summary(),
            stopped: self.stopped.map(|stopped| match stopped {
                Stopped::Interrupted => "It was stopped: this is what was seen until then.",
                Stopped::Strict => {
                    "It stopped at the first trouble: this is what was seen until then."
                }
            }),
            cards: self.cards(),
            picture: Drawing::new(machine).with_traffic(self.traffic()).svg().ok(),
            violations: violations.collect(),
            more_violations: (self.violations > SHOWN as u64).then(|| {
                format!("The first {SHOWN} of {}; --out writes all.", thousands(self.violations))
            }),
            others: others.collect(),
            steps: steps.collect(),
            times: times.collect(),
        };
        let text = page.render().expect("the template prints strings only");
        format!("{}\n", text.trim_end())
    }

    fn cards(&self) -> Vec<Card> {
        let card = |number: u64, what, is_bad| Card {
            number: thousands(number),
            what,
            is_bad: is_bad && number > 0,
        };
        let mut cards = vec![
            card(self.violations, "violations", true),
            card(self.events, "reports", false),
            card(self.rows, "rows", false),
            card(self.ended, "ended", false),
            card(self.open, "open", false),
        ];
        if self.elsewhere > 0 {
            cards.push(card(self.elsewhere, "in states that the table lacks", true));
        }
        let stuck: u64 = self.stuck.iter().map(|stuck| stuck.rows).sum();
        if stuck > 0 {
            cards.push(card(stuck, "stuck", true));
        }
        cards
    }

    fn traffic(&self) -> Vec<Traffic> {
        let step = |taken: &crate::report::Taken| {
            let (to, times, is_legal) = (taken.to, taken.times, taken.is_legal);
            taken.from.map(|from| Traffic { from, to, times, is_legal })
        };
        self.taken.iter().filter_map(step).collect()
    }
}
