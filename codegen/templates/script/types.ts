/** What is stored, sent and received. */
export type Status = {{ of.values }};
/** The name of a phase. */
export type Phase = {{ of.phase_names }};
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
