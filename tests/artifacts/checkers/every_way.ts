// Uses all that the declarations of the deploy table offer, and is refused what they don't.
import {
  canBecome, fingerprints, initial, machine, meta, phases, phasesOf, stateList, states, title, transitions,
  type Meta, type Next, type Outcome, type Phase, type State, type Status, type View,
} from "./deploy-status.js";

// An exhaustive switch: a state more, and `never` is no longer what is left.
export function words(status: Status): string {
  switch (status) {
    case "queued": return "waits";
    case "smoke_running":
    case "freeze_checking":
    case "health_checking": return "checks";
    case "smoke_passed":
    case "freeze_passed": return "passed";
    case "building": return "builds";
    case "deploying": return "deploys";
    case "succeeded": return "is done";
    case "failed": return "is broken";
    default: {
      const none: never = status;
      return none;
    }
  }
}
export function mark(view: View): number {
  switch (view) {
    case "failed": return 1;
    case "cancelled": return 2;
    case "skipped": return 3;
    case "active": return 4;
    case "done": return 5;
    case "unconfirmed": return 6;
    case "upcoming": return 7;
    default: {
      const none: never = view;
      return none;
    }
  }
}
export const byOutcome: Record<Outcome, string> = { success: "good", failure: "bad", cancelled: "off", neutral: "even" };
export const byPhase: Record<Phase, number> = { smoke_gate: 0, freeze_check: 1, deploy: 2, health_check: 3 };
// Every status has a state, and nothing else has.
export const all: { readonly [status in Status]: State } = states;
export const keys: Status = null as unknown as keyof typeof states;
export const ways: { readonly [status in Status]: readonly Status[] } = transitions;

export const name: "deploy" = machine;
export const shown: "Deploy" = title;
export const prints: readonly string[] = [fingerprints.language, fingerprints.table];
export const first: "queued" = initial[0];
export const one: 1 = initial.length;
export const note: string | undefined = meta["note"];
export const four: 4 = phases.length;
export const second: "freeze_check" = phases[1].name;
export const its: Meta = phases[3].meta;
export const titles: string[] = phases.map((phase) => phase.title);

export const facts = stateList.map((state) => ({
  name: state.name, value: state.value satisfies Status, title: state.title, meta: state.meta satisfies Meta,
  phase: state.phase satisfies Phase | null, outcome: state.outcome satisfies Outcome | null,
  flags: [state.completes, state.optional, state.reopens, state.retired, state.initial, state.terminal, state.ended] satisfies boolean[],
}));
export const failure: "failure" = states.failed.outcome;
export const nothing: null = states.queued.outcome;
export const gate: "smoke_gate" = states.smoke_running.phase;

export const next: Next<"health_checking">[] = ["succeeded", "failed"];
export const after = <From extends Status>(from: From, to: Next<From>): [Status, Status] => [from, to as Status];
after("queued", "building");
export const end: Next<"failed"> = null as never;

export const may: boolean = canBecome("what a server said", "queued");
export const views: View[] = phasesOf(["queued", "anything"]).map(({ view }) => view);
export const names: Phase[] = phasesOf(new Set(["queued"]), null).map(({ name }) => name);
phasesOf([], undefined);
phasesOf([], "building");

// @ts-expect-error: nothing follows an end
after("succeeded", "failed");
// @ts-expect-error: the table has no such transition
after("building", "succeeded");
// @ts-expect-error: no state has this value
after("quued", "failed");
// @ts-expect-error: the list is frozen
stateList.push(states.queued);
// @ts-expect-error: the map is frozen
states.queued = states.queued;
// @ts-expect-error: a state is frozen
states.queued.title = "";
// @ts-expect-error: the transitions are frozen
transitions.queued.push("failed");
// @ts-expect-error: a state without an outcome has none
states.building.outcome satisfies "success";
// @ts-expect-error: there are four phases
phases[4];
// @ts-expect-error: what is shown is none of the states
phasesOf([])[0]?.view satisfies Status | undefined;
// @ts-expect-error: a history is no string of a state's name alone
phasesOf(7);
// @ts-expect-error: both states are told
canBecome("queued");
