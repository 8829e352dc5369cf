// A program that uses the element in every way.
import * as map from "./deploy-status.js";
import { PhasegateStepper, STRINGS, changesOf, duration, fill, follow, next, statusOf, viewOf } from "./deploy-status-stepper.js";
import type { Line, Snapshot, StepperView } from "./deploy-status-stepper.js";

const snapshot: Snapshot = { id: "1", status: "building", seq: 1, events: [{ seq: 1, from: null, to: "building", at: "2026-01-01T00:00:00.000Z" }] };
const stepper: PhasegateStepper = document.createElement("phasegate-stepper");
stepper.machine = map;
stepper.snapshot = snapshot;
stepper.strings = { done: "fertig" };
stepper.addEventListener("phasegate-change", ({ detail }) => {
  const view: StepperView = detail.view;
  console.log(view.summary, detail.event?.to, view.steps[0]?.took ?? 0);
});
stepper.addEventListener("phasegate-line", ({ detail }: CustomEvent<Line>) => console.log(detail.kind, detail.words));
stepper.refresh();
PhasegateStepper.own = async () => map;

const view = viewOf(map, snapshot, { ...STRINGS, done: "fertig" });
console.log(changesOf(null, view), duration(1000), fill("{a}", { a: 1 }), statusOf(map, { status: "queued" }).title);
const after: Snapshot | null = next(snapshot, { seq: 2, from: "building", to: "deploying", at: "2026-01-01T00:00:01.000Z" });
const line = follow("/api/deploys/1/events", { snapshot: (data) => console.log(data, after) }, ({ words }) => console.log(words));
line.close();
