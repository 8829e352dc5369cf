// What the page shows of a snapshot, without a page: a pure function of the map and the snapshot.
import assert from "node:assert/strict";

const [map, { changesOf, duration, next, statusOf, viewOf }, { auditOf, refusedOf }] = await Promise.all(process.argv.slice(2).map((path) => import(path)));

/** Frozen to the bottom: who changes it throws. */
const frozen = (value) => {
  if (value !== null && typeof value === "object") Object.values(Object.freeze(value)).forEach(frozen);
  return value;
};

const at = (second) => `2026-01-02T03:04:0${second}.000Z`;
const snapshot = (attempted, ...states) =>
  frozen({
    id: "a",
    status: states.at(-1),
    seq: states.length,
    events: states.map((to, place) => ({ seq: place + 1, from: states[place - 1] ?? null, to, at: at(place), attempted: place === states.length - 1 ? attempted : null })),
  });
const labels = (shown) => shown.steps.map(({ label }) => label);
const view = (attempted, ...states) => viewOf(map, snapshot(attempted, ...states));

// The same snapshot gives the same, whenever and however often it is asked for.
assert.deepEqual(view(null, "queued", "building"), view(null, "queued", "building"));

// An event that was seen changes nothing; one after a gap asks for the whole.
const seen = snapshot(null, "queued", "building");
assert.equal(next(seen, frozen({ seq: 2, from: "queued", to: "failed", at: at(5) })), seen);
assert.equal(next(seen, frozen({ seq: 4, from: "deploying", to: "failed", at: at(5) })), null);
const followed = next(seen, frozen({ seq: 3, from: "building", to: "deploying", at: at(5), attempted: null }));
assert.deepEqual([followed.status, followed.seq, followed.last_report_at, followed.events.length], ["deploying", 3, at(5), 3]);

// A state that the map lacks is named, moves no phase, and is no fault anywhere.
const newer = view(null, "queued", "smoke_running", "smoke_paused");
assert.equal(newer.status.title, "Unknown state smoke_paused (the backend is newer than this page)");
assert.deepEqual(labels(newer), ["in progress when last known", "upcoming", "upcoming", "upcoming"]);
for (const value of ["__proto__", "constructor", "", null, undefined, 7]) assert.equal(statusOf(map, { status: value }).known, false);
assert.deepEqual(labels(viewOf(map, { id: "a", status: "new", seq: 0 })), Array(4).fill("upcoming"));
assert.deepEqual(auditOf(map, snapshot(null, "queued", "new")).map(({ to }) => to), ["new", "Queued"]);

// What a run that failed did not reach is told apart from what it came past.
assert.deepEqual(labels(view("smoke_running", "queued", "smoke_running", "failed")), ["failed", "not reached", "not reached", "not reached"]);
assert.deepEqual(labels(view(null, "queued", "failed")), ["not reported", "not reported", "not reached", "not reached"]);
assert.equal(view("health_checking", "queued", "building", "deploying", "failed").summary, "Failed in Health check. Not reported: Smoke gate, Freeze check.");
assert.equal(view(null, "queued", "building", "deploying").summary, "");

// What is said of a change is what has changed, and nothing else.
const before = view(null, "queued", "smoke_running");
assert.equal(changesOf(before, view(null, "queued", "smoke_running", "freeze_checking")), "Freeze checking. Smoke gate: outcome not reported. Freeze check: in progress.");
assert.equal(changesOf(before, before), "");

// A step that was forced, or let through against the table, says so and why.
const marked = frozen({
  ...seen,
  events: [
    seen.events[0],
    { ...seen.events[1], forced: "the page hung", actor: "me" },
    { seq: 3, from: "building", to: "lost", at: at(5), observed: "unknown-state" },
  ],
});
assert.deepEqual(
  auditOf(map, marked).map(({ kind, notes }) => [kind, notes]),
  [["observed", ["against the table (unknown-state), and let through"]], ["forced", ["forced: the page hung", "by me"]], ["started", []]],
);

// Times are those of recorded events: what was not reported takes none.
const times = (attempted, ...states) => view(attempted, ...states).steps.map(({ began, took }) => began ?? took);
assert.deepEqual(times(null, "queued", "smoke_running", "smoke_passed", "freeze_checking"), [1000, at(3), null, null]);
assert.deepEqual(times(null, "queued", "smoke_passed", "building", "deploying", "health_checking", "succeeded"), [null, null, 2000, 1000]);
assert.deepEqual(times("deploying", "queued", "building", "deploying", "failed"), [null, null, 2000, null]);
assert.deepEqual(times(null, "queued", "smoke_running", "building"), [null, null, at(2), null]);
const forcedInto = { ...snapshot(null, "queued", "smoke_running", "smoke_passed"), status: "smoke_passed" };
const forcedEvents = forcedInto.events.map((event) => (event.to === "smoke_passed" ? { ...event, forced: "by hand" } : event));
assert.deepEqual(viewOf(map, { ...forcedInto, events: forcedEvents }).steps.map(({ took }) => took), [null, null, null, null]);
assert.deepEqual([0, 59_499, 61_000, 3_600_000, 90_061_000].map((ms) => duration(ms)), ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "1 d 1 h"]);

// Between two phases nothing runs, and that is no end.
assert.equal(view(null, "queued", "smoke_running", "smoke_passed").status.view, "between");

// What was refused stands among what was accepted, by its time.
const refused = new Map(Object.entries({
  late: { at: at(1), status: "smoke_passed", from: "building", answer: "illegal-transition", job: "smoke", run_id: "7", run_attempt: 2 },
  early: { at: at(0), status: "no such state", from: "queued", answer: "unknown-status", job: "smoke" },
}));
assert.deepEqual(
  auditOf(map, seen, refused).map(({ kind, from, to, notes }) => [kind, from, to, notes[0]]),
  [
    ["refused", "Building", "Smoke passed", "refused: no such step is allowed"],
    ["applied", "Queued", "Building", undefined],
    ["refused", "Queued", "no such state", "refused: the backend did not know this state"],
    ["started", null, "Queued", undefined],
  ],
);
assert.deepEqual([...refusedOf(map, refused)], [["smoke_gate", { count: 1, at: at(1), first: "rlate" }]]);
// No more of it is made than is shown.
assert.deepEqual(auditOf(map, seen, refused, 2).map(({ key }) => key), ["rlate", "e2"]);

// The audit log says the transitions, the newest first.
assert.deepEqual(
  auditOf(map, seen).map(({ kind, from, to }) => [kind, from, to]),
  [["applied", "Queued", "Building"], ["started", null, "Queued"]],
);
