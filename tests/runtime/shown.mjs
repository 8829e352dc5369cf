// Of many rows: what the element shows of the snapshot, next to what the backend says of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const { labelOf, viewOf } = await import(process.argv[2]);
const seen = new Set();
const all = [];
for (const { module, rows } of JSON.parse(readFileSync(process.argv[3]))) {
  const map = await import(module);
  all.push(...rows.map((row) => ({ map, ...row })));
}
for (const { map, snapshot, item, shown } of all) {
  const view = viewOf(map, snapshot);
  const steps = view.steps.map(({ title, view, label }) => [title, view, label]);
  const history = snapshot.events.map(({ to, forced, observed, attempted }) => [to, forced, observed, attempted]);
  assert.deepEqual(shown, [view.status.title, view.status.view, view.summary, steps], JSON.stringify(history));
  assert.deepEqual(item.phases.map((phase) => ({ title: phase.title, ...labelOf(phase, item.known) })), steps.map(([title, view, label]) => ({ title, view, label })));
  for (const [, , label] of steps) seen.add(label);
}
// Nothing is proven by rows that all look alike.
for (const label of ["done", "upcoming", "in progress", "not reached", "not needed", "outcome not reported", "forced past, not reported", "passed over against the table, not reported"]) {
  assert.ok(seen.has(label), `no row shows "${label}": ${[...seen].join(", ")}`);
}
