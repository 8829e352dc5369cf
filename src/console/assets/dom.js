// What the page's parts share: elements made of text, times told as facts, calls to the backend.

/** What the router has written into the page. */
export const config = (name) => document.querySelector(`meta[name="phasegate-${name}"]`).content;
/** How often times are told anew, in milliseconds. */
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

/** The icon of a view; its meaning stands beside it as text. */
export function icon(view) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${view}`);
  svg.append(use);
  return svg;
}

/** Text only where it differs, so that nothing is announced or repainted for its own sake. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A moment, to the second; with the day where it is not today. */
export const clock = (at) => {
  const day = at.slice(0, 10) === new Date().toISOString().slice(0, 10) ? "" : `${at.slice(0, 10)} `;
  return `${day}${at.slice(11, 19)} UTC`;
};

function age(at) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000));
  if (seconds < 10) return "just now";
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/** How long ago something was, kept true. */
export const ageNode = (at) => element("time", { datetime: at, title: clock(at), "data-age": at }, age(at));

setInterval(() => {
  for (const node of document.querySelectorAll("[data-age]")) write(node, age(node.dataset.age));
}, EVERY);

/**
 * What the backend answers, as data. Whatever else comes of it is an error in words: with the
 * status where the backend refused, without one where it is not known what became of the call.
 */
export async function call(path, options) {
  const headers = { accept: "application/json", ...options?.headers };
  let response, text;
  try {
    response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(LIMIT) });
    text = await response.text();
  } catch (problem) {
    const late = problem.name === "TimeoutError";
    throw new Error(late ? `No answer within ${LIMIT / 1000} s.` : "The backend cannot be reached.");
  }
  const body = parsed(text);
  const kind = response.headers.get("content-type")?.split(";")[0] || "without a type";
  const noJson = body === undefined ? `, and what came is no JSON (${kind}): something in between may have answered` : "";
  const refusal = (said) => Object.assign(new Error(said), { status: response.status });
  if (!response.ok) throw refusal(body?.detail ?? body?.title ?? `The answer was ${response.status}${noJson}.`);
  if (noJson !== "") throw new Error(`The answer was ${response.status}${noJson}.`);
  return body;
}

/** Text as data; nothing where it is no JSON. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
