// What the module of TypeScript has beyond the declarations of the other.
import { isStatus, next, type Next, type Status } from "./deploy.mjs";
import * as one from "./one.mjs";

export function read(said: unknown): Status | undefined {
  // @ts-expect-error: what came from outside is no status yet
  next(said);
  return isStatus(said) ? said : undefined;
}
export const after: readonly Next<"deploying">[] = next("deploying");
export const none: readonly never[] = next("failed");
// @ts-expect-error: the table has no such transition
after satisfies readonly "queued"[];
// @ts-expect-error: the list is frozen
next("queued").push("failed");

export const phases: never[] = one.phasesOf(["only"]).map(({ name }) => name);
export const empty: readonly [] = one.phases;
export const only: "only" = one.initial[0];
