{{ header }}

/** What is stored, sent and received. */
export type Status = {{ values }};
/** The name of a phase. */
export type Phase = {{ phase_names }};
/** What kind of end a state is. */
export type Outcome = "success" | "failure" | "cancelled" | "neutral";
/** What the stepper shows for a phase. */
export type View = "failed" | "cancelled" | "skipped" | "active" | "done" | "unconfirmed" | "upcoming";

/** Strings that are passed through from the table. */
export type Meta = Readonly<Record<string, string>>;

/** One state of the table. */
export interface State {
  /** Its name in code. */
  readonly name: string;
  /** What is stored, sent and received. */
  readonly value: Status;
  /** What people read. */
  readonly title: string;
  /** The phase that it belongs to. */
  readonly phase: Phase | null;
  /** Whether reaching it is the report that its phase is done. */
  readonly completes: boolean;
  /** Whether its report may be lost, refused or passed over. */
  readonly optional: boolean;
  /** The kind of end that it is. */
  readonly outcome: Outcome | null;
  /** Whether this end can be left again. */
  readonly reopens: boolean;
  /** Whether nothing enters it any more. */
  readonly retired: boolean;
  /** Whether a row may start in it. */
  readonly initial: boolean;
  /** Whether no transition to another state leaves it. */
  readonly terminal: boolean;
  /** Whether it is terminal, or has an outcome. */
  readonly ended: boolean;
  /** Passed through from the table. */
  readonly meta: Meta;
}

export declare const machine: {{ name }};
export declare const title: {{ title }};
export declare const meta: {% if let Some(meta) = meta %}{{ meta }}{% else %}Meta{% endif %};
export declare const fingerprints: { readonly language: {{ language }}; readonly table: {{ table }} };
/** The values that a row may start in, the default first. */
export declare const initial: readonly [{{ initial }}];
/** The phases in the order of the stepper. */
export declare const phases: readonly [
{%- for phase in phases %}
  { readonly name: {{ phase.name }}; readonly title: {{ phase.title }}; readonly meta: {% if let Some(meta) = phase.meta_type %}{{ meta }}{% else %}Meta{% endif %} },
{%- endfor %}
];
/** The states in the order of the table. */
export declare const stateList: readonly State[];
/** The states by their values. */
export declare const states: {
{%- for state in states %}
  readonly {{ state.value }}: State & { readonly name: {{ state.name }}; readonly value: {{ state.value }}; readonly phase: {{ state.phase }}; readonly outcome: {{ state.outcome }}{% if let Some(meta) = state.meta_type %}; readonly meta: {{ meta }}{% endif %} };
{%- endfor %}
};
/** The values that each value may become, in the order of the table. */
export declare const transitions: {
{%- for state in states %}
  readonly {{ state.value }}: readonly [{{ state.next }}];
{%- endfor %}
};
/** The values that a value may become. */
export type Next<From extends Status> = (typeof transitions)[From][number];

/** Whether the step is a legal transition. Values that the table lacks have none. */
export declare function canBecome(from: string, to: string): boolean;
/**
 * What the stepper shows: a function of the accepted history of values and the `attempted` of its
 * last report alone. Values that the table lacks are passed over.
 */
export declare function phasesOf(
  history: Iterable<string>,
  attempted?: string | null,
): { name: Phase; view: View }[];

