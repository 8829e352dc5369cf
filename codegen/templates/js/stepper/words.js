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
