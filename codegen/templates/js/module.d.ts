{{ of.header }}

{% include "script/types.ts" %}

export declare const machine: {{ of.name }};
export declare const title: {{ of.title }};
export declare const meta: {% if let Some(meta) = of.meta_type %}{{ meta }}{% else %}Meta{% endif %};
export declare const fingerprints: { readonly language: {{ of.language }}; readonly table: {{ of.table }} };
/** The values that a row may start in, the default first. */
export declare const initial: readonly [{{ of.initial }}];
/** The phases in the order of the stepper. */
export declare const phases: readonly [
{%- for phase in of.phases %}
  { readonly name: {{ phase.name }}; readonly title: {{ phase.title }}; readonly meta: {% if let Some(meta) = phase.meta_type %}{{ meta }}{% else %}Meta{% endif %} },
{%- endfor %}
];
/** The states in the order of the table. */
export declare const stateList: readonly State[];
/** The states by their values. */
export declare const states: {
{%- for state in of.states %}
  readonly {{ state.value }}: State & { readonly name: {{ state.name }}; readonly value: {{ state.value }}; readonly phase: {{ state.phase }}; readonly outcome: {{ state.outcome }}{% if let Some(meta) = state.meta_type %}; readonly meta: {{ meta }}{% endif %} };
{%- endfor %}
};
/** The values that each value may become, in the order of the table. */
export declare const transitions: {
{%- for state in of.states %}
  readonly {{ state.value }}: readonly [{{ state.next }}];
{%- endfor %}
};
/** The values that a value may become. */
export type Next<From extends Status> = (typeof transitions)[From][number];

/** Whether the step is a legal transition. Values that the table lacks have none. */
export declare function canBecome(from: string, to: string): boolean;
/**
 * What the stepper shows: a function of the accepted history of values and the `attempted` of its
 * last report, and nothing else. Values that the table lacks are passed over.
 */
export declare function phasesOf(
  history: Iterable<string>,
  attempted?: string | null,
): { name: Phase; view: View }[];

