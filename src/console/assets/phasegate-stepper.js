// Made of phasegate's templates; a test holds it.
// The element <phasegate-stepper>, and what it is made of. No dependencies.

/**
 * Every text of the stepper. `{name}` is a blank. Give others to `strings` of an element, or to the
 * functions below; what is left out stays as it is here.
 */
export const STRINGS = Object.freeze({
  steps: "Steps",
  failed: "failed",
  cancelled: "cancelled",
  active: "in progress",
  done: "done",
  unconfirmed: "not reported",
  upcoming: "upcoming",
  notNeeded: "not needed",
  notReached: "not reached",
  outcomeNotReported: "outcome not reported",
  forcedPast: "forced past, not reported",
  observedPast: "passed over against the table, not reported",
  lastKnown: "in progress when last known",
  forced: "{label} (forced, not reported)",
  afterForced: "{title} (after a forced step)",
  forcedInto: "{title} (forced by an operator, not reported)",
  unknown: "Unknown state {status} (the backend is newer than this page)",
  unknownToAll: "Unknown state {status} (newer than the backend and this page)",
  olderPage: "This page is older than what wrote this state. The steps are as they were last known.",
  endedIn: "{title} in {phase}.",
  ended: "{title}.",
  forcedBecause: "An operator forced it: {reason}.",
  listed: "{label}: {phases}.",
  took: "took {duration}",
  since: "since {time}",
  loading: "Loading…",
  noMap: "The steps cannot be shown: the page's list of states did not load. Reload the page.",
  connectedAgain: "Connected again.",
  unreachable: "The backend cannot be reached since {time}. {shown}",
  lost: "Connection lost at {time}. {shown}",
  noAnswer: "No answer since {time}. {shown}",
  silent: "Nothing heard since {time}. {shown}",
  refused: "{problem} {shown}",
  garbled: "What came is no JSON (event {event}). {shown}",
  noStream: "The answer is no event stream ({kind}): something in between may have answered.",
  answered: "The answer was {status}.",
  noJson: "The answer was {status}, and what came is no JSON ({kind}): something in between may have answered.",
  gone: "This {noun} is gone: it was deleted. It was looked for in vain at {time}. What is shown is the last that was heard.",
  missing: "There is no {noun} with this id.",
  shownIsLast: "What is shown is the last that was heard; trying again.",
  tryingAgain: "Trying again.",
  seconds: "{s} s",
  minutes: "{min} min {s} s",
  hours: "{h} h {min} min",
  days: "{d} d {h} h",
});

/** A text with its blanks filled. */
export const fill = (text, blanks) => text.replace(/\{(\w+)\}/g, (blank, name) => String(blanks[name] ?? blank));

/** A time span in milliseconds, in words. */
export function duration(ms, strings = STRINGS) {
  const all = Math.max(0, Math.round(ms / 1000));
  const [s, min, h, d] = [all % 60, Math.floor(all / 60) % 60, Math.floor(all / 3600) % 24, Math.floor(all / 86400)];
  const text = d > 0 ? strings.days : all >= 3600 ? strings.hours : all >= 60 ? strings.minutes : strings.seconds;
  return fill(text, { s, min, h, d });
}

const isToday = (date) => date.toDateString() === new Date().toDateString();
const two = (number) => String(number).padStart(2, "0");
const time = (h, min, s) => `${two(h)}:${two(min)}:${two(s)}`;

/** A moment in the reader's own time zone, to the second; with the day where it is not today. */
export function clock(at) {
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} `;
  return `${isToday(date) ? "" : day}${time(date.getHours(), date.getMinutes(), date.getSeconds())}`;
}

/** The same moment in UTC. */
export const utc = (at) => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
// What is shown of one row: pure functions of the status map and a snapshot. Nothing here knows the
// time, the network or the document, and no state is ever inferred.

/** What an outcome looks like where a whole row is shown. */
const OUTCOME_VIEWS = { success: "done", failure: "failed", cancelled: "cancelled", neutral: "neutral" };

const stateOf = (map, value) => (typeof value === "string" ? map.states[value] : undefined);
const endsBadly = ({ outcome }) => outcome === "failure" || outcome === "cancelled";

/**
 * What the status of a row is called and looks like: of a snapshot, or of what a list has of one. Of a
 * state that the map lacks the backend's word is taken; it may be that no one knows it.
 */
export function statusOf(map, row, strings = STRINGS) {
  const known = stateOf(map, row.status);
  const unknown = fill(row.known === false ? strings.unknownToAll : strings.unknown, row);
  const state = known ?? { title: row.known ? row.title : unknown, outcome: row.outcome ?? null, ended: Boolean(row.terminal || row.outcome), initial: false };
  const forcedAt = row.events ? row.events.findLast(({ forced }) => forced)?.seq : row.forced_seq;
  const isForced = forcedAt != null && forcedAt === row.seq;
  const note = isForced ? strings.forcedInto : forcedAt != null ? strings.afterForced : "{title}";
  return { known: known !== undefined, state, title: fill(note, state), view: viewOfStatus(state, known || row.known, isForced, forcedAt != null) };
}

/** Between two phases nothing runs that was reported: that is not in progress, and no end either. */
function viewOfStatus(state, isKnown, isForced, hasForced) {
  if (!isKnown) return "unconfirmed";
  if (isForced || (hasForced && state.ended && !endsBadly(state))) return "forced";
  if (state.outcome) return OUTCOME_VIEWS[state.outcome];
  if (state.ended) return "neutral";
  if (state.completes) return "between";
  return state.initial ? "upcoming" : "active";
}

/** All that is shown of a snapshot. */
export function viewOf(map, snapshot, strings = STRINGS) {
  const events = snapshot.events ?? [];
  const status = statusOf(map, snapshot, strings);
  const evidence = evidenceOf(map, events, strings);
  const known = () => map.phasesOf(events.map((event) => event.to), events.at(-1)?.attempted);
  const ofMap = () => known().map((phase, at) => ({ ...map.phases[at], ...phase }));
  const views = status.known ? ofMap() : snapshot.phases ?? ofMap();
  const steps = views.map((phase, at) => stepOf(phase, evidence.get(phase.name), status, skippedLabel(views, at, status.state, strings), strings));
  return { status, steps, summary: summaryOf(steps, status, events.at(-1), strings) };
}

/**
 * What is shown of a phase. A state that the map lacks moves none: each stays as it was last known.
 * `began` and `took` are recorded times only: of a phase whose start was not reported there is none.
 */
function stepOf({ name, title, view }, { reported, past, began, ended } = {}, status, skipped, strings) {
  const step = { name, title, view, label: view === "skipped" ? skipped : strings[view], current: false, detail: "", began: null, took: null };
  if (view === "unconfirmed" && reported) step.label = strings.outcomeNotReported;
  if (view === "active" && status.known) Object.assign(step, { current: true, detail: status.state.title });
  else if (view === "active") step.label = strings.lastKnown;
  if (past && ["active", "failed", "cancelled"].includes(view)) step.label = fill(strings.forced, { label: step.label });
  else if (past) Object.assign(step, { view: "forced", label: past });
  if (step.view === "active") step.began = began ?? null;
  else if (["done", "failed", "cancelled"].includes(step.view) && began && ended) step.took = Date.parse(ended) - Date.parse(began);
  return step;
}

/**
 * Of each phase by its name: whether a report of it counts, the times of its first and last event,
 * and the words for it where a forced step entered it, left it uncompleted or passed it over, and no
 * report of it came since. A row that goes back starts over from there.
 */
function evidenceOf(map, events, strings) {
  const place = new Map(map.phases.map(({ name }, at) => [name, at]));
  const phases = map.phases.map(() => ({}));
  const forget = (from) => phases.fill(null, from).forEach((phase, at) => (phases[at] ??= {}));
  let last = -1;
  let before = -1;
  let wasBad = false;
  for (const event of events) {
    const state = stateOf(map, event.to);
    if (!state) continue;
    const own = place.get(state.phase) ?? -1;
    const isBack = own !== -1 && own < last;
    // What was running ends with the report of the next phase or of an end, unless its own came.
    if (own !== before && before !== -1 && !phases[before].completed && !event.forced) phases[before].ended = event.at;
    if (state.initial) forget(0);
    else if (isBack) forget(own);
    if (event.forced || event.observed) {
      // Out of a bad end: what ended badly was not done by that.
      const from = isBack || state.initial ? own : before !== -1 ? before : last !== -1 && wasBad ? last : last + 1;
      const to = own !== -1 ? own : state.ended && !endsBadly(state) ? phases.length - 1 : last;
      for (let at = Math.max(from, 0); at <= to; at += 1) {
        if (event.forced && !phases[at].completed) phases[at].past = strings.forcedPast;
        const endedHere = wasBad && at === last && !phases[at].completed;
        if (event.observed && at !== own && (!phases[at].reported || endedHere)) phases[at].past = strings.observedPast;
      }
    }
    if (own !== -1 && !event.forced) {
      const { began, completed } = phases[own];
      const starts = began ?? (state.completes ? undefined : event.at);
      phases[own] = { reported: true, completed: completed || state.completes, began: starts, ended: state.completes ? event.at : phases[own].ended };
    }
    if (own !== -1 || state.initial) last = own;
    before = own;
    wasBad = endsBadly(state);
  }
  return new Map(map.phases.map(({ name }, at) => [name, phases[at]]));
}

/** What a backend's phase looks like, and the words for it: the same as of a step, for a list that has no events. */
export function labelOf({ view, note }, known, strings = STRINGS) {
  const skipped = note === "not-needed" ? strings.notNeeded : strings.notReached;
  const open = note === "outcome-not-reported" ? strings.outcomeNotReported : strings[view];
  const label = view === "skipped" ? skipped : view === "active" && known === false ? strings.lastKnown : open;
  if (note !== "forced" && note !== "observed") return { view, label };
  if (["active", "failed", "cancelled"].includes(view)) return { view, label: fill(strings.forced, { label }) };
  return { view: "forced", label: note === "forced" ? strings.forcedPast : strings.observedPast };
}

/** A phase without a report was not needed where the row came past it; else it was not reached. */
function skippedLabel(phases, at, state, strings) {
  const passed = phases.slice(at + 1).some(({ view }) => view !== "skipped" && view !== "unconfirmed" && view !== "upcoming");
  return passed || (state.ended && !endsBadly(state)) ? strings.notNeeded : strings.notReached;
}

/** After an end: the phase that it ended in, what was not reached, and what no one reported. */
function summaryOf(steps, { state, title }, last, strings) {
  if (!state.ended) return "";
  const ending = steps.find(({ view }) => view === "failed" || view === "cancelled");
  const sentences = [fill(ending ? strings.endedIn : strings.ended, { title, phase: ending?.title })];
  if (last?.forced) sentences.push(fill(strings.forcedBecause, { reason: last.forced }));
  for (const label of [strings.notReached, strings.unconfirmed, strings.outcomeNotReported, strings.forcedPast, strings.observedPast, strings.notNeeded]) {
    const found = steps.filter((step) => step.label === label).map((step) => step.title);
    if (found.length > 0) sentences.push(fill(strings.listed, { label: capital(label), phases: found.join(", ") }));
  }
  return sentences.length > 1 || ending ? sentences.join(" ") : "";
}

const capital = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;

/** What has changed between two views, in words, for those who don't see it. */
export function changesOf(before, after) {
  const words = [];
  if (before?.status.title !== after.status.title) words.push(`${after.status.title}.`);
  for (const step of after.steps) {
    const was = before?.steps.find(({ name }) => name === step.name);
    if (was?.label !== step.label) words.push(`${step.title}: ${step.label}.`);
  }
  return words.join(" ");
}

/**
 * The snapshot after an event of the stream: the same where the event was seen already, nothing
 * where one before it is missing and the whole has to be fetched again. What the backend says of a
 * status is not known of the new one; its phases stay as they were last known.
 */
export function next(snapshot, event) {
  if (event.seq <= snapshot.seq) return snapshot;
  if (event.seq !== snapshot.seq + 1) return null;
  const { title, terminal, outcome, known, overdue_since, ...kept } = snapshot;
  return {
    ...kept,
    status: event.to,
    seq: event.seq,
    // What an operator forced was reported by no one.
    last_report_at: event.forced ? kept.last_report_at : event.at,
    events: [...(snapshot.events ?? []), event],
  };
}
// A line to the backend: an event stream that says when it was last heard, and is opened again where
// it breaks or falls silent. Time decides only about the line, never about a row.

const RETRY_FIRST = 1_000;
const RETRY_LAST = 30_000;
/** How long an answer is waited for, in milliseconds. */
const LIMIT = 10_000;
/** How far heartbeats are apart, until the first of them says so, in milliseconds. */
const BEAT = 5_000;
/** So many heartbeats missed are a silence. */
const MISSED = 3;

/** Text as data; nothing where it is no JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why there is no stream, as the backend puts it: `{status, words}`; the status where it said so itself. */
async function reasonOf(path, strings) {
  const stop = new AbortController();
  const limit = setTimeout(() => stop.abort(), LIMIT);
  try {
    const response = await fetch(path, { headers: { accept: "text/event-stream, application/problem+json" }, signal: stop.signal });
    const { status } = response;
    const kind = response.headers.get("content-type")?.split(";")[0] ?? "?";
    if (response.ok) return { status, words: fill(strings.noStream, { kind }) };
    const problem = parsed(await response.text());
    if (!problem) return { words: fill(strings.noJson, { status, kind }) };
    return { status, words: problem.detail ?? problem.title ?? fill(strings.answered, { status }) };
  } catch {
    return { words: "" };
  } finally {
    clearTimeout(limit);
    stop.abort();
  }
}

/**
 * Follows the stream at `path` while the page is seen. `on` has a function for each event's data, by
 * the event's name. `told` hears what becomes of the line: its `kind` is `opening`, `live`, `lost`,
 * `silent`, `refused`, `garbled` or `gone`, and the `words` for that are empty where all is well.
 */
export function follow(path, on, told, strings = STRINGS) {
  let events = null;
  let timer = null;
  let closed = false;
  let kind = null;
  let heard = null;
  let opened;
  let beat = BEAT;
  let retry = RETRY_FIRST;

  function tell(next, text = "", blanks = {}) {
    if (kind === next && next !== "refused") return;
    kind = next;
    const shown = heard === null ? strings.tryingAgain : strings.shownIsLast;
    told({ kind, words: fill(text, { shown, ...blanks }) });
  }

  function hear() {
    heard = Date.now();
    retry = RETRY_FIRST;
    tell("live");
  }

  function open() {
    timer = null;
    opened = Date.now();
    events = new EventSource(path);
    events.addEventListener("open", hear);
    events.addEventListener("error", lose);
    // What has ended is shown as it is: nothing more will come of it.
    const all = { ...on, heartbeat: (said) => (beat = said.every_ms || beat), end: close };
    for (const [name, take] of Object.entries(all)) {
      events.addEventListener(name, ({ data }) => {
        const said = parsed(data);
        hear();
        if (said === undefined) tell("garbled", strings.garbled, { event: name });
        else take(said);
      });
    }
  }

  /** The browser comes back by itself after a break; after a refusal it has to be asked to. */
  function lose() {
    if (events.readyState === EventSource.CLOSED) ask(events);
    else if (kind !== "silent" && kind !== "garbled") {
      tell("lost", heard === null ? strings.unreachable : strings.lost, { time: clock(Date.now()) });
    }
  }

  async function ask(refused) {
    const { status, words } = await reasonOf(path, strings);
    if (closed || events !== refused) return;
    if (status === 404) {
      close();
      tell("gone", heard === null ? strings.missing : strings.gone, { time: clock(Date.now()), noun: "{noun}" });
      return;
    }
    tell("refused", strings.refused, { problem: words });
    timer = setTimeout(open, retry);
    retry = Math.min(retry * 2, RETRY_LAST);
  }

  /** A connection that only hangs breaks for no browser: it shows by what is not heard. */
  function look() {
    const isQuiet = Date.now() - Math.max(heard ?? 0, opened) > MISSED * beat;
    if (!isQuiet || timer !== null || document.hidden || events.readyState === EventSource.CLOSED) return;
    if (kind !== "lost") tell("silent", heard === null ? strings.noAnswer : strings.silent, { time: clock(heard ?? opened) });
    events.close();
    open();
  }

  /** A browser has few connections for all its pages: what no one sees takes none. */
  function seen() {
    clearTimeout(timer);
    events.close();
    if (!document.hidden) open();
  }

  function close() {
    closed = true;
    clearTimeout(timer);
    clearInterval(watch);
    document.removeEventListener("visibilitychange", seen);
    events.close();
  }

  tell("opening");
  open();
  const watch = setInterval(look, 500);
  document.addEventListener("visibilitychange", seen);
  return { close };
}
// The element. It shows what it is given: a snapshot, or what the stream at `events` says.

/** The icon of each view, in a square of 16. Its meaning stands next to it as text. */
const ICONS = Object.freeze({
  done: "m3.5 8.5 3 3 6-7",
  failed: "m4.25 4.25 7.5 7.5m0-7.5-7.5 7.5",
  cancelled: "M5 5h6v6H5z",
  skipped: "M4.5 8h7",
  active: "M8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4",
  between: "M4 8h.01M8 8h.01M12 8h.01",
  unconfirmed: "M5.9 6.1c.1-1.2 1-2 2.2-2s2.1.8 2.1 1.9c0 1.6-2.1 1.6-2.1 3.3m0 2.4v.2",
  upcoming: "",
  forced: "m3.75 4.25 4 3.75-4 3.75m4.5-7.5 4 3.75-4 3.75",
  neutral: "M4.5 6.5h7m-7 3h7",
});

/** The icon of a view, as an SVG element. */
export function icon(view) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", "data-icon": view })) svg.setAttribute(name, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[view] ?? ICONS.neutral);
  svg.append(path);
  return svg;
}

const CSS = `/* Names that begin with an underscore are its own: a page may have any others. It is dark where the page is. */
:host {
  display: block; container-type: inline-size; color: var(--phasegate-ink, CanvasText); font: inherit; overflow-wrap: anywhere;
  --_quiet: var(--phasegate-quiet, light-dark(#5a6371, #a3adbb)); --_sunken: var(--phasegate-sunken, light-dark(#f1f3f6, #11151b));
  --_line: var(--phasegate-line, light-dark(#dfe3e9, #2a313c)); --_surface: var(--phasegate-surface, light-dark(#fff, #151920));
  --_active: var(--phasegate-active, light-dark(#2450c8, #8fb0ff)); --_active-wash: var(--phasegate-active-wash, light-dark(#e9eefc, #1a2545));
  --_done: var(--phasegate-done, light-dark(#12704a, #5fcb97)); --_done-wash: var(--phasegate-done-wash, light-dark(#e4f4ec, #12301f));
  --_failed: var(--phasegate-failed, light-dark(#b3202f, #ff8b92)); --_failed-wash: var(--phasegate-failed-wash, light-dark(#fcebec, #3a181c));
  --_warn: var(--phasegate-warn, light-dark(#7d5300, #e9bd5b)); --_warn-wash: var(--phasegate-warn-wash, light-dark(#fdf3dc, #33270d));
}
:host([hidden]), [hidden], p:empty { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
p, ol { margin: 0; padding: 0; }
ol { list-style: none; }
.hidden-text, .hidden-text:empty { display: block !important; position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { width: 1rem; height: 1rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.icon[data-icon="active"] { fill: currentColor; stroke-width: 2.5; }
.icon[data-icon="between"] { stroke-width: 2.25; }

[data-view] { --_tone: var(--_quiet); --_wash: var(--_sunken); }
[data-view="done"] { --_tone: var(--_done); --_wash: var(--_done-wash); }
[data-view="active"], [data-view="between"] { --_tone: var(--_active); --_wash: var(--_active-wash); }
[data-view="failed"] { --_tone: var(--_failed); --_wash: var(--_failed-wash); }
[data-view="unconfirmed"], [data-view="forced"] { --_tone: var(--_warn); --_wash: var(--_warn-wash); }

[part~="line"], [part~="older"], [part~="summary"] { padding: 0.625rem 0.875rem; border-radius: 0.5rem; background: var(--_sunken); margin-block-end: 1rem; font-size: 0.9375em; }
[part~="line"][data-lost], [part~="older"] { background: var(--_warn-wash); color: var(--_warn); }
[part~="alert"] { background: var(--_failed-wash); color: var(--_failed); }
[part~="status"] { display: flex; align-items: center; gap: 0.625rem; font-size: 1.125em; font-weight: 600; color: var(--_tone); min-height: 1.6em; }
[part~="status"] .icon { width: 1.25rem; height: 1.25rem; }

/* Each step stands for itself; the rule after it is its own. */
[part~="steps"] { display: flex; margin-block: 1.25rem; }
[part~="step"] { position: relative; flex: 1 1 0; min-width: 0; display: grid; gap: 0.625rem; align-content: start; padding-inline-end: 0.75rem; }
[part~="badge"] { position: relative; z-index: 0; display: grid; place-items: center; flex: none; width: 2rem; height: 2rem; border-radius: 50%; border: 1.5px solid var(--_tone); background: var(--_wash); color: var(--_tone); }
[part~="badge"] .icon { width: 1.125rem; height: 1.125rem; }
[data-view="unconfirmed"] > [part~="badge"] { border-style: dashed; }
:is([data-view="skipped"], [data-view="upcoming"]) > [part~="badge"] { background: transparent; }
[data-view="done"] > [part~="badge"] { background: var(--_done); border-color: var(--_done); color: var(--_surface); }
[data-view="failed"] > [part~="badge"] { background: var(--_failed); border-color: var(--_failed); color: var(--_surface); }
[part~="step"]:not(:last-child)::after { content: ""; position: absolute; inset-block-start: calc(1rem - 1px); inset-inline: 2.5rem 0.5rem; border-block-start: 2px solid var(--_line); }
[part~="step"][data-view="done"]::after { border-color: var(--_done); }
[part~="step"]:is([data-view="unconfirmed"], [data-view="forced"])::after { --_rule: dotted; border-block-start-style: dotted; border-color: var(--_warn); }
[part~="text"] { display: grid; line-height: 1.35; }
[part~="title"] { font-weight: 600; }
[part~="view"] { color: var(--_tone); font-size: 0.9375em; }
/* What comes later has its place from the start. */
[part~="detail"], [part~="time"] { color: var(--_quiet); font-size: 0.875em; min-height: 1lh; font-variant-numeric: tabular-nums; }
:is([data-view="upcoming"], [data-view="skipped"]) [part~="title"] { color: var(--_quiet); }
[aria-current="step"] [part~="badge"] { box-shadow: 0 0 0 0.25rem var(--_active-wash); }
:host([data-stale]) :is([part~="badge"], [part~="status"] .icon) { opacity: 0.45; filter: grayscale(1); }

/* Compact: only the badges and their names. */
:host([compact]) [part~="steps"] { margin-block: 0.5rem; }
:host([compact]) [part~="step"] { grid-template-columns: auto minmax(0, 1fr); align-items: center; gap: 0.375rem; }
:host([compact]) [part~="badge"] { width: 1.25rem; height: 1.25rem; }
:host([compact]) [part~="badge"] .icon { width: 0.8125rem; height: 0.8125rem; }
:host([compact]) [part~="step"]::after { display: none; }
:host([compact]) :is([part~="detail"], [part~="time"]) { display: none; }

/* One below the other: where it was asked for, where there are many, where there is little room. */
.stacked { flex-direction: column; }
.stacked [part~="step"] { flex: none; grid-template-columns: auto minmax(0, 1fr); gap: 0.875rem; padding-block-end: 1rem; min-height: 4.75rem; }
.stacked [part~="text"] { grid-template-columns: auto minmax(0, 1fr); column-gap: 0.5rem; align-content: start; }
.stacked :is([part~="title"], [part~="view"]) { grid-column: 1 / -1; }
.stacked [part~="step"]:not(:last-child)::after { inset-block: 2.375rem 0.375rem; inset-inline: calc(1rem - 1px) auto; border-block-start: 0; border-inline-start-width: 2px; border-inline-start-style: var(--_rule, solid); }
@container (max-width: 30rem) {
  [part~="steps"] { flex-direction: column; }
  [part~="step"] { flex: none; grid-template-columns: auto minmax(0, 1fr); gap: 0.875rem; padding-block-end: 1rem; min-height: 4.75rem; }
  [part~="text"] { grid-template-columns: auto minmax(0, 1fr); column-gap: 0.5rem; align-content: start; }
  :is([part~="title"], [part~="view"]) { grid-column: 1 / -1; }
  [part~="step"]:not(:last-child)::after { inset-block: 2.375rem 0.375rem; inset-inline: calc(1rem - 1px) auto; border-block-start: 0; border-inline-start-width: 2px; border-inline-start-style: var(--_rule, solid); }
}
@media (prefers-reduced-motion: no-preference) {
  [part~="badge"] { transition: background-color 0.25s, border-color 0.25s, color 0.25s; }
  :host(:not([data-stale])) [aria-current="step"] [part~="badge"]::before { content: ""; position: absolute; inset: -1.5px; border-radius: 50%; border: 1.5px solid var(--_active); animation: pulse 2s ease-out infinite; }
}
@keyframes pulse { from { opacity: 0.7; transform: scale(1); } to { opacity: 0; transform: scale(1.5); } }
@media (forced-colors: active) {
  [aria-current="step"] [part~="badge"] { outline: 2px solid Highlight; outline-offset: 2px; }
}
@media print {
  [part~="badge"] { print-color-adjust: exact; }
}`;

/** Announcements are at least so far apart, in milliseconds: a reader speaks no faster. */
const PAUSE = 1_000;
/** How long "connected again" is shown, in milliseconds. */
const BRIEF = 5_000;

/** More steps than these stand one below the other. */
const MOST_IN_A_ROW = 6;

/** An element with a part's name. */
function part(name, names, attributes = {}, ...children) {
  const made = document.createElement(name);
  if (names) made.setAttribute("part", names);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Text only where it differs, so that nothing is announced or repainted for its own sake. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A page without a document renders none; the element comes to life in the browser. */
const Base = globalThis.HTMLElement ?? class {};

/**
 * `<phasegate-stepper>`. Attributes: `events` (the address of a row's event stream), `machine` (the
 * address of a status map, where it is not this table's), `snapshot` (JSON), `vertical`, `compact`.
 * Properties: each of those, and `strings`; `view` to read. It fires `phasegate-change` with
 * `{snapshot, view, event}` after each drawing, and `phasegate-line` with `{kind, words}`.
 */
export class PhasegateStepper extends Base {
  static observedAttributes = ["events", "machine", "snapshot", "vertical"];
  /** Loads the status map where no other is named. */
  static own = null;

  #map = null;
  #snapshot = null;
  #view = null;
  /** The map and the snapshot that the view is of. */
  #drawn = null;
  /** One object for good: the line reads its words from it, too. */
  #strings = { ...STRINGS };
  #line = null;
  #kind = null;
  #frame = null;
  #event = null;
  #said = "";
  #spoken = null;
  #pause = null;
  #brief = null;
  #refreshing = null;
  #at = null;
  #parts = null;
  /** Whether the status map could not be loaded. */
  #isWithout = false;

  /** The address of a row's event stream: the attribute. So are `vertical` and `compact`. */
  get events() {
    return this.getAttribute("events");
  }
  set events(path) {
    this.#reflect("events", path ?? null);
  }
  get vertical() {
    return this.hasAttribute("vertical");
  }
  set vertical(is) {
    this.#reflect("vertical", is ? "" : null);
  }
  get compact() {
    return this.hasAttribute("compact");
  }
  set compact(is) {
    this.#reflect("compact", is ? "" : null);
  }

  #reflect(name, value) {
    if (value === null) this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  /** The status map: the generated module. Frameworks set properties for attributes: a text is its address. */
  get machine() {
    return this.#map;
  }
  set machine(map) {
    if (typeof map === "string") {
      this.#reflect("machine", map);
      return;
    }
    this.#map = map;
    this.#isWithout = false;
    this.#later();
  }

  /** What is shown: a snapshot as the backend answers it. */
  get snapshot() {
    return this.#snapshot;
  }
  set snapshot(given) {
    const snapshot = typeof given === "string" ? (parsed(given) ?? null) : given;
    if (snapshot?.id !== this.#snapshot?.id) this.#spoken = this.#view = null;
    this.#snapshot = snapshot;
    this.#event = null;
    this.#later();
  }

  /** Other texts than `STRINGS`, as many of them as differ. */
  get strings() {
    return this.#strings;
  }
  set strings(strings) {
    const given = { ...strings };
    Object.assign(this.#strings, STRINGS, given);
    // Other words for what was read out are no news.
    if (this.#spoken !== null && this.#spoken === this.#view) this.#spoken = this.#view = viewOf(...this.#drawn, this.#strings);
    this.#later();
  }

  /** What is drawn, as `viewOf` gives it; nothing before there is a map and a snapshot. */
  get view() {
    return this.#view;
  }

  connectedCallback() {
    // What was set before the element was defined hides the properties.
    for (const name of ["events", "machine", "snapshot", "strings", "vertical", "compact"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#build();
    this.#load();
    this.#follow();
    this.#later();
  }

  disconnectedCallback() {
    this.#line?.close();
    this.#line = null;
    for (const timer of [this.#pause, this.#brief, this.#refreshing]) clearTimeout(timer);
    this.#pause = this.#brief = this.#refreshing = null;
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    if (name === "snapshot") this.snapshot = value ?? null;
    // Before it stands in a page and after, nothing is loaded.
    if (this.#parts === null || !this.isConnected) return;
    if (name === "machine") {
      this.#map = null;
      this.#load();
      this.#later();
    }
    if (name === "events") this.#follow();
    if (name === "vertical") this.#later();
  }

  async #load() {
    const address = this.getAttribute("machine");
    if (address === null && this.#map !== null) return;
    const own = this.constructor.own;
    const loading = address !== null ? import(new URL(address, document.baseURI).href) : own?.();
    if (!loading) return;
    try {
      const map = await loading;
      if (this.getAttribute("machine") === address) this.machine = map;
    } catch (problem) {
      if (this.getAttribute("machine") !== address || this.#map !== null) return;
      console.error(problem);
      this.#isWithout = true;
      this.#announce(this.#strings.noMap);
      this.#later();
    }
  }

  #follow() {
    const path = this.getAttribute("events");
    if (path === this.#at && this.#line) return;
    this.#line?.close();
    // What only moved in its page shows on what it has.
    if (this.#at !== null && this.#at !== path) this.snapshot = null;
    this.#line = null;
    this.#at = path;
    this.#kind = null;
    if (path === null) return;
    const on = { snapshot: (snapshot) => this.#take(snapshot, null), transition: (event) => this.#move(event) };
    this.#line = follow(path, on, (line) => this.#say(line), this.#strings);
    this.#later();
  }

  /** A newer snapshot replaces an older one; never the other way round. */
  #take(snapshot, event) {
    if (this.#snapshot && snapshot.seq < this.#snapshot.seq) return;
    this.#snapshot = snapshot;
    this.#event = event;
    this.#later();
  }

  /** An event carries what is shown; a log, or what the backend calls a state, is only in the whole. */
  #move(event) {
    const snapshot = this.#snapshot && next(this.#snapshot, event);
    if (snapshot === this.#snapshot && snapshot !== null) return;
    if (snapshot) this.#take({ ...snapshot, run_url: event.run_url ?? snapshot.run_url }, event);
    const state = this.#map?.states[event.to];
    if (!snapshot || !state || state.ended) this.refresh();
  }

  /** Fetches the whole snapshot, at most once a second. */
  refresh() {
    const path = this.#at;
    if (path === null || this.#refreshing !== null) return;
    const whole = path.replace(/\/events(?=$|\?)/, "");
    if (whole === path) return;
    this.#refreshing = setTimeout(() => (this.#refreshing = null), PAUSE);
    fetch(whole, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(LIMIT) })
      .then((response) => (response.ok ? response.json() : null))
      .then((snapshot) => snapshot && path === this.#at && this.#take(snapshot, this.#event))
      // The line says what is wrong, and a break of it brings the whole snapshot.
      .catch(() => {});
  }

  /** What becomes of the line, in words; what is shown is dimmed while nothing is heard. */
  #say({ kind, words }) {
    const isDown = (one) => !["opening", "live"].includes(one);
    const wasDown = this.#kind !== null && isDown(this.#kind);
    this.#kind = kind;
    clearTimeout(this.#brief);
    const isBack = kind === "live" && wasDown;
    const text = isBack ? this.#strings.connectedAgain : fill(words, { noun: this.#map?.title.toLowerCase() ?? "row" });
    this.toggleAttribute("data-stale", isDown(kind));
    this.#tell(text, isDown(kind));
    if (text !== "") this.#announce(text);
    if (isBack) {
      this.refresh();
      this.#brief = setTimeout(() => this.#tell("", false), BRIEF);
    }
    this.#parts.loading.hidden = this.#snapshot !== null || this.#isWithout || isDown(kind);
    this.dispatchEvent(new CustomEvent("phasegate-line", { detail: { kind, words: text } }));
  }

  #tell(text, isLost) {
    this.#parts.line.toggleAttribute("data-lost", isLost);
    write(this.#parts.line, text);
  }

  /** What has changed since it was last read out, and what becomes of the line: together, now or soon. */
  #announce(text = "") {
    if (text !== "") this.#said = text;
    if (this.#pause !== null) return;
    const speak = () => {
      this.#pause = null;
      const view = this.#view;
      // What the alert says is not said a second time.
      const isAlert = view?.status.state.outcome === "failure";
      const changes = view === null || isAlert ? "" : changesOf(this.#spoken, view);
      this.#spoken = view;
      const words = [this.#said, changes].filter(Boolean).join(" ");
      this.#said = "";
      if (words === "") return;
      write(this.#parts.live, words);
      this.#pause = setTimeout(speak, PAUSE);
    };
    speak();
  }

  /** One drawing a frame, however much came. */
  #later() {
    if (this.#parts === null || this.#frame !== null) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  #build() {
    if (this.#parts !== null) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.#parts = {
      live: part("p", "", { role: "status", class: "hidden-text" }),
      loading: part("p", "loading"),
      status: part("p", "status"),
      steps: part("ol", "steps", { role: "list" }),
      // What comes and goes stands below: it moves no step.
      line: part("p", "line"),
      older: part("p", "older"),
      alert: part("p", "summary alert", { role: "alert" }),
      summary: part("p", "summary"),
    };
    this.#parts.loading.hidden = true;
    root.append(...Object.values(this.#parts));
  }

  #draw() {
    const { status, steps, alert, summary, older, loading } = this.#parts;
    const words = this.#strings;
    write(loading, words.loading);
    loading.hidden = this.#snapshot !== null || this.#isWithout || this.#at === null || this.#kind === null || !["opening", "live"].includes(this.#kind);
    for (const node of [status, steps]) node.hidden = !this.#map || !this.#snapshot;
    if (!this.#map || !this.#snapshot) {
      for (const node of [alert, summary]) write(node, "");
      write(older, this.#isWithout ? words.noMap : "");
      return;
    }
    const view = viewOf(this.#map, this.#snapshot, words);
    steps.hidden = view.steps.length === 0;
    const failed = view.status.state.outcome === "failure";
    const said = failed ? view.summary || `${view.status.title}.` : "";
    this.#view = view;
    this.#drawn = [this.#map, this.#snapshot];
    status.dataset.view = view.status.view;
    if (status.textContent !== view.status.title) status.replaceChildren(icon(view.status.view), part("span", "", {}, view.status.title));
    this.#drawSteps(steps, view.steps);
    write(older, view.status.known ? "" : words.olderPage);
    write(alert, said);
    write(summary, failed ? "" : view.summary);
    this.#announce();
    const detail = { snapshot: this.#snapshot, view, event: this.#event };
    this.dispatchEvent(new CustomEvent("phasegate-change", { detail }));
  }

  #drawSteps(list, steps) {
    list.setAttribute("aria-label", this.#strings.steps);
    list.classList.toggle("stacked", this.hasAttribute("vertical") || steps.length > MOST_IN_A_ROW);
    while (list.children.length > steps.length) list.lastChild.remove();
    while (list.children.length < steps.length) {
      const text = part("span", "text", {}, part("strong", "title"), part("span", "view"), part("span", "detail"), part("span", "time"));
      list.append(part("li", "step", { role: "listitem" }, part("span", "badge"), text));
    }
    for (const [at, step] of steps.entries()) {
      const node = list.children[at];
      const [badge, { children: [title, view, detail, time] }] = node.children;
      if (node.dataset.view !== step.view) badge.replaceChildren(icon(step.view));
      Object.assign(node.dataset, { view: step.view, phase: step.name });
      node.setAttribute("part", `step step-${step.view}`);
      if (step.current) node.setAttribute("aria-current", "step");
      else node.removeAttribute("aria-current");
      write(title, step.title);
      write(view, step.label);
      write(detail, step.detail);
      write(time, timeOf(step, this.#strings));
      if (step.began) time.title = utc(step.began);
      else time.removeAttribute("title");
    }
  }
}

/** The recorded times of a step, in words. */
function timeOf({ began, took }, strings) {
  if (took !== null) return fill(strings.took, { duration: duration(took, strings) });
  return began === null ? "" : fill(strings.since, { time: clock(began) });
}
// Every table's module has the same element: the first one on a page defines it.
if (globalThis.customElements && !customElements.get("phasegate-stepper")) {
  customElements.define("phasegate-stepper", PhasegateStepper);
}