// What the declarations allow, and what they refuse.
import * as deploy from "./deploy.mjs";
import * as odd from "./odd.mjs";

export const to: odd.Next<"__proto__"> = "constructor";
// @ts-expect-error: the table has no such transition
export const illegal: odd.Next<"1"> = "constructor";
export const outcome: "failure" = odd.states["toString"].outcome;
export const tone: "warning" = odd.phases[1].meta.tone;
export const note: string | undefined = deploy.states.queued.meta["note"];
export const phase: deploy.Phase | undefined = deploy.phasesOf(["queued"], null)[0]?.name;
export const judged: boolean = deploy.canBecome("whatever a server said", "queued");
export const first: "queued" = deploy.initial[0];
// @ts-expect-error: the map is frozen
odd.states["1"].title = "x";
// @ts-expect-error: no state has this value
deploy.states.quued;
