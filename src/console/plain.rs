//! What the page is without script: its rows, and one of them with its history, written by the server.

use super::Page;
use super::served::{HTML, Text};
use super::shown::{self, Row, Shown, ShownStep};
use crate::Machine;
use crate::http::{Backend, Id, Problem, Which, in_address};
use crate::store::{Columns, Event, Item, Recorded, Snapshot, Time};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::Arc;

/// So many rows are on a page.
const ROWS: u32 = 20;
/// So many entries of a history are on a page.
const ENTRIES: usize = 50;
/// The column that a row is called by.
const TITLE: &str = "ref";
/// The answers to a row's reports that are no refusals.
const GRANTED: [&str; 4] = ["applied", "duplicate", "dispatching", "dispatched"];

type Given = Query<Vec<(String, String)>>;

/// The list: with script it is drawn and followed by that, whatever the database says now.
pub(super) async fn list(
    State(page): State<Arc<Page>>,
    headers: HeaderMap,
    Query(given): Given,
) -> Response {
    let plain = match rows(&page, &given).await {
        Ok(html) => html,
        Err(problem) => notice(problem.detail()),
    };
    Text::new(HTML, page.index(&plain), false).answer(StatusCode::OK, &headers)
}

/// One row.
pub(super) async fn row(
    State(page): State<Arc<Page>>,
    Id(id): Id,
    headers: HeaderMap,
    Query(given): Given,
) -> Response {
    let (status, html) = match one(&page, &id, &given).await {
        Ok(Some((name, html))) => (StatusCode::OK, page.row(&id, Some(&name), &html)),
        Ok(None) => {
            let words =
                shown::fill(shown::word("missing"), &[("noun", &page.title.to_lowercase())]);
            (StatusCode::NOT_FOUND, page.row(&id, None, &notice(&words)))
        }
        Err(problem) => (problem.status(), page.row(&id, None, &notice(problem.detail()))),
    };
    Text::new(HTML, html, false).answer(status, &headers)
}

pub(super) fn notice(text: &str) -> String {
    format!("<p class=\"notice\">{}</p>", escaped(text))
}

/// The backend that the page is of, and its machine.
fn backend(page: &Page) -> Result<(&Backend, &dyn Machine), Problem> {
    let backend = page.backend.as_ref();
    let backend = backend.ok_or_else(|| Problem::unavailable("this page has no backend"))?;
    Ok((backend, &**backend.machine()))
}

async fn rows(page: &Page, given: &[(String, String)]) -> Result<String, Problem> {
    let (backend, machine) = backend(page)?;
    let which = Which::of(given.to_vec())?;
    let filter = which.filter(machine)?;
    let before = which.before.as_deref();
    let found = backend.soon(backend.store().find(machine, &filter, ROWS, before)).await?;
    let Some(found) = found else {
        return Ok(notice("The page that this link led to is gone."));
    };
    let mut html =
        String::from("<form class=\"filter\" role=\"search\" aria-labelledby=\"heading\">");
    let value = |name: &str| {
        let given = given.iter().find(|(given, _)| given == name);
        given.map(|(_, value)| escaped(value)).unwrap_or_default()
    };
    let _ = write!(
        html,
        "<label><span class=\"hidden-text\">Search</span><input type=\"search\" name=\"q\" value=\"{}\" \
         maxlength=\"200\"></label><label><span class=\"hidden-text\">State</span>\
         <select name=\"state\"><option value=\"\">All</option>",
        value("q")
    );
    for state in (0..machine.states()).map(crate::StateId::new) {
        let (of, title) = (escaped(machine.value(state)), escaped(machine.state_title(state)));
        let selected = if value("state") == of { " selected" } else { "" };
        let _ = write!(html, "<option value=\"{of}\"{selected}>{title}</option>");
    }
    html.push_str("</select></label><button class=\"button\">Search</button></form>");
    if found.items.is_empty() {
        let words = if given.is_empty() { "None yet." } else { "None is like this." };
        let _ = write!(html, "<p class=\"empty\">{words}</p>");
        return Ok(html);
    }
    html.push_str("<ul class=\"list\" role=\"list\" aria-labelledby=\"heading\">");
    found.items.iter().for_each(|item| html.push_str(&listed(machine, item)));
    html.push_str("</ul>");
    if let Some(next) = &found.next {
        let kept = given.iter().filter(|(name, _)| name != "before");
        let before = ("before".to_owned(), next.clone());
        let query = query(kept.chain([&before]));
        let _ =
            write!(html, "<p class=\"more\"><a class=\"button\" href=\"?{query}\">Older</a></p>");
    }
    Ok(html)
}

fn query<'p>(pairs: impl Iterator<Item = &'p (String, String)>) -> String {
    let pair = |(name, value): &(String, String)| {
        escaped(&format!("{}={}", in_address(name), in_address(value)))
    };
    pairs.map(pair).collect::<Vec<_>>().join("&amp;")
}

/// A row of the list, as the script draws it.
fn listed(machine: &dyn Machine, item: &Item) -> String {
    let row = Row {
        status: &item.status,
        title: &item.title,
        known: item.known,
        seq: item.seq,
        forced_seq: item.forced_seq,
    };
    let (status, look) = shown::status(machine, &row);
    let others = others(&item.columns).map(|(_, value)| value).collect::<Vec<_>>().join(" · ");
    format!(
        "<li data-view=\"{look}\"><a href=\"rows/{}\">{}<span class=\"what\"><strong>{}</strong>\
         <span class=\"why\">{}</span></span>{}<span class=\"status\" data-view=\"{look}\">{}</span>\
         <span class=\"when\">{}</span></a></li>",
        in_address(&item.id),
        badge(look),
        escaped(&name(&item.id, &item.columns)),
        escaped(&others),
        marks(&shown::steps(&item.phases, item.known)),
        escaped(&status),
        item.created_at.map(|at| time(&at)).unwrap_or_default(),
    )
}

/// What a row is called.
fn name(id: &str, columns: &Columns) -> String {
    let given = columns.get(TITLE).map(text).filter(|text| !text.is_empty());
    given.unwrap_or_else(|| id.to_owned())
}

/// What else it has.
fn others(columns: &Columns) -> impl Iterator<Item = (&str, String)> {
    let columns = columns.iter().filter(|(name, _)| *name != TITLE);
    columns.map(|(name, value)| (name, text(value))).filter(|(_, text)| !text.is_empty())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn icon(look: &str) -> String {
    format!(
        "<svg class=\"icon\" viewBox=\"0 0 16 16\" aria-hidden=\"true\" data-icon=\"{look}\">\
         <path d=\"{}\"/></svg>",
        shown::icon(look)
    )
}

fn badge(look: &str) -> String {
    format!("<span class=\"badge\" data-view=\"{look}\">{}</span>", icon(look))
}

/// The phases of a row, small.
fn marks(steps: &[ShownStep]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let words = steps.iter().map(|step| format!("{}: {}.", step.title, step.label));
    let words = words.collect::<Vec<_>>().join(" ");
    let marks = steps.iter().map(|step| badge(step.look)).collect::<String>();
    format!("<span class=\"marks\" role=\"img\" aria-label=\"{}\">{marks}</span>", escaped(&words))
}

fn time(at: &Time) -> String {
    let (said, shown) = (at.format("%Y-%m-%dT%H:%M:%S%.3fZ"), at.format("%Y-%m-%d %H:%M:%S UTC"));
    format!("<time datetime=\"{said}\">{shown}</time>")
}

/// A row's name for the window, and all that is shown of it.
async fn one(
    page: &Page,
    id: &str,
    given: &[(String, String)],
) -> Result<Option<(RowName, String)>, Problem> {
    let (backend, machine) = backend(page)?;
    let store = backend.store();
    let Some(snapshot) = backend.soon(store.snapshot(machine, id)).await? else {
        return Ok(None);
    };
    let reports = backend.soon(store.reports(id)).await?;
    let shown = Shown::of(machine, &snapshot);
    let name = name(&snapshot.id, &snapshot.columns);
    let asked = given.iter().find(|(name, _)| name == "page");
    let at = asked.and_then(|(_, at)| at.parse().ok()).unwrap_or(1_usize).max(1);
    let mut html = format!(
        "<p class=\"headline\" data-view=\"{}\">{}{}</p><ol class=\"plain\" role=\"list\">",
        shown.look,
        icon(shown.look),
        escaped(&shown.status)
    );
    for step in &shown.steps {
        let _ = write!(
            html,
            "<li data-view=\"{}\">{}<strong>{}</strong><span class=\"status\" data-view=\"{}\">{}</span></li>",
            step.look,
            badge(step.look),
            escaped(&step.title),
            step.look,
            escaped(&step.label)
        );
    }
    html.push_str("</ol>");
    if !shown.summary.is_empty() {
        let bad = if snapshot.outcome == Some("failure") { " bad" } else { "" };
        let _ = write!(html, "<p class=\"summary{bad}\">{}</p>", escaped(&shown.summary));
    }
    html.push_str(&facts(&snapshot));
    if let Some(log) = &snapshot.log_tail {
        let _ = write!(
            html,
            "<details class=\"log\"><summary>End of the job's log</summary><pre>{}</pre></details>",
            escaped(log)
        );
    }
    html.push_str(&history(machine, &snapshot, &reports, at));
    let name = RowName { title: format!("{}: {name}", shown.status), heading: name };
    Ok(Some((name, html)))
}

/// What a row's page is called.
pub(super) struct RowName {
    pub(super) title: String,
    pub(super) heading: String,
}

fn facts(snapshot: &Snapshot) -> String {
    let mut facts = Vec::new();
    // Without a history it is not known whether there was one.
    let none = (!snapshot.events.is_empty()).then(|| "none yet".to_owned());
    let last = snapshot.last_report_at.map(|at| time(&at)).or(none);
    facts.extend(last.map(|last| ("Last report".to_owned(), last)));
    let late = snapshot.overdue_since.map(|at| format!("since {}", time(&at)));
    facts.extend(late.map(|late| ("Longer here than usual".to_owned(), late)));
    let run = snapshot.run_url.as_deref().and_then(|address| link(address, "Workflow run"));
    facts.extend(run.map(|run| ("Workflow".to_owned(), run)));
    facts.extend(
        others(&snapshot.columns).map(|(name, value)| (super::in_words(name), escaped(&value))),
    );
    facts.push(("Id".to_owned(), format!("<code>{}</code>", escaped(&snapshot.id))));
    let fact = |(name, value): &(String, String)| {
        format!("<div><dt>{}</dt><dd>{value}</dd></div>", escaped(name))
    };
    format!("<dl class=\"facts\">{}</dl>", facts.iter().map(fact).collect::<String>())
}

/// A link to a run, where its address is one of the web's and carries no name or password.
fn link(address: &str, text: &str) -> Option<String> {
    let host = address.strip_prefix("https://")?.split(['/', '?', '#', '\\']).next()?;
    (!host.is_empty() && !host.contains('@')).then(|| {
        let (address, host) = (escaped(address), escaped(host));
        format!("<a href=\"{address}\" rel=\"noopener noreferrer\">{text} on {host}</a>")
    })
}

/// An entry of the history.
struct Entry {
    at: Time,
    look: &'static str,
    from: Option<String>,
    to: String,
    notes: Vec<String>,
}

/// A page of a row's history, the newest first: what was applied, and what was refused.
fn history(
    machine: &dyn Machine,
    snapshot: &Snapshot,
    reports: &[Recorded],
    page: usize,
) -> String {
    let refused = reports.iter().rev().filter(|report| !GRANTED.contains(&report.answer.as_str()));
    let applied = snapshot.events.iter().rev().map(|event| of_event(machine, event));
    let mut entries: Vec<Entry> =
        refused.map(|report| of_refused(machine, report)).chain(applied).collect();
    // Within one moment a refusal is later than what it was judged on.
    entries.sort_by_key(|entry| Reverse(entry.at));
    let pages = entries.len().div_ceil(ENTRIES);
    let shown = entries.iter().skip((page - 1).saturating_mul(ENTRIES)).take(ENTRIES);
    let mut html = String::from(
        "<section class=\"audit\" aria-labelledby=\"audit-title\"><h2 id=\"audit-title\">Audit log</h2>\
         <ol role=\"list\" reversed>",
    );
    for entry in shown {
        let from = entry
            .from
            .as_ref()
            .map(|from| format!("{} <span class=\"arrow\">→</span> ", escaped(from)));
        let _ = write!(
            html,
            "<li data-view=\"{0}\">{1}{2}<span class=\"what\"><span class=\"said\">{3}<strong>{4}</strong></span>\
             <span class=\"why\">{5}</span></span></li>",
            entry.look,
            time(&entry.at),
            badge(if entry.look == "refused" { "failed" } else { entry.look }),
            from.unwrap_or_default(),
            escaped(&entry.to),
            entry.notes.join(" · "),
        );
    }
    html.push_str("</ol><p class=\"more\">");
    for (to, name, is_there) in
        [(page.saturating_sub(1), "Newer", page > 1), (page + 1, "Older", page < pages)]
    {
        if is_there {
            let _ = write!(html, "<a class=\"button small\" href=\"?page={to}\">{name}</a> ");
        }
    }
    html.push_str("</p></section>");
    html
}

/// The title of a state, where the machine has it.
fn title(machine: &dyn Machine, value: &str) -> String {
    let state = machine.find(value);
    state.map_or(value, |state| machine.state_title(state)).to_owned()
}

fn of_event(machine: &dyn Machine, event: &Event) -> Entry {
    let to = title(machine, &event.to);
    let known = machine.find(&event.to).is_some();
    let forced_seq = event.forced.as_ref().map(|_| event.seq);
    let row = Row { status: &event.to, title: &to, known, seq: event.seq, forced_seq };
    let (_, look) = shown::status(machine, &row);
    let mut notes = Vec::new();
    notes.extend(event.forced.as_ref().map(|why| format!("forced: {}", escaped(why))));
    notes.extend(event.observed.as_deref().map(|answer| {
        format!("against the table ({}), and let through", escaped(shown::refusal(answer)))
    }));
    let by = By {
        job: event.job.as_deref(),
        run: event.run_id.as_deref(),
        attempt: event.run_attempt,
        actor: event.actor.as_deref(),
        authenticated_by: &event.authenticated_by,
        attempted: event.attempted.as_deref(),
        link: event.run_url.as_deref(),
    };
    notes.extend(by.notes(machine));
    let from = event.from.as_deref().map(|from| title(machine, from));
    Entry { at: event.at, look, from, to, notes }
}

fn of_refused(machine: &dyn Machine, report: &Recorded) -> Entry {
    let mut notes = vec![format!("refused: {}", escaped(shown::refusal(&report.answer)))];
    let by = By {
        job: report.job.as_deref(),
        run: report.run_id.as_deref(),
        attempt: report.run_attempt,
        actor: report.actor.as_deref(),
        authenticated_by: &report.authenticated_by,
        attempted: report.attempted.as_deref(),
        link: report.run_url.as_deref(),
    };
    notes.extend(by.notes(machine));
    let from = report.from.as_deref().map(|from| title(machine, from));
    Entry { at: report.at, look: "refused", from, to: title(machine, &report.status), notes }
}

/// Who reported.
struct By<'r> {
    job: Option<&'r str>,
    run: Option<&'r str>,
    attempt: Option<i64>,
    actor: Option<&'r str>,
    authenticated_by: &'r str,
    attempted: Option<&'r str>,
    link: Option<&'r str>,
}

impl By<'_> {
    fn notes(&self, machine: &dyn Machine) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.job.map(|job| format!("job {}", escaped(job))));
        notes.extend(self.run.map(|run| match self.attempt {
            Some(attempt) if attempt > 1 => format!("run {}, attempt {attempt}", escaped(run)),
            Some(_) | None => format!("run {}", escaped(run)),
        }));
        let proof = escaped(shown::proof(self.authenticated_by));
        notes.push(match self.actor {
            Some(actor) => format!("by {}, {proof}", escaped(actor)),
            None => proof,
        });
        notes.extend(
            self.attempted.map(|attempted| {
                format!("while it was at {}", escaped(&title(machine, attempted)))
            }),
        );
        notes.extend(self.link.and_then(|address| link(address, "run")));
        notes
    }
}

/// Text as HTML holds it, between tags and in quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_where_it_says() {
        assert!(
            link("https://ci.example/7", "run").is_some_and(|it| it.contains("run on ci.example"))
        );
        for bad in
            ["http://ci.example", "https://github.com@evil.example/", "javascript:x", "https://"]
        {
            assert_eq!(link(bad, "run"), None, "{bad}");
        }
    }

    #[test]
    fn a_query_is_written_as_addresses_have_it() {
        let pairs = [("q".to_owned(), "a b&<".to_owned()), ("before".to_owned(), "1".to_owned())];
        assert_eq!(query(pairs.iter()), "q=a%20b%26%3C&amp;before=1");
    }
}
