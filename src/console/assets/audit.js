// The audit log: what was accepted and what was refused, the newest first. Pure functions.
import { statusOf } from "./phasegate-stepper.js";

const titleOf = (map, value) => (value == null || value === "" ? null : (map.states[value]?.title ?? value));

/** What a problem's name means to who reads the log. */
const REFUSALS = {
  "illegal-transition": "no such step is allowed",
  "unknown-status": "the backend did not know this state",
  ended: "it had ended already",
  "stale-attempt": "of an older attempt of the run",
  "other-run": "it was of another run than the row's",
  "not-dispatched": "its run could not be started",
  "event-id-reused": "its id was used before, for something else",
};

/** How it was known who reported or started. */
const PROOFS = {
  "row-token": "with the row's token",
  "run-token": "with the run's own token",
  login: "with the application's login",
  "operator-token": "with an operator's token",
  "issuer-token": "with the issuer's token",
  proxy: "as the proxy said",
  webhook: "from a signed webhook",
  backend: "from the backend itself",
  application: "from the application itself",
  database: "in the database",
  nothing: "without a login",
};

/** The newest first. */
const later = (one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0);

/**
 * The newest transitions of a snapshot and refused reports of its row, each by a key that stays, as so many
 * entries of one log at most. No more of them is looked at.
 */
export function auditOf(map, snapshot, refused = new Map(), most = Infinity) {
  const events = snapshot.events ?? [];
  const accepted = events.slice(Math.max(0, events.length - most)).map((event) => ({
    key: `e${event.seq}`,
    kind: event.forced ? "forced" : event.observed ? "observed" : event.from == null ? "started" : "applied",
    at: event.at,
    from: titleOf(map, event.from),
    to: titleOf(map, event.to),
    view: statusOf(map, { status: event.to, seq: event.seq, forced_seq: event.forced ? event.seq : null }).view,
    notes: notesOf(map, event),
    link: event.run_url,
  }));
  const newest = [...refused].reverse().sort(([, one], [, other]) => later(one, other)).slice(0, most);
  const turnedDown = newest.map(([key, report]) => ({
    key: `r${key}`,
    kind: "refused",
    at: report.at,
    from: titleOf(map, report.from),
    to: titleOf(map, report.status),
    view: "refused",
    notes: [`refused: ${REFUSALS[report.answer] ?? report.answer}`, ...notesOf(map, report)],
    link: report.run_url,
  }));
  // Within one millisecond a refusal is later than what it was judged on.
  return [...turnedDown, ...accepted.reverse()].sort(later).slice(0, most);
}

/** How many reports of each phase were refused, and the key of the first, by the phase's name. */
export function refusedOf(map, refused) {
  const phases = new Map();
  for (const [key, report] of refused) {
    const phase = map.states[report.status]?.phase;
    if (!phase) continue;
    const had = phases.get(phase) ?? { count: 0, at: report.at, first: `r${key}` };
    const isFirst = report.at < had.at;
    phases.set(phase, { count: had.count + 1, at: isFirst ? report.at : had.at, first: isFirst ? `r${key}` : had.first });
  }
  return phases;
}

function notesOf(map, report) {
  const notes = [];
  if (report.forced) notes.push(`forced: ${report.forced}`);
  if (report.observed) notes.push(`against the table (${REFUSALS[report.observed] ?? report.observed}), and let through`);
  if (report.job) notes.push(`job ${report.job}`);
  if (report.run_id) notes.push(report.run_attempt > 1 ? `run ${report.run_id}, attempt ${report.run_attempt}` : `run ${report.run_id}`);
  const proof = PROOFS[report.authenticated_by] ?? report.authenticated_by;
  if (report.actor) notes.push(proof ? `by ${report.actor}, ${proof}` : `by ${report.actor}`);
  else if (proof) notes.push(proof);
  if (report.attempted) notes.push(`while it was at ${titleOf(map, report.attempted)}`);
  return notes;
}
