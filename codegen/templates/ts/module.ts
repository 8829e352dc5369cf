{{ of.header }}
/* eslint-disable */

{% include "script/types.ts" %}

/** A frozen map without a prototype, so that no key means anything but what the table says. */
const map = (entries: [string, unknown][]): any => {
  const object = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return Object.freeze(object);
};
const frozen = (items: any[]): any => Object.freeze(items.map((item) => Object.freeze(item)));

export const machine = {{ of.name }};
export const title = {{ of.title }};
export const meta: {% if let Some(meta) = of.meta_type %}{{ meta }}{% else %}Meta{% endif %} = {{ of.meta }};
export const fingerprints: { readonly language: {{ of.language }}; readonly table: {{ of.table }} } = map([["language", {{ of.language }}], ["table", {{ of.table }}]]);
/** The values that a row may start in, the default first. */
export const initial: readonly [{{ of.initial }}] = frozen([{{ of.initial }}]);
/** The phases in the order of the stepper. */
export const phases: readonly [
{%- for phase in of.phases %}
  { readonly name: {{ phase.name }}; readonly title: {{ phase.title }}; readonly meta: {% if let Some(meta) = phase.meta_type %}{{ meta }}{% else %}Meta{% endif %} },
{%- endfor %}
] = frozen([
{%- for phase in of.phases %}
  { name: {{ phase.name }}, title: {{ phase.title }}, meta: {{ phase.meta }} },
{%- endfor %}
]);
/** The states in the order of the table. */
export const stateList: readonly State[] = frozen([
{%- for state in of.states %}
  { name: {{ state.name }}, value: {{ state.value }}, title: {{ state.title }}, phase: {{ state.phase }}, completes: {{ state.completes }}, optional: {{ state.optional }}, outcome: {{ state.outcome }}, reopens: {{ state.reopens }}, retired: {{ state.retired }}, initial: {{ state.initial }}, terminal: {{ state.terminal }}, ended: {{ state.ended }}, meta: {{ state.meta }} },
{%- endfor %}
]);
/** The states by their values. */
export const states: {
{%- for state in of.states %}
  readonly {{ state.value }}: State & { readonly name: {{ state.name }}; readonly value: {{ state.value }}; readonly phase: {{ state.phase }}; readonly outcome: {{ state.outcome }}{% if let Some(meta) = state.meta_type %}; readonly meta: {{ meta }}{% endif %} };
{%- endfor %}
} = map(stateList.map((state) => [state.value, state]));
/** The values that each value may become, in the order of the table. */
export const transitions: {
{%- for state in of.states %}
  readonly {{ state.value }}: readonly [{{ state.next }}];
{%- endfor %}
} = map([
{%- for state in of.states %}
  [{{ state.value }}, frozen([{{ state.next }}])],
{%- endfor %}
]);
/** The values that a value may become. */
export type Next<From extends Status> = (typeof transitions)[From][number];

/** Whether this is one of the table's values. */
export function isStatus(value: unknown): value is Status {
  return typeof value === "string" && value in states;
}

/** The values that a value may become, in the order of the table. */
export function next<From extends Status>(from: From): readonly Next<From>[] {
  return transitions[from];
}

/** Whether the step is a legal transition. Values that the table lacks have none. */
export const canBecome: (from: string, to: string) => boolean = (from, to) => judge.canBecome(from, to);

/**
 * What the stepper shows: a function of the accepted history of values and the `attempted` of its
 * last report, and nothing else. Values that the table lacks are passed over.
 */
export const phasesOf: (history: Iterable<string>, attempted?: string | null) => { name: Phase; view: View }[] = (
  history,
  attempted,
) => judge.phasesOf(history, attempted);

/** The same as the module of JavaScript, which is not typed. */
const judge = ((stateList: any[], phases: any[], transitions: any) => {
{{ judge }}

  return { canBecome, phasesOf };
})([...stateList], [...phases], transitions);

