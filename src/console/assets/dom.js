// What the page's parts share: elements made of text, times as facts, calls to the backend.
import { clock, icon as iconOf, utc } from "./phasegate-stepper.js";

/** What the router has written into the page. */
export const config = (name) => document.querySelector(`meta[name="phasegate-${name}"]`).content;
/** How often times are written anew, in milliseconds. */
const EVERY = 5_000;
/** How long an answer is waited for, in milliseconds. */
const LIMIT = 10_000;

/** An element by its id. */
export const $ = (id) => document.getElementById(id);

/** An element with its attributes and children; strings become text, never markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/** The icon of a view; its meaning stands next to it as text. */
export const icon = iconOf;

/** Text only where it differs, so that nothing is announced or repainted for its own sake. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A list's children in this order. None is moved that stands well: moving takes the focus and a selection. */
export function arrange(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  for (const [at, node] of nodes.entries()) {
    if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
  }
  if (focused && document.activeElement !== focused) focused.focus();
}

/** A moment in the reader's time zone, with UTC at hand. */
export const timeNode = (at) => element("time", { datetime: at, title: utc(at), dir: "ltr" }, clock(at));

const RELATIVE = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always", style: "short" });
/** Units, and from how many seconds on each is used. */
const UNITS = [["day", 86_400, 36 * 3600], ["hour", 3600, 90 * 60], ["minute", 60, 90], ["second", 1, 10]];

/** How far the backend's clock is ahead of the reader's, in milliseconds; nothing where they agree about. */
let ahead = 0;
/** Clocks that differ by less than this agree, in milliseconds: an answer says whole seconds, and takes some. */
const SLACK = 30_000;

/** Compares the clocks, by what every answer says. */
function compare(answer) {
  const by = Date.parse(answer.headers.get("date")) - Date.now();
  if (!Number.isNaN(by)) ahead = Math.abs(by) > SLACK ? by : 0;
}

function age(at) {
  const seconds = Math.max(0, Math.round((Date.now() + ahead - Date.parse(at)) / 1000));
  const [unit, size] = UNITS.find(([, , from]) => seconds >= from) ?? [];
  return unit ? RELATIVE.format(-Math.round(seconds / size), unit) : "just now";
}

/** How long ago something was, kept true. */
export const ageNode = (at) => element("time", { datetime: at, title: utc(at), "data-age": at, dir: "auto" }, age(at));

function drawAges() {
  for (const node of document.querySelectorAll("[data-age]")) write(node, age(node.dataset.age));
}
setInterval(drawAges, EVERY);
// Until then ages are by the reader's clock, and so they are where there is no answer.
fetch($("icon").href, { method: "HEAD", cache: "no-store" }).then(compare).then(drawAges, () => {});

/** A button that copies a text; `said` hears in words that it did. */
export function copyButton(name, value, said) {
  const button = element("button", { type: "button", class: "button small copy", "aria-label": `Copy ${name}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value);
      write(button, "Copied");
      said(`${name} copied.`);
      setTimeout(() => write(button, "Copy"), 2_000);
    } catch {
      // Without leave to write the clipboard, the text is marked for the keyboard to copy.
      getSelection().selectAllChildren(button.previousElementSibling);
      said(`${name} is marked: copy it with the keyboard.`);
    }
  });
  return button;
}

/**
 * What the backend answers, as data. Whatever else comes of it is an error in words: with the
 * status where the backend refused, without one where it is not known what became of the call.
 */
export async function call(path, options) {
  const headers = { accept: "application/json", ...options?.headers };
  let response, text;
  try {
    response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(LIMIT) });
    compare(response);
    text = await response.text();
  } catch (problem) {
    const late = problem.name === "TimeoutError";
    throw new Error(late ? `No answer within ${LIMIT / 1000} s.` : "The backend cannot be reached.");
  }
  const body = parsed(text);
  const kind = response.headers.get("content-type")?.split(";")[0] || "without a type";
  const noJson = body === undefined ? `, and what came is no JSON (${kind}): something in between may have answered` : "";
  const refusal = (said) => Object.assign(new Error(said), { status: response.status, problem: body });
  if (!response.ok) throw refusal(body?.detail ?? body?.title ?? `The answer was ${response.status}${noJson}.`);
  if (noJson !== "") throw new Error(`The answer was ${response.status}${noJson}.`);
  return body;
}

/** Text as data; nothing where it is no JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
