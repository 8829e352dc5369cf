//! Transitions: rows become pairs (rule 1), pairs become the closed relation (rules 2 and 3).

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use super::{Draft, Resolved};
use crate::machine::{Bits, MAX_TRANSITIONS, Relation, StateId, ones};
use crate::rules;
use crate::suggest::shown;
use crate::table::{NameList, Placed, Text, TransitionRow};

/// The pairs that the rows declare, and how: a row of bits per state that they lead to.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    named: Bits,
    starred: Bits,
    /// The states that a row with `to = "*"` leads on from by their name.
    leads_on: Vec<bool>,
    count: usize,
}

impl Pairs {
    fn new(states: usize) -> Self {
        let (named, starred) = (Bits::new(states), Bits::new(states));
        Self { named, starred, leads_on: vec![false; states], count: 0 }
    }

    /// Whether there are more than the format allows: those that follow are not looked at.
    const fn are_too_many(&self) -> bool {
        self.count > MAX_TRANSITIONS
    }

    /// Adds a pair that is listed by name; says whether it was listed so before.
    fn name(&mut self, from: StateId, to: StateId) -> bool {
        let (from, to) = (from.index(), to.index());
        let fresh = self.named.set(to, from);
        self.count += usize::from(fresh && !self.starred.get(to, from));
        !fresh
    }

    /// Adds the pairs of a `"*"` row that lead to a state; says from where the first of those
    /// leads that another such row gave before.
    fn star(&mut self, from: &[u64], to: StateId) -> Option<StateId> {
        let named = self.named.row(to.index());
        let mut twice = None;
        for (at, word) in self.starred.row_mut(to.index()).iter_mut().enumerate() {
            let both = *word & from[at];
            if both != 0 && twice.is_none() {
                twice = Some(StateId::new(at * 64 + both.trailing_zeros() as usize));
            }
            self.count += (from[at] & !*word & !named[at]).count_ones() as usize;
            *word |= from[at];
        }
        twice
    }

    fn all(&self, states: usize) -> impl Iterator<Item = (StateId, StateId)> + '_ {
        (0..states).flat_map(move |to| {
            let named = ones(self.named.row(to));
            let starred = ones(self.starred.row(to)).filter(move |&from| !self.named.get(to, from));
            named.chain(starred).map(move |from| (StateId::new(from), StateId::new(to)))
        })
    }

    /// For each state whether a row that names it leads on to another, and whether one with
    /// `from = "*"` does.
    pub(super) fn leave(&self) -> (Vec<bool>, Vec<bool>) {
        let leave = |bits: &Bits| {
            let states = bits.len();
            let mut leave = vec![false; states];
            for to in 0..states {
                ones(bits.row(to)).filter(|&from| from != to).for_each(|from| leave[from] = true);
            }
            leave
        };
        let mut named = leave(&self.named);
        named.iter_mut().zip(&self.leads_on).for_each(|(named, leads_on)| *named |= leads_on);
        (named, leave(&self.starred))
    }
}

/// A state of a row, and where the row names it.
type Named = (Resolved, Range<usize>);

/// Of one row so many pairs are reported as listed twice.
const MOST_SHOWN: usize = 16;

pub(super) fn expand(draft: &mut Draft<'_>) {
    let table = draft.table;
    draft.pairs = Pairs::new(draft.state_ids().len());
    let endless = draft.state_ids().filter(|&state| !draft.has_outcome(state));
    let endless = set_of(draft.state_ids().len(), endless);
    for placed in &table.transition {
        let were_too_many = draft.pairs.are_too_many();
        row(draft, &endless, placed);
        if draft.pairs.are_too_many() && !were_too_many {
            too_many(draft, placed.span.clone());
        }
    }
}

/// A row of bits, of so many states.
fn set_of(states: usize, of: impl Iterator<Item = StateId>) -> Vec<u64> {
    let mut bits = vec![0; states.div_ceil(64)];
    for state in of {
        bits[state.index() / 64] |= 1 << (state.index() % 64);
    }
    bits
}

fn too_many(draft: &mut Draft<'_>, span: Range<usize>) {
    let message = "the table has too many legal transitions";
    draft.broken = true;
    let help = format!(
        "at most {MAX_TRANSITIONS}, with `\"*\"` expanded and the skips of optional states"
    );
    draft.error(rules::TOO_MANY_TRANSITIONS, span, message, help);
}

/// One row; `endless` are the states that `from = "*"` stands for.
fn row<'t>(draft: &mut Draft<'t>, endless: &[u64], placed: &'t Placed<TransitionRow>) {
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
        draft.error(rules::EXCEPT_WITHOUT_STAR, except.span(), message, help);
    }
    match (path, from, to) {
        (Some(path), None, None) => self::path(draft, path, lost),
        (Some(_), _, _) => {
            let help = "write either `path`, or `from` and `to`";
            draft.broken = true;
            let message = "the row has both `path` and `from` or `to`";
            draft.error(rules::PATH_AND_FROM, placed.span.clone(), message, help);
        }
        (None, Some(from), Some(to)) => {
            let to_all = self::is_star(to);
            let to = match to_all {
                true => every_state_to_enter(draft, &to.span),
                false => resolve_list(draft, to, "`to`", lost),
            };
            if is_star {
                let excepted = excepted(draft, except.as_ref(), lost);
                let from = endless.iter().zip(excepted).map(|(all, except)| all & !except);
                star(draft, &from.collect::<Vec<u64>>(), &to);
            } else if to_all {
                let from = resolve_list(draft, from, "`from`", lost);
                let from = from.iter().map(|(found, _)| found.state);
                let from = set_of(draft.state_ids().len(), from);
                star(draft, &from, &to);
                if to.len() > 1 {
                    ones(&from).for_each(|from| draft.pairs.leads_on[from] = true);
                }
            } else {
                let from = resolve_list(draft, from, "`from`", lost);
                for (to, span) in &to {
                    refuse_retired(draft, *to, span);
                }
                let mut reported = 0;
                for (from, _) in &from {
                    for (to, span) in &to {
                        if draft.pairs.are_too_many() {
                            return;
                        }
                        add(draft, &mut reported, *from, *to, span);
                    }
                }
            }
        }
        (None, _, _) if lost => {}
        (None, None, None) => {
            draft.broken = true;
            let help = "write `path = [\"a\", \"b\"]`, or `from = \"a\"` and `to = \"b\"`";
            let message = "the [[transition]] says nothing";
            draft.error(rules::MISSING_KEY, placed.span.clone(), message, help);
        }
        (None, None, Some(_)) => missing(draft, placed, "from"),
        (None, Some(_), None) => missing(draft, placed, "to"),
    }
}

/// What `to = "*"` stands for.
fn every_state_to_enter(draft: &Draft<'_>, span: &Range<usize>) -> Vec<Named> {
    let states = draft.state_ids();
    let to = states.filter(|&to| !draft.has_outcome(to) && !draft.is_retired(to));
    to.map(|state| (Resolved { state, sure: true }, span.clone())).collect()
}

fn missing(draft: &mut Draft<'_>, placed: &Placed<TransitionRow>, key: &str) {
    draft.broken = true;
    let message = format!("the [[transition]] lacks `{key}`");
    let help = "write `from` and `to`, or only `path`";
    draft.error(rules::MISSING_KEY, placed.span.clone(), message, help);
}

fn is_star(names: &NameList) -> bool {
    matches!(&names.names[..], [one] if one.get_ref() == "*" && one.span() == names.span)
}

fn path<'t>(draft: &mut Draft<'t>, path: &'t toml::Spanned<Vec<Text>>, lost: bool) {
    if path.get_ref().len() < 2 && !lost {
        draft.broken = true;
        let message = match path.get_ref().len() {
            0 => "an empty path has no step",
            _ => "a path of one state has no step",
        };
        draft.error(rules::SHORT_PATH, path.span(), message, "name at least two states, in order");
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
        draft.on_the_way.extend(state.iter().map(|(found, _)| found.state.index()));
        states.push(state);
    }
    let mut reported = 0;
    for step in states.windows(2) {
        if let [Some((from, _)), Some((to, span))] = step {
            refuse_retired(draft, *to, span);
            if !draft.pairs.are_too_many() {
                add(draft, &mut reported, *from, *to, span);
            }
        }
    }
}

fn misplaced_star(draft: &mut Draft<'_>, name: &Text, what: &str) {
    let message = format!("`\"*\"` stands in {what}");
    let help = "`\"*\"` takes no list around it: `from = \"*\"` or `to = \"*\"` is every state that has no outcome";
    draft.error(rules::MISPLACED_STAR, name.span(), message, help);
}

fn resolve_list<'t>(
    draft: &mut Draft<'t>,
    names: &'t NameList,
    what: &str,
    lost: bool,
) -> Vec<Named> {
    if names.names.is_empty() && !lost {
        draft.broken = true;
        let message = format!("{what} is an empty list");
        draft.error(rules::EMPTY_LIST, names.span.clone(), message, "name at least one state");
    }
    resolve(draft, &names.names, what)
}

fn excepted<'t>(
    draft: &mut Draft<'t>,
    except: Option<&'t toml::Spanned<Vec<Text>>>,
    lost: bool,
) -> Vec<u64> {
    let states = draft.state_ids().len();
    let Some(except) = except else { return set_of(states, std::iter::empty()) };
    if except.get_ref().is_empty() && !lost {
        let help = "leave `except` out, or name the states that it takes out";
        draft.error(rules::EMPTY_LIST, except.span(), "`except` is an empty list", help);
    }
    let named = resolve(draft, except.get_ref(), "`except`").into_iter();
    set_of(states, named.map(|(found, _)| found.state))
}

fn resolve<'t>(draft: &mut Draft<'t>, names: &'t [Text], what: &str) -> Vec<Named> {
    let mut states = Vec::with_capacity(names.len());
    let mut listed = HashSet::new();
    for name in names {
        if !listed.insert(name.get_ref().as_str()) {
            let message = format!("{what} lists `{}` twice", shown(name.get_ref()));
            draft.error(rules::DUPLICATE_TRANSITION, name.span(), message, "list each state once");
        } else if name.get_ref() == "*" {
            draft.broken = true;
            misplaced_star(draft, name, what);
        } else if let Some(found) = draft.state(name, what) {
            draft.on_the_way.insert(found.state.index());
            states.push((found, name.span()));
        } else {
            draft.broken = true;
        }
    }
    states
}

/// A row with `"*"`: every pair of these states that are not the same.
fn star(draft: &mut Draft<'_>, from: &[u64], to: &[Named]) {
    let mut reported = 0;
    for (found, span) in to {
        refuse_retired(draft, *found, span);
        if draft.pairs.are_too_many() {
            continue;
        }
        let to = found.state;
        let mut from = from.to_vec();
        from[to.index() / 64] &= !(1 << (to.index() % 64));
        let twice = draft.pairs.star(&from, to);
        if let Some(twice) = twice.filter(|_| found.sure && reported < MOST_SHOWN) {
            reported += 1;
            let message = format!(
                "two `\"*\"` rows list the transition `{}` -> `{}`",
                shown(draft.name(twice)),
                shown(draft.name(to))
            );
            let help = "leave one of the rows out, or take what they share out by `except`";
            draft.error(rules::DUPLICATE_TRANSITION, span.clone(), message, help);
        }
    }
}

fn refuse_retired(draft: &mut Draft<'_>, to: Resolved, span: &Range<usize>) {
    if to.sure && draft.is_retired(to.state) {
        let name = shown(draft.name(to.state));
        let message = format!("a transition leads into the retired state `{name}`");
        let help = "nothing enters a retired state: remove the transition";
        draft.error(rules::INTO_RETIRED, span.clone(), message, help);
    }
}

/// A pair that is listed by name; `reported` counts what was reported of the row.
fn add(
    draft: &mut Draft<'_>,
    reported: &mut usize,
    from: Resolved,
    to: Resolved,
    span: &Range<usize>,
) {
    let (pair, sure) = ((from.state, to.state), from.sure && to.sure);
    let twice = draft.pairs.name(from.state, to.state);
    if !sure && !twice {
        draft.guesses.insert(pair);
    }
    // A pair that was guessed may be another one.
    if twice && sure && !draft.guesses.remove(&pair) && *reported < MOST_SHOWN {
        *reported += 1;
        let message = format!(
            "the transition `{}` -> `{}` is listed twice",
            shown(draft.name(from.state)),
            shown(draft.name(to.state))
        );
        draft.error(rules::DUPLICATE_TRANSITION, span.clone(), message, "list each pair once");
    }
}

/// Closes the pairs that are known.
pub(super) fn close(draft: &mut Draft<'_>) {
    if draft.table.state.is_empty() {
        return;
    }
    let states = draft.state_ids().len();
    let optional = draft.state_ids().filter(|&state| draft.is_optional(state)).collect();
    let pairs = draft.pairs.all(states).take(MAX_TRANSITIONS);
    match Relation::close(states, optional, pairs) {
        Ok(relation) => draft.relation = Some(Rc::new(relation)),
        // The pairs themselves are within the limit, or that was reported already.
        Err(_) if draft.pairs.are_too_many() => {}
        Err(_) => {
            let span = draft.table.transition.first().map_or(0..0, |placed| placed.span.clone());
            too_many(draft, span);
        }
    }
}
