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

/** What an outcome looks like where a whole row is shown. */
const OUTCOME_VIEWS = { success: "done", failure: "failed", cancelled: "cancelled", neutral: "neutral" };

/** The state of a value, or nothing where the map lacks it. */
export function stateOf(map, value) {
  return typeof value === "string" ? map.states[value] : undefined;
}

/** What a row's status is called and looks like, known or not. */
export function statusOf(map, value) {
  const state = stateOf(map, value);
  if (!state) return { known: false, title: `Unknown state ${value} (the backend is newer than this page)`, view: "unconfirmed" };
  if (state.outcome) return { known: true, title: state.title, view: OUTCOME_VIEWS[state.outcome] };
  if (state.ended) return { known: true, title: state.title, view: "neutral" };
  return { known: true, title: state.title, view: state.initial ? "upcoming" : "active" };
}

/** All that the modal shows of a snapshot. */
export function viewOf(map, snapshot) {
  const events = snapshot.events ?? [];
  const status = statusOf(map, snapshot.status);
  const state = stateOf(map, snapshot.status);
  const phases = map.phasesOf(events.map((event) => event.to), events.at(-1)?.attempted);
  const steps = phases.map(({ view }, at) => ({
    name: map.phases[at].name,
    title: map.phases[at].title,
    view,
    label: view === "skipped" ? skippedLabel(phases, at, state) : LABELS[view],
    current: view === "active",
    detail: view === "active" && state ? state.title : "",
  }));
  return { status, state, steps, summary: summaryOf(steps, state) };
}

/** A phase without a report was not needed where the row came past it; else it was not reached. */
function skippedLabel(phases, at, state) {
  const passed = phases.slice(at + 1).some(({ view }) => view !== "skipped" && view !== "unconfirmed" && view !== "upcoming");
  const good = state && state.ended && state.outcome !== "failure" && state.outcome !== "cancelled";
  return passed || good ? "not needed" : "not reached";
}

/** After an end: the phase that it ended in, what was not reached, and what nobody reported. */
function summaryOf(steps, state) {
  if (!state?.ended) return "";
  const titles = (wanted) => steps.filter(({ label }) => label === wanted).map(({ title }) => title);
  const ending = steps.find(({ view }) => view === "failed" || view === "cancelled");
  const sentences = [ending ? `${state.title} in ${ending.title}.` : `${state.title}.`];
  for (const [label, said] of [["not reached", "Not reached"], ["not reported", "Not reported"], ["not needed", "Not needed"]]) {
    const found = titles(label);
    if (found.length > 0) sentences.push(`${said}: ${found.join(", ")}.`);
  }
  return sentences.length > 1 || ending ? sentences.join(" ") : "";
}

/** What has changed between two views, in words, for those who don't see it. */
export function changesOf(before, after) {
  const words = [];
  if (before?.status.title !== after.status.title) words.push(`${after.status.title}.`);
  for (const [at, step] of after.steps.entries()) {
    if (before?.steps[at]?.label !== step.label) words.push(`${step.title}: ${step.label}.`);
  }
  return words.join(" ");
}

/**
 * The snapshot after an event of the stream: the same where the event was seen already, nothing
 * where one before it is missing and the whole has to be fetched again.
 */
export function follow(snapshot, event) {
  if (event.seq <= snapshot.seq) return snapshot;
  if (event.seq !== snapshot.seq + 1) return null;
  return {
    ...snapshot,
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
    view: statusOf(map, event.to).view,
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
