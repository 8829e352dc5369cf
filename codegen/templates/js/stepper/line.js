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
