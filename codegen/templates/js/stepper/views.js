// What is shown of one row: pure functions of the status map and a snapshot. Nothing here knows the
// time, the network or the document, and no state is ever inferred.

/** What an outcome looks like where a whole row is shown. */
const OUTCOME_VIEWS = { success: "done", failure: "failed", cancelled: "cancelled", neutral: "neutral" };

const stateOf = (map, value) => (typeof value === "string" ? map.states[value] : undefined);
const endsBadly = ({ outcome }) => outcome === "failure" || outcome === "cancelled";

/**
 * What the status of a row is called and looks like: of a snapshot, or of what a list has of one. Of a
 * state that the map lacks the backend's word is taken; it may be that no one knows it.
 */
export function statusOf(map, row, strings = STRINGS) {
  const known = stateOf(map, row.status);
  const unknown = fill(row.known === false ? strings.unknownToAll : strings.unknown, row);
  const state = known ?? { title: row.known ? row.title : unknown, outcome: row.outcome ?? null, ended: Boolean(row.terminal || row.outcome), initial: false };
  const forcedAt = row.events ? row.events.findLast(({ forced }) => forced)?.seq : row.forced_seq;
  const isForced = forcedAt != null && forcedAt === row.seq;
  const note = isForced ? strings.forcedInto : forcedAt != null ? strings.afterForced : "{title}";
  return { known: known !== undefined, state, title: fill(note, state), view: viewOfStatus(state, known || row.known, isForced, forcedAt != null) };
}

/** Between two phases nothing runs that was reported: that is not in progress, and no end either. */
function viewOfStatus(state, isKnown, isForced, hasForced) {
  if (!isKnown) return "unconfirmed";
  if (isForced || (hasForced && state.ended && !endsBadly(state))) return "forced";
  if (state.outcome) return OUTCOME_VIEWS[state.outcome];
  if (state.ended) return "neutral";
  if (state.completes) return "between";
  return state.initial ? "upcoming" : "active";
}

/** All that is shown of a snapshot. */
export function viewOf(map, snapshot, strings = STRINGS) {
  const events = snapshot.events ?? [];
  const status = statusOf(map, snapshot, strings);
  const evidence = evidenceOf(map, events, strings);
  const known = () => map.phasesOf(events.map((event) => event.to), events.at(-1)?.attempted);
  const ofMap = () => known().map((phase, at) => ({ ...map.phases[at], ...phase }));
  const views = status.known ? ofMap() : snapshot.phases ?? ofMap();
  const steps = views.map((phase, at) => stepOf(phase, evidence.get(phase.name), status, skippedLabel(views, at, status.state, strings), strings));
  return { status, steps, summary: summaryOf(steps, status, events.at(-1), strings) };
}

/**
 * What is shown of a phase. A state that the map lacks moves none: each stays as it was last known.
 * `began` and `took` are recorded times only: of a phase whose start was not reported there is none.
 */
function stepOf({ name, title, view }, { reported, past, began, ended } = {}, status, skipped, strings) {
  const step = { name, title, view, label: view === "skipped" ? skipped : strings[view], current: false, detail: "", began: null, took: null };
  if (view === "unconfirmed" && reported) step.label = strings.outcomeNotReported;
  if (view === "active" && status.known) Object.assign(step, { current: true, detail: status.state.title });
  else if (view === "active") step.label = strings.lastKnown;
  if (past && ["active", "failed", "cancelled"].includes(view)) step.label = fill(strings.forced, { label: step.label });
  else if (past) Object.assign(step, { view: "forced", label: past });
  if (step.view === "active") step.began = began ?? null;
  else if (["done", "failed", "cancelled"].includes(step.view) && began && ended) step.took = Date.parse(ended) - Date.parse(began);
  return step;
}

/**
 * Of each phase by its name: whether a report of it counts, the times of its first and last event,
 * and the words for it where a forced step entered it, left it uncompleted or passed it over, and no
 * report of it came since. A row that goes back starts over from there.
 */
function evidenceOf(map, events, strings) {
  const place = new Map(map.phases.map(({ name }, at) => [name, at]));
  const phases = map.phases.map(() => ({}));
  const forget = (from) => phases.fill(null, from).forEach((phase, at) => (phases[at] ??= {}));
  let last = -1;
  let before = -1;
  let wasBad = false;
  for (const event of events) {
    const state = stateOf(map, event.to);
    if (!state) continue;
    const own = place.get(state.phase) ?? -1;
    const isBack = own !== -1 && own < last;
    // What was running ends with the report of the next phase or of an end, unless its own came.
    if (own !== before && before !== -1 && !phases[before].completed && !event.forced) phases[before].ended = event.at;
    if (state.initial) forget(0);
    else if (isBack) forget(own);
    if (event.forced || event.observed) {
      // Out of a bad end: what ended badly was not done by that.
      const from = isBack || state.initial ? own : before !== -1 ? before : last !== -1 && wasBad ? last : last + 1;
      const to = own !== -1 ? own : state.ended && !endsBadly(state) ? phases.length - 1 : last;
      for (let at = Math.max(from, 0); at <= to; at += 1) {
        if (event.forced && !phases[at].completed) phases[at].past = strings.forcedPast;
        const endedHere = wasBad && at === last && !phases[at].completed;
        if (event.observed && at !== own && (!phases[at].reported || endedHere)) phases[at].past = strings.observedPast;
      }
    }
    if (own !== -1 && !event.forced) {
      const { began, completed } = phases[own];
      const starts = began ?? (state.completes ? undefined : event.at);
      phases[own] = { reported: true, completed: completed || state.completes, began: starts, ended: state.completes ? event.at : phases[own].ended };
    }
    if (own !== -1 || state.initial) last = own;
    before = own;
    wasBad = endsBadly(state);
  }
  return new Map(map.phases.map(({ name }, at) => [name, phases[at]]));
}

/** What a backend's phase looks like, and the words for it: the same as of a step, for a list that has no events. */
export function labelOf({ view, note }, known, strings = STRINGS) {
  const skipped = note === "not-needed" ? strings.notNeeded : strings.notReached;
  const open = note === "outcome-not-reported" ? strings.outcomeNotReported : strings[view];
  const label = view === "skipped" ? skipped : view === "active" && known === false ? strings.lastKnown : open;
  if (note !== "forced" && note !== "observed") return { view, label };
  if (["active", "failed", "cancelled"].includes(view)) return { view, label: fill(strings.forced, { label }) };
  return { view: "forced", label: note === "forced" ? strings.forcedPast : strings.observedPast };
}

/** A phase without a report was not needed where the row came past it; else it was not reached. */
function skippedLabel(phases, at, state, strings) {
  const passed = phases.slice(at + 1).some(({ view }) => view !== "skipped" && view !== "unconfirmed" && view !== "upcoming");
  return passed || (state.ended && !endsBadly(state)) ? strings.notNeeded : strings.notReached;
}

/** After an end: the phase that it ended in, what was not reached, and what no one reported. */
function summaryOf(steps, { state, title }, last, strings) {
  if (!state.ended) return "";
  const ending = steps.find(({ view }) => view === "failed" || view === "cancelled");
  const sentences = [fill(ending ? strings.endedIn : strings.ended, { title, phase: ending?.title })];
  if (last?.forced) sentences.push(fill(strings.forcedBecause, { reason: last.forced }));
  for (const label of [strings.notReached, strings.unconfirmed, strings.outcomeNotReported, strings.forcedPast, strings.observedPast, strings.notNeeded]) {
    const found = steps.filter((step) => step.label === label).map((step) => step.title);
    if (found.length > 0) sentences.push(fill(strings.listed, { label: capital(label), phases: found.join(", ") }));
  }
  return sentences.length > 1 || ending ? sentences.join(" ") : "";
}

const capital = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;

/** What has changed between two views, in words, for those who don't see it. */
export function changesOf(before, after) {
  const words = [];
  if (before?.status.title !== after.status.title) words.push(`${after.status.title}.`);
  for (const step of after.steps) {
    const was = before?.steps.find(({ name }) => name === step.name);
    if (was?.label !== step.label) words.push(`${step.title}: ${step.label}.`);
  }
  return words.join(" ");
}

/**
 * The snapshot after an event of the stream: the same where the event was seen already, nothing
 * where one before it is missing and the whole has to be fetched again. What the backend says of a
 * status is not known of the new one; its phases stay as they were last known.
 */
export function next(snapshot, event) {
  if (event.seq <= snapshot.seq) return snapshot;
  if (event.seq !== snapshot.seq + 1) return null;
  const { title, terminal, outcome, known, overdue_since, ...kept } = snapshot;
  return {
    ...kept,
    status: event.to,
    seq: event.seq,
    // What an operator forced was reported by no one.
    last_report_at: event.forced ? kept.last_report_at : event.at,
    events: [...(snapshot.events ?? []), event],
  };
}
