{{ header }}

/** What a status map has to offer: the generated module is one. */
export interface StatusMap {
  readonly machine: string;
  readonly title: string;
  readonly fingerprints: { readonly language: string; readonly table: string };
  readonly phases: readonly { readonly name: string; readonly title: string }[];
  readonly states: object;
  phasesOf(history: Iterable<string>, attempted?: string | null): { name: string; view: string }[];
}

/** A transition, as the backend records it. Times are RFC 3339 in UTC. */
export interface StepperEvent {
  seq: number;
  from: string | null;
  to: string;
  at: string;
  job?: string | null;
  run_id?: string | null;
  run_attempt?: number | null;
  run_url?: string | null;
  actor?: string | null;
  /** How it was known who it was: `row-token`, for one. */
  authenticated_by?: string;
  attempted?: string | null;
  /** The reason that was given for a forced step. */
  forced?: string | null;
  /** What an observing guard would have refused it as. */
  observed?: string | null;
}

/** A row as the backend answers it: `GET /api/ROWS/{id}`. */
export interface Snapshot {
  id: string;
  status: string;
  seq: number;
  title?: string;
  terminal?: boolean;
  outcome?: string | null;
  known?: boolean;
  table?: string;
  phases?: { name: string; title: string; view: string; note?: string }[];
  events?: StepperEvent[];
  last_report_at?: string | null;
  overdue_since?: string | null;
  run_url?: string | null;
  log_tail?: string | null;
}

/** What a row or a step looks like. */
export type Look = "failed" | "cancelled" | "skipped" | "active" | "between" | "done" | "unconfirmed" | "upcoming" | "forced" | "neutral";

/** What is shown of a phase. */
export interface Step {
  name: string;
  title: string;
  view: Look;
  /** The view in words. */
  label: string;
  /** Whether the row is in this phase. */
  current: boolean;
  /** The title of the state, where it is the current one. */
  detail: string;
  /** When its first report came, while it is in progress. */
  began: string | null;
  /** From its first report to the one that ended it, in milliseconds; null where either is missing. */
  took: number | null;
}

/** All that is shown of a snapshot. */
export interface StepperView {
  status: { known: boolean; title: string; view: Look; state: { title: string; outcome: string | null; ended: boolean } };
  steps: Step[];
  /** Sentences about an end; empty before it. */
  summary: string;
}

/** Every text, with its blanks in braces. */
export interface Strings {
{%- for name in strings %}
  readonly {{ name }}: string;
{%- endfor %}
}

export declare const STRINGS: Strings;
/** A text with its blanks filled. */
export declare function fill(text: string, blanks: Record<string, unknown>): string;
/** A time span in milliseconds, in words. */
export declare function duration(ms: number, strings?: Strings): string;
/** A moment in the reader's own time zone. */
export declare function clock(at: string | number): string;
/** A moment in UTC. */
export declare function utc(at: string | number): string;
/** What the status of a row is called and looks like. */
export declare function statusOf(map: StatusMap, row: Partial<Snapshot> & { status: string }, strings?: Strings): StepperView["status"];
/** All that is shown of a snapshot: a pure function of the two. */
export declare function viewOf(map: StatusMap, snapshot: Snapshot, strings?: Strings): StepperView;
/** What a backend's phase looks like, and the words for it. */
export declare function labelOf(phase: { view: string; note?: string }, known?: boolean, strings?: Strings): { view: Look; label: string };
/** What has changed between two views, in words. */
export declare function changesOf(before: StepperView | null, after: StepperView): string;
/** The snapshot after an event; null where one before it is missing. */
export declare function next(snapshot: Snapshot, event: StepperEvent): Snapshot | null;
/** The icon of a view. */
export declare function icon(view: Look): SVGSVGElement;

/** What becomes of an event stream. */
export interface Line {
  kind: "opening" | "live" | "lost" | "silent" | "refused" | "garbled" | "gone";
  words: string;
}
/** Follows an event stream while the page is seen. */
export declare function follow(
  path: string,
  on: Record<string, (data: any) => void>,
  told: (line: Line) => void,
  strings?: Strings,
): { close(): void };

/** What was drawn: the event that led to it, where one did. */
export interface Change {
  snapshot: Snapshot;
  view: StepperView;
  event: StepperEvent | null;
}

/** What the element takes in JSX, for `JSX.IntrinsicElements`; the listeners by React's names. */
export interface StepperAttributes {
  events?: string | null;
  machine?: StatusMap | string | null;
  snapshot?: Snapshot | string | null;
  strings?: Partial<Strings>;
  vertical?: boolean;
  compact?: boolean;
  "onphasegate-change"?: (event: CustomEvent<Change>) => void;
  "onphasegate-line"?: (event: CustomEvent<Line>) => void;
}

/** `<phasegate-stepper>`. */
export declare class PhasegateStepper extends HTMLElement {
  /** Loads the status map where no other is named. */
  static own: (() => Promise<StatusMap>) | null;
  /** The address of the row's event stream. */
  events: string | null;
  /** The steps stand one below the other. */
  vertical: boolean;
  /** Small badges, without details and times. */
  compact: boolean;
  /** The status map, or its address. */
  get machine(): StatusMap | null;
  set machine(map: StatusMap | string | null);
  /** What is shown; set as an object, or as its JSON. */
  get snapshot(): Snapshot | null;
  set snapshot(snapshot: Snapshot | string | null);
  /** The texts; set those that differ. */
  get strings(): Strings;
  set strings(strings: Partial<Strings>);
  /** What is drawn. */
  readonly view: StepperView | null;
  /** Fetches the whole snapshot anew, at most once a second. */
  refresh(): void;
  addEventListener(type: "phasegate-change", listener: (event: CustomEvent<Change>) => void): void;
  addEventListener(type: "phasegate-line", listener: (event: CustomEvent<Line>) => void): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "phasegate-stepper": PhasegateStepper;
  }
}
