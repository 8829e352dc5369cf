//! Transitions: rows become pairs (rule 1), pairs become the closed relation (rules 2 and 3).

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::{Draft, Found, Pair};
use crate::machine::{MAX_TRANSITIONS, Relation, StateId};
use crate::suggest::shown;
use crate::table::{Names, Placed, Text, TransitionRow};

/// How a pair came about so far: by name, by `"*"`, and where it stands among the pairs.
#[derive(Clone, Copy)]
struct Seen {
    place: usize,
    named: bool,
    star: bool,
}

/// A state of a row, and where the row names it.
type Named = (Found, Range<usize>);

struct Expansion {
    seen: HashMap<(StateId, StateId), Seen>,
    /// There are more pairs than the format allows: those that follow are not looked at.
    full: bool,
    /// How often the row before has been told that a pair of it is listed twice.
    told: usize,
}

/// Of one row so many pairs are told to be listed twice.
const MOST_TOLD: usize = 16;

pub(super) fn expand(draft: &mut Draft<'_>) {
    let table = draft.table;
    let mut expansion = Expansion { seen: HashMap::new(), full: false, told: 0 };
    for placed in &table.transition {
        expansion.told = 0;
        let was_full = expansion.full;
        row(draft, &mut expansion, placed);
        if expansion.full && !was_full {
            too_many(draft, placed.span.clone());
        }
    }
}

fn too_many(draft: &mut Draft<'_>, span: Range<usize>) {
    let message = "the table has too many legal transitions";
    draft.broken = true;
    let help = format!(
        "at most {MAX_TRANSITIONS}, with `\"*\"` expanded and the skips of optional states"
    );
    draft.error("too-many-transitions", span, message, help);
}

fn row<'t>(draft: &mut Draft<'t>, expansion: &mut Expansion, placed: &'t Placed<TransitionRow>) {
    let TransitionRow { path, from, except, to, doc: _ } = &placed.row;
    let lost = ["path", "from", "except", "to"].iter().any(|key| placed.has_lost(key));
    draft.broken |= lost;
    let is_star = from.as_ref().is_some_and(is_star);
    if let Some(except) = except
        && !is_star
        && !placed.has_lost("from")
    {
        let help =
            "`except` takes states out of `from = \"*\"`; elsewhere leave them out of `from`";
        let message = "`except` stands without `from = \"*\"`";
        draft.error("except-without-star", except.span(), message, help);
    }
    match (path, from, to) {
        (Some(path), None, None) => self::path(draft, expansion, path, lost),
        (Some(_), _, _) => {
            let help = "write either `path`, or `from` and `to`";
            draft.broken = true;
            let message = "the row has both `path` and `from` or `to`";
            draft.error("path-and-from", placed.span.clone(), message, help);
        }
        (None, Some(from), Some(to)) => {
            let to = resolve_list(draft, to, "`to`", lost);
            if is_star {
                let excepted = excepted(draft, except.as_ref(), lost);
                star(draft, expansion, &to, &excepted);
            } else {
                let from = resolve_list(draft, from, "`from`", lost);
                for (to, span) in &to {
                    refuse_retired(draft, *to, span);
                }
                for (from, _) in &from {
                    for (to, span) in &to {
                        add(draft, expansion, *from, *to, span);
                        if expansion.full {
                            return;
                        }
                    }
                }
            }
        }
        (None, _, _) if lost => {}
        (None, None, None) => {
            draft.broken = true;
            let help = "write `path = [\"a\", \"b\"]`, or `from = \"a\"` and `to = \"b\"`";
            let message = "the [[transition]] says nothing";
            draft.error("missing-key", placed.span.clone(), message, help);
        }
        (None, None, Some(_)) => missing(draft, placed, "from"),
        (None, Some(_), None) => missing(draft, placed, "to"),
    }
}

fn missing(draft: &mut Draft<'_>, placed: &Placed<TransitionRow>, key: &str) {
    draft.broken = true;
    let message = format!("the [[transition]] lacks `{key}`");
    let help = "write `from` and `to`, or `path` alone";
    draft.error("missing-key", placed.span.clone(), message, help);
}

fn is_star(names: &Names) -> bool {
    matches!(&names.names[..], [one] if one.get_ref() == "*" && one.span() == names.span)
}

fn path<'t>(
    draft: &mut Draft<'t>,
    expansion: &mut Expansion,
    path: &'t toml::Spanned<Vec<Text>>,
    lost: bool,
) {
    if path.get_ref().len() < 2 && !lost {
        draft.broken = true;
        let message = match path.get_ref().len() {
            0 => "an empty path has no step",
            _ => "a path of one state has no step",
        };
        draft.error("short-path", path.span(), message, "name at least two states, in order");
    }
    let mut states: Vec<Option<Named>> = Vec::with_capacity(path.get_ref().len());
    for name in path.get_ref() {
        let state = if name.get_ref() == "*" {
            misplaced_star(draft, name, "`path`");
            None
        } else {
            draft.state(name, "`path`").map(|found| (found, name.span()))
        };
        draft.broken |= state.is_none();
        states.push(state);
    }
    for step in states.windows(2) {
        if let [Some((from, _)), Some((to, span))] = step {
            refuse_retired(draft, *to, span);
            add(draft, expansion, *from, *to, span);
            if expansion.full {
                return;
            }
        }
    }
}

fn misplaced_star(draft: &mut Draft<'_>, name: &Text, what: &str) {
    let message = format!("`\"*\"` stands in {what}");
    let help = "`\"*\"` stands alone, as `from = \"*\"`: every state that has no outcome";
    draft.error("misplaced-star", name.span(), message, help);
}

fn resolve_list<'t>(draft: &mut Draft<'t>, names: &'t Names, what: &str, lost: bool) -> Vec<Named> {
    if names.names.is_empty() && !lost {
        draft.broken = true;
        let message = format!("{what} is an empty list");
        draft.error("empty-list", names.span.clone(), message, "name at least one state");
    }
    resolve(draft, &names.names, what)
}

fn excepted<'t>(
    draft: &mut Draft<'t>,
    except: Option<&'t toml::Spanned<Vec<Text>>>,
    lost: bool,
) -> HashSet<StateId> {
    let Some(except) = except else { return HashSet::new() };
    if except.get_ref().is_empty() && !lost {
        let help = "leave `except` out, or name the states that it takes out";
        draft.error("empty-list", except.span(), "`except` is an empty list", help);
    }
    resolve(draft, except.get_ref(), "`except`").into_iter().map(|(found, _)| found.state).collect()
}

fn resolve<'t>(draft: &mut Draft<'t>, names: &'t [Text], what: &str) -> Vec<Named> {
    let mut states = Vec::with_capacity(names.len());
    let mut listed = HashSet::new();
    for name in names {
        if !listed.insert(name.get_ref().as_str()) {
            let message = format!("{what} lists `{}` twice", shown(name.get_ref()));
            draft.error("duplicate-transition", name.span(), message, "list each state once");
        } else if name.get_ref() == "*" {
            draft.broken = true;
            misplaced_star(draft, name, what);
        } else if let Some(found) = draft.state(name, what) {
            states.push((found, name.span()));
        } else {
            draft.broken = true;
        }
    }
    states
}

fn star(
    draft: &mut Draft<'_>,
    expansion: &mut Expansion,
    to: &[Named],
    excepted: &HashSet<StateId>,
) {
    for (found, span) in to {
        refuse_retired(draft, *found, span);
        let to = found.state;
        let mut told = !found.sure;
        for from in draft.state_ids() {
            if expansion.full {
                return;
            }
            if from == to || draft.has_outcome(from) || excepted.contains(&from) {
                continue;
            }
            let twice = expansion.seen.get(&(from, to)).is_some_and(|seen| seen.star);
            if twice && !told {
                told = true;
                let message = format!(
                    "two `\"*\"` rows list the transition `{}` -> `{}`",
                    shown(draft.name(from)),
                    shown(draft.name(to))
                );
                let help = "leave one of the rows out, or take what they share out by `except`";
                draft.error("duplicate-transition", span.clone(), message, help);
            }
            record(draft, expansion, from, to, true);
        }
    }
}

fn refuse_retired(draft: &mut Draft<'_>, to: Found, span: &Range<usize>) {
    if to.sure && draft.is_retired(to.state) {
        let name = shown(draft.name(to.state));
        let message = format!("a transition leads into the retired state `{name}`");
        let help = "nothing enters a retired state: remove the transition";
        draft.error("into-retired", span.clone(), message, help);
    }
}

/// A pair that is listed by name.
fn add(
    draft: &mut Draft<'_>,
    expansion: &mut Expansion,
    from: Found,
    to: Found,
    span: &Range<usize>,
) {
    let sure = from.sure && to.sure;
    let (from, to) = (from.state, to.state);
    if expansion.seen.get(&(from, to)).is_some_and(|seen| seen.named) {
        if sure && expansion.told < MOST_TOLD {
            expansion.told += 1;
            let message = format!(
                "the transition `{}` -> `{}` is listed twice",
                shown(draft.name(from)),
                shown(draft.name(to))
            );
            draft.error("duplicate-transition", span.clone(), message, "list each pair once");
        }
        return;
    }
    record(draft, expansion, from, to, false);
}

fn record(
    draft: &mut Draft<'_>,
    expansion: &mut Expansion,
    from: StateId,
    to: StateId,
    by_star: bool,
) {
    let place = draft.pairs.len();
    let seen =
        expansion.seen.entry((from, to)).or_insert(Seen { place, named: false, star: false });
    if seen.place == place {
        draft.pairs.push(Pair { from, to, by_star });
        expansion.full = draft.pairs.len() > MAX_TRANSITIONS;
    } else if !by_star {
        draft.pairs[seen.place].by_star = false;
    }
    seen.star |= by_star;
    seen.named |= !by_star;
}

/// Closes the pairs that are known.
pub(super) fn close(draft: &mut Draft<'_>) {
    if draft.table.state.is_empty() {
        return;
    }
    let states = draft.state_ids().len();
    let optional = draft.state_ids().filter(|&state| draft.is_optional(state)).collect();
    let pairs = draft.pairs.iter().take(MAX_TRANSITIONS).map(|pair| (pair.from, pair.to));
    match Relation::close(states, optional, pairs) {
        Ok(relation) => draft.relation = Some(Rc::new(relation)),
        // The pairs themselves are within the limit, or that was told already.
        Err(_) if draft.pairs.len() > MAX_TRANSITIONS => {}
        Err(_) => {
            let span = draft.table.transition.first().map_or(0..0, |placed| placed.span.clone());
            too_many(draft, span);
        }
    }
}
