//! Lists: of the rows, as pages or followed, and of what was reported of one.

use super::hub::Asked;
use super::problem::{Kind, Problem};
use super::request::Id;
use super::{Shared, events, no_store};
use crate::store::Filter;
use crate::{Machine, StateId};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::ACCEPT;
use axum::http::{Extensions, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// How many rows a page of the list has where nothing is said.
const PAGE: u32 = 20;
/// How many rows a page of the list has at most.
pub(super) const MOST: u32 = 100;
/// How many rows a stream of the list follows at most.
const MOST_FOLLOWED: u32 = 1000;
/// The longest text that is looked for, in characters.
pub(super) const SEARCHED: usize = 200;
/// The word for rows that have not ended, in addition to those for outcomes.
pub(super) const OPEN: &str = "open";

type Asks = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// What is asked for, by name. A name may be given once, but those of filters as often as one likes.
#[derive(Default)]
pub(crate) struct Which {
    limit: Option<String>,
    pub(crate) before: Option<String>,
    text: Option<String>,
    states: Vec<String>,
    outcomes: Vec<String>,
}

impl Which {
    fn asked(asks: Asks) -> Result<Self, Problem> {
        let Query(given) =
            asks.map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
        Self::of(given)
    }

    /// What these pairs of name and value ask for.
    pub(crate) fn of(given: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut which = Self::default();
        for (name, value) in given {
            let once = match name.as_str() {
                "limit" => &mut which.limit,
                "before" => &mut which.before,
                "q" => &mut which.text,
                "state" => {
                    which.states.push(value);
                    continue;
                }
                "outcome" => {
                    which.outcomes.push(value);
                    continue;
                }
                _ => continue,
            };
            if once.replace(value).is_some() {
                return Err(Problem::new(Kind::Malformed, format!("`{name}` is given twice")));
            }
        }
        // An empty text is as good as none.
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        (which.before, which.text) = (given(which.before), given(which.text));
        which.states.retain(|state| !state.is_empty());
        which.outcomes.retain(|outcome| !outcome.is_empty());
        Ok(which)
    }

    /// How much of a list is asked for.
    fn limit(&self, most: u32) -> Result<u32, Problem> {
        let Some(text) = &self.limit else {
            return Ok(PAGE);
        };
        text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
            let why = format!("`limit` is `{text}`, where 1 to {most} are possible");
            Problem::new(Kind::Malformed, why)
        })
    }

    /// Which rows: those in one of the states and of one of the outcomes that are named, with the text.
    pub(crate) fn filter(&self, machine: &dyn Machine) -> Result<Filter, Problem> {
        let mut filter = Filter::new();
        if let Some(text) = &self.text {
            if text.chars().count() > SEARCHED {
                let why = format!("`q` has more than {SEARCHED} characters");
                return Err(Problem::new(Kind::Malformed, why));
            }
            filter = filter.text(text);
        }
        if self.states.is_empty() && self.outcomes.is_empty() {
            return Ok(filter);
        }
        for state in &self.states {
            if machine.find(state).is_none() {
                let why = format!("`state` is `{state}`, which is no state of {}", machine.name());
                return Err(Problem::new(Kind::Malformed, why));
            }
        }
        for outcome in &self.outcomes {
            if !outcomes().any(|word| word == outcome) {
                let words: Vec<&str> = outcomes().collect();
                let why =
                    format!("`outcome` is `{outcome}`, where {} are possible", words.join(", "));
                return Err(Problem::new(Kind::Malformed, why));
            }
        }
        let states = (0..machine.states()).map(StateId::new).filter(|&state| {
            let is_named = |value: &String| value == machine.value(state);
            let outcome = outcome_of(machine, state);
            let is_of = |word: &String| outcome == Some(word.as_str());
            (self.states.is_empty() || self.states.iter().any(is_named))
                && (self.outcomes.is_empty() || self.outcomes.iter().any(is_of))
        });
        Ok(filter.states(states.map(|state| machine.value(state))))
    }
}

/// What `outcome` may be.
pub(super) fn outcomes() -> impl Iterator<Item = &'static str> {
    use crate::Outcome::{Cancelled, Failure, Neutral, Success};
    [OPEN].into_iter().chain([Success, Failure, Cancelled, Neutral].map(crate::Outcome::as_str))
}

/// How rows in this state count; an end without an outcome is none of the kinds.
fn outcome_of(machine: &dyn Machine, state: StateId) -> Option<&'static str> {
    match machine.outcome(state) {
        Some(outcome) => Some(outcome.as_str()),
        None => (!machine.is_terminal(state)).then_some(OPEN),
    }
}

/// Whether an Accept header names event streams.
fn accepts_events(header: &HeaderValue) -> bool {
    let Ok(header) = header.to_str() else {
        return false;
    };
    let mut kinds = header.split(',').filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

fn no_such_page(before: &str) -> Problem {
    let why = format!("`before` is `{before}`, where the `next` of a page is possible");
    Problem::new(Kind::Malformed, why)
}

/// What was reported of a row and what was answered, newest first.
pub(super) async fn reports(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    asks: Asks,
) -> Result<Response, Problem> {
    let which = Which::asked(asks)?;
    let limit = which.limit(MOST)?;
    let number = |text: &str| text.parse::<i64>().map_err(|_| no_such_page(text));
    let before = which.before.as_deref().map(number).transpose()?;
    let page = shared.ask(shared.store.reports_page(&id, limit, before)).await?;
    let page = page.ok_or_else(|| Problem::no_row(shared.machine.name()))?;
    let next = page.next.map(|number| number.to_string());
    let body = json!({"reports": page.reports, "next": next, "pruned": page.pruned});
    Ok(no_store(Json(body).into_response()))
}

/// The rows, newest first.
pub(super) async fn rows(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    extensions: Extensions,
    asks: Asks,
) -> Result<Response, Problem> {
    let which = Which::asked(asks)?;
    let follows = headers.get_all(ACCEPT).iter().any(accepts_events);
    let limit = which.limit(if follows { MOST_FOLLOWED } else { MOST })?;
    let filter = which.filter(&*shared.machine)?;
    let before = which.before.as_deref();
    if follows {
        return match before {
            None => events::of_list(shared, Asked { limit, filter }, &extensions).await,
            Some(_) => Err(Problem::new(
                Kind::Malformed,
                "a stream follows the newest rows: without `before`, by `limit`",
            )),
        };
    }
    let page = shared.ask(shared.store.find(&*shared.machine, &filter, limit, before)).await?;
    let page = page.ok_or_else(|| no_such_page(before.unwrap_or_default()))?;
    let body = json!({shared.store.schema().table.as_str(): page.items, "next": page.next});
    Ok(no_store(Json(body).into_response()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_to_those_who_ask_for_events_by_name() {
        let asks = |header: &'static str| accepts_events(&HeaderValue::from_static(header));
        assert!(asks("text/event-stream") && asks("application/json;q=0.5, Text/Event-Stream;q=1"));
        assert!(!asks("*/*") && !asks("application/json") && !asks("text/event-streams"));
    }
}
