//! Transitions: rows become pairs (rule 1), pairs become the closed relation (rules 2 and 3).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::{Draft, Pair};
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

struct Expansion {
    seen: HashMap<(StateId, StateId), Seen>,
    full: bool,
}

pub(super) fn expand(draft: &mut Draft<'_>) {
    let table = draft.table;
    let mut expansion = Expansion { seen: HashMap::new(), full: false };
    for placed in &table.transition {
        row(draft, &mut expansion, placed);
    }
    if expansion.full {
        let span = table.transition.last().map_or(0..0, |placed| placed.span.clone());
        too_many(draft, span);
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

fn row(draft: &mut Draft<'_>, expansion: &mut Expansion, placed: &Placed<TransitionRow>) {
    let TransitionRow { path, from, except, to, doc: _ } = &placed.row;
    let is_star = from.as_ref().is_some_and(is_star);
    if let Some(except) = except
        && !is_star
    {
        let help =
            "`except` takes states out of `from = \"*\"`; elsewhere leave them out of `from`";
        draft.error(
            "except-without-star",
            except.span(),
            "`except` stands without `from = \"*\"`",
            help,
        );
    }
    match (path, from, to) {
        (Some(path), None, None) => self::path(draft, expansion, path),
        (Some(_), _, _) => {
            let help = "write either `path`, or `from` and `to`";
            draft.broken = true;
            let message = "the row has both `path` and `from` or `to`";
            draft.error("path-and-from", placed.span.clone(), message, help);
        }
        (None, Some(from), Some(to)) => {
            let to = resolve_list(draft, to, "`to`");
            let excepted = except.as_ref().map(|except| {
                if except.get_ref().is_empty() {
                    let help = "leave `except` out, or name the states that it takes out";
                    draft.error("empty-list", except.span(), "`except` is an empty list", help);
                }
                resolve(draft, except.get_ref(), "`except`")
            });
            if is_star {
                let excepted: HashSet<StateId> =
                    excepted.into_iter().flatten().map(|(state, _)| state).collect();
                star(draft, expansion, &to, &excepted);
            } else {
                let from = resolve_list(draft, from, "`from`");
                for (from, _) in &from {
                    for (to, span) in &to {
                        add(draft, expansion, *from, *to, false, span);
                    }
                }
            }
        }
        (None, None, None) => {
            draft.broken = true;
            let help = "write `path = [\"a\", \"b\"]`, or `from = \"a\"` and `to = \"b\"`";
            draft.error(
                "missing-key",
                placed.span.clone(),
                "the [[transition]] says nothing",
                help,
            );
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

fn path(draft: &mut Draft<'_>, expansion: &mut Expansion, path: &toml::Spanned<Vec<Text>>) {
    if path.get_ref().len() < 2 {
        let message = format!("a path of {} states has no step", path.get_ref().len());
        draft.error("short-path", path.span(), message, "name at least two states, in order");
    }
    let states: Vec<_> = path
        .get_ref()
        .iter()
        .map(|name| draft.state(name, "`path`").map(|state| (state, name.span())))
        .collect();
    for step in states.windows(2) {
        if let [Some((from, _)), Some((to, span))] = step {
            add(draft, expansion, *from, *to, false, span);
        }
    }
}

fn resolve_list(draft: &mut Draft<'_>, names: &Names, what: &str) -> Vec<(StateId, Range<usize>)> {
    if names.names.is_empty() {
        draft.broken = true;
        let message = format!("{what} is an empty list");
        draft.error("empty-list", names.span.clone(), message, "name at least one state");
    }
    resolve(draft, &names.names, what)
}

fn resolve(draft: &mut Draft<'_>, names: &[Text], what: &str) -> Vec<(StateId, Range<usize>)> {
    let mut states = Vec::with_capacity(names.len());
    let mut listed = HashSet::new();
    for name in names {
        if !listed.insert(name.get_ref().as_str()) {
            let message = format!("{what} lists `{}` twice", shown(name.get_ref()));
            draft.error("duplicate-transition", name.span(), message, "list each state once");
            continue;
        }
        if name.get_ref() == "*" {
            draft.broken = true;
            let message = format!("`\"*\"` stands in {what}");
            let help = "`\"*\"` stands alone, as `from = \"*\"`: every state that has no outcome";
            draft.error("misplaced-star", name.span(), message, help);
        } else if let Some(state) = draft.state(name, what) {
            states.push((state, name.span()));
        }
    }
    states
}

fn star(
    draft: &mut Draft<'_>,
    expansion: &mut Expansion,
    to: &[(StateId, Range<usize>)],
    excepted: &HashSet<StateId>,
) {
    for (to, span) in to {
        refuse_retired(draft, *to, span);
        for from in draft.state_ids() {
            if expansion.full {
                return;
            }
            if from == *to || draft.has_outcome(from) || excepted.contains(&from) {
                continue;
            }
            if expansion.seen.get(&(from, *to)).is_some_and(|seen| seen.star) {
                let message = format!("two `\"*\"` rows lead to `{}`", shown(draft.name(*to)));
                let help = "leave one of them out";
                draft.error("duplicate-transition", span.clone(), message, help);
                break;
            }
            record(draft, expansion, from, *to, true);
        }
    }
}

fn refuse_retired(draft: &mut Draft<'_>, to: StateId, span: &Range<usize>) {
    if draft.is_retired(to) {
        let message =
            format!("a transition leads into the retired state `{}`", shown(draft.name(to)));
        let help = "nothing enters a retired state: remove the transition";
        draft.error("into-retired", span.clone(), message, help);
    }
}

fn add(
    draft: &mut Draft<'_>,
    expansion: &mut Expansion,
    from: StateId,
    to: StateId,
    by_star: bool,
    span: &Range<usize>,
) {
    if expansion.full {
        return;
    }
    refuse_retired(draft, to, span);
    if expansion.seen.get(&(from, to)).is_some_and(|seen| seen.named) {
        let message = format!(
            "the transition `{}` -> `{}` is listed twice",
            shown(draft.name(from)),
            shown(draft.name(to))
        );
        draft.error("duplicate-transition", span.clone(), message, "list each pair once");
        return;
    }
    record(draft, expansion, from, to, by_star);
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

/// Closes the pairs, where all that they hang on could be read and resolved: findings about what
/// can be reached would otherwise only repeat that something is missing.
pub(super) fn close(draft: &mut Draft<'_>) {
    if draft.broken || draft.table.state.is_empty() {
        return;
    }
    let optional = draft.state_ids().filter(|&state| draft.is_optional(state)).collect();
    let pairs = draft.pairs.iter().map(|pair| (pair.from, pair.to));
    match Relation::close(draft.table.state.len(), optional, pairs) {
        Ok(relation) => draft.relation = Some(relation),
        Err(_) => {
            let span = draft.table.transition.first().map_or(0..0, |placed| placed.span.clone());
            too_many(draft, span);
        }
    }
}
