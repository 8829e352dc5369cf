// What the page shows of one row: a pure function of the generated status map and a snapshot.
// Nothing here knows the time, the network or the document, and no state is ever inferred.

const LABELS = {
  failed: "failed",
  cancelled: "cancelled",
  active: "in progress",
  done: "done",
  unconfirmed: "not reported",
  upcoming: "upcoming",
};
const UNREPORTED_OUTCOME = "outcome not reported";
const FORCED_PAST = "forced past, not reported";
const OBSERVED_PAST = "passed over against the table, not reported";

/** What an outcome looks like where a whole row is shown. */
const OUTCOME_VIEWS = { success: "done", failure: "failed", cancelled: "cancelled", neutral: "neutral" };

/** The state of a value, or nothing where the map lacks it. */
export function stateOf(map, value) {
  return typeof value === "string" ? map.states[value] : undefined;
}

/**
 * What the status of a row is called and looks like: of a snapshot, or of what a list has of one. Of a
 * state that the map lacks the backend's word is taken; it may be that no one knows it.
 */
export function statusOf(map, row) {
  const known = stateOf(map, row.status);
  const state = known ?? { title: row.known ? row.title : unknownTitle(row), outcome: row.outcome ?? null, ended: Boolean(row.terminal || row.outcome), initial: false };
  const forcedAt = row.events ? row.events.findLast(({ forced }) => forced)?.seq : row.forced_seq;
  const isForced = forcedAt != null && forcedAt === row.seq;
  const note = isForced ? ` (${FORCED_PAST})` : forcedAt != null ? " (after a forced step)" : "";
  return { known: known !== undefined, state, title: `${state.title}${note}`, view: viewOfStatus(state, known || row.known, isForced, forcedAt != null) };
}

const unknownTitle = ({ status, known }) =>
  `Unknown state ${status} (${known === false ? "newer than the backend and this page" : "the backend is newer than this page"})`;

function viewOfStatus(state, isKnown, isForced, hasForced) {
  if (!isKnown) return "unconfirmed";
  if (isForced || (hasForced && state.ended && !endsBadly(state))) return "forced";
  if (state.outcome) return OUTCOME_VIEWS[state.outcome];
  if (state.ended) return "neutral";
  return state.initial ? "upcoming" : "active";
}

const endsBadly = ({ outcome }) => outcome === "failure" || outcome === "cancelled";

/** All that the modal shows of a snapshot. */
export function viewOf(map, snapshot) {
  const events = snapshot.events ?? [];
  const status = statusOf(map, snapshot);
  const evidence = evidenceOf(map, events);
  const known = () => map.phasesOf(events.map((event) => event.to), events.at(-1)?.attempted);
  const ofMap = () => known().map((phase, at) => ({ ...map.phases[at], ...phase }));
  const views = status.known ? ofMap() : snapshot.phases ?? ofMap();
  const steps = views.map((phase, at) => stepOf(phase, evidence.get(phase.name), status, skippedLabel(views, at, status.state)));
  return { status, steps, summary: summaryOf(steps, status, events.at(-1)) };
}

/** What is shown of a phase. A state that the map lacks moves none: each stays as it was last known. */
function stepOf({ name, title, view }, { reported, past } = {}, status, skipped) {
  const step = { name, title, view, label: LABELS[view] ?? skipped, current: false, detail: "" };
  if (view === "unconfirmed" && reported) step.label = UNREPORTED_OUTCOME;
  if (view === "active" && status.known) Object.assign(step, { current: true, detail: status.state.title });
  else if (view === "active") step.label = "in progress when last known";
  if (past && ["active", "failed", "cancelled"].includes(view)) step.label += " (forced, not reported)";
  else if (past) Object.assign(step, { view: "forced", label: past });
  return step;
}

/**
 * Of each phase by its name: whether a report of it counts, and the words for it where a forced step
 * entered it, left it uncompleted or passed it over, and no report of it came since. A row that goes
 * back starts over from there.
 */
function evidenceOf(map, events) {
  const place = new Map(map.phases.map(({ name }, at) => [name, at]));
  const phases = map.phases.map(() => ({}));
  const forget = (from) => phases.fill(null, from).forEach((phase, at) => (phases[at] ??= {}));
  let last = -1;
  let before = -1;
  for (const event of events) {
    const state = stateOf(map, event.to);
    if (!state) continue;
    const own = place.get(state.phase) ?? -1;
    const isBack = own !== -1 && own < last;
    if (state.initial) forget(0);
    else if (isBack) forget(own);
    if (event.forced || event.observed) {
      const from = isBack || state.initial ? own : before === -1 ? last + 1 : before;
      const to = own !== -1 ? own : state.ended && !endsBadly(state) ? phases.length - 1 : last;
      for (let at = Math.max(from, 0); at <= to; at += 1) {
        if (event.forced && !phases[at].completed) phases[at].past = FORCED_PAST;
        if (event.observed && at !== own && !phases[at].reported) phases[at].past = OBSERVED_PAST;
      }
    }
    if (own !== -1 && !event.forced) {
      phases[own] = { reported: true, completed: phases[own].completed || state.completes };
    }
    if (own !== -1 || state.initial) last = own;
    before = own;
  }
  return new Map(map.phases.map(({ name }, at) => [name, phases[at]]));
}

/** A phase without a report was not needed where the row came past it; else it was not reached. */
function skippedLabel(phases, at, state) {
  const passed = phases.slice(at + 1).some(({ view }) => view !== "skipped" && view !== "unconfirmed" && view !== "upcoming");
  return passed || (state.ended && !endsBadly(state)) ? "not needed" : "not reached";
}

/** After an end: the phase that it ended in, what was not reached, and what nobody reported. */
function summaryOf(steps, { state, title }, last) {
  if (!state.ended) return "";
  const ending = steps.find(({ view }) => view === "failed" || view === "cancelled");
  const sentences = [ending ? `${title} in ${ending.title}.` : `${title}.`];
  if (last?.forced) sentences.push(`An operator forced it: ${last.forced}.`);
  for (const label of ["not reached", "not reported", UNREPORTED_OUTCOME, FORCED_PAST, OBSERVED_PAST, "not needed"]) {
    const found = steps.filter((step) => step.label === label).map((step) => step.title);
    if (found.length > 0) sentences.push(`${label[0].toUpperCase()}${label.slice(1)}: ${found.join(", ")}.`);
  }
  return sentences.length > 1 || ending ? sentences.join(" ") : "";
}

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
    last_report_at: event.at,
    events: [...(snapshot.events ?? []), event],
  };
}

/** The audit log: the transitions, the newest first. */
export function auditOf(map, snapshot) {
  const name = (value) => (value == null ? null : (stateOf(map, value)?.title ?? value));
  const entries = (snapshot.events ?? []).map((event) => ({
    key: `e${event.seq}`,
    kind: event.forced ? "forced" : event.observed ? "observed" : event.from == null ? "started" : "applied",
    at: event.at,
    from: name(event.from),
    to: name(event.to),
    view: statusOf(map, { status: event.to, seq: event.seq, forced_seq: event.forced ? event.seq : null }).view,
    notes: notesOf(event, name),
  }));
  return entries.reverse();
}

function notesOf(report, name) {
  const notes = [];
  if (report.forced) notes.push(`forced: ${report.forced}`);
  if (report.observed) notes.push(`against the table (${report.observed}), and let through`);
  if (report.job) notes.push(`job ${report.job}`);
  if (report.run_id) notes.push(report.run_attempt > 1 ? `run ${report.run_id}, attempt ${report.run_attempt}` : `run ${report.run_id}`);
  if (report.actor) notes.push(`by ${report.actor}`);
  if (report.attempted) notes.push(`attempted ${name(report.attempted)}`);
  return notes;
}
