// A line to the backend: an event stream that says when it was last heard, and is opened again where
// it breaks or falls silent. Time decides about the line alone, never about a row.
import { call, clock, parsed } from "./dom.js";

const RETRY_FIRST = 1_000;
const RETRY_LAST = 30_000;
/** How far heartbeats are apart, until the first of them says so, in milliseconds. */
const BEAT = 5_000;
/** So many heartbeats missed are a silence. */
const MISSED = 3;

const at = (moment) => clock(new Date(moment).toISOString());

/**
 * Follows the stream at `path` while the page is seen. `on` has a function for each event's data, by
 * the event's name. `told` hears what becomes of the line: its `kind` is `opening`, `live`, `lost`,
 * `silent`, `refused`, `garbled` or `gone`, and the `words` for that are empty where all is well. `source` is
 * where the backend says in words why it gives no stream.
 */
export function follow(path, source, on, told) {
  let events = null;
  let timer = null;
  let closed = false;
  let kind = null;
  let heard = null;
  let opened;
  let beat = BEAT;
  let retry = RETRY_FIRST;

  function tell(next, words = "") {
    if (kind === next && next !== "refused") return;
    kind = next;
    told({ kind, words });
  }

  const last = () => (heard === null ? "Trying again." : "What is shown is the last that was heard; trying again.");

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
    const all = { ...on, heartbeat: (said) => (beat = said.every_ms || beat) };
    for (const [name, take] of Object.entries(all)) {
      events.addEventListener(name, ({ data }) => {
        const said = parsed(data);
        hear();
        if (said === undefined) tell("garbled", `What came is no JSON (event ${name}). ${last()}`);
        else take(said);
      });
    }
  }

  /** The browser comes back by itself after a break; after a refusal it has to be asked to. */
  function lose() {
    if (events.readyState === EventSource.CLOSED) ask(events);
    else if (kind !== "silent" && kind !== "garbled") {
      const what = heard === null ? "The backend cannot be reached since" : "Connection lost at";
      tell("lost", `${what} ${at(Date.now())}. ${last()}`);
    }
  }

  async function ask(refused) {
    let problem = { message: "The event stream is refused, though the backend answers." };
    await call(source).catch((said) => (problem = said));
    if (closed || events !== refused) return;
    if (problem.status === 404) {
      close();
      told({ kind: "gone", words: heard === null ? "" : `It was looked for in vain at ${at(Date.now())}. What is shown is the last that was heard.` });
      return;
    }
    tell("refused", `${problem.message} ${last()}`);
    timer = setTimeout(open, retry);
    retry = Math.min(retry * 2, RETRY_LAST);
  }

  /** A connection that only hangs breaks for no browser: it shows by what is not heard. */
  function look() {
    const isQuiet = Date.now() - Math.max(heard ?? 0, opened) > MISSED * beat;
    if (!isQuiet || timer !== null || document.hidden || events.readyState === EventSource.CLOSED) return;
    if (kind !== "lost") tell("silent", heard === null ? `No answer since ${at(opened)}. ${last()}` : `Nothing heard since ${at(heard)}. ${last()}`);
    events.close();
    open();
  }

  /** A browser has few connections for all its pages: what nobody sees takes none. */
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
