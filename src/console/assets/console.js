// The console's page: the list, the start, and the modal that follows one row's event stream.
// What is shown comes from `stepper.js` alone; this file moves it between the network and the
// document. Timers fetch again and tell the age of facts; none decides anything.
import * as map from "./status-map.js";
import { auditOf, changesOf, follow, statusOf, viewOf } from "./stepper.js";

const config = (name) => document.querySelector(`meta[name="phasegate-${name}"]`).content;
const COLLECTION = config("collection");
const ITEMS = COLLECTION.split("/").pop();
const PARAM = map.machine;
const PAGE = 20;
const LARGEST_PAGE = 100;
const FETCH_EVERY = 5_000;
const RETRY_FIRST = 1_000;
const RETRY_LAST = 30_000;

const $ = (id) => document.getElementById(id);

/** An element with its attributes and children; strings become text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function icon(view) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${view}`);
  svg.append(use);
  return svg;
}

/** Text only where it differs, so that nothing is announced or repainted for its own sake. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Times are facts, told as text.

const clock = (at) => {
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

const ageNode = (at) => element("time", { datetime: at, title: clock(at), "data-age": at }, age(at));

setInterval(() => {
  for (const node of document.querySelectorAll("[data-age]")) write(node, age(node.dataset.age));
}, FETCH_EVERY);

async function call(path, options) {
  const response = await fetch(path, { ...options, headers: { accept: "application/json", ...options?.headers } });
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  const said = body?.detail ?? body?.title ?? `The backend answered ${response.status}.`;
  throw Object.assign(new Error(said), { status: response.status });
}

const address = (id) => `${COLLECTION}/${encodeURIComponent(id)}`;
const linkTo = (id) => `?${new URLSearchParams({ [PARAM]: id })}`;

// The list.

const list = { items: [], next: null, rows: new Map() };

async function fetchList() {
  const limit = Math.min(Math.max(PAGE, list.items.length), LARGEST_PAGE);
  try {
    const page = await call(`${COLLECTION}?limit=${limit}`);
    const fresh = new Set(page[ITEMS].map(({ id }) => id));
    const older = list.items.filter(({ id }) => !fresh.has(id));
    // What lies beyond this page was loaded by "Older" and stays as it was heard.
    const beyond = list.items.length > page[ITEMS].length && page.next != null;
    list.items = beyond ? [...page[ITEMS], ...older] : page[ITEMS];
    if (!beyond) list.next = page.next ?? null;
    write($("list-problem"), "");
  } catch (problem) {
    write($("list-problem"), `The list could not be fetched: ${problem.message} What is shown is the last that was heard.`);
  }
  drawList();
}

async function fetchOlder() {
  const last = document.activeElement === $("older") ? list.items.at(-1)?.id : undefined;
  try {
    const page = await call(`${COLLECTION}?${new URLSearchParams({ limit: PAGE, before: list.next })}`);
    const had = new Set(list.items.map(({ id }) => id));
    list.items.push(...page[ITEMS].filter(({ id }) => !had.has(id)));
    list.next = page.next ?? null;
  } catch (problem) {
    write($("list-problem"), `Older ones could not be fetched: ${problem.message}`);
  }
  drawList();
  // The button may be gone now: the keyboard goes on at the first of what came.
  if (last !== undefined) {
    const at = list.items.findIndex(({ id }) => id === last);
    list.rows.get(list.items[at + 1]?.id)?.querySelector("a").focus();
  }
}

function drawList() {
  const nodes = list.items.map((item) => {
    const row = list.rows.get(item.id) ?? element("li");
    const said = JSON.stringify(item);
    if (row.dataset.said !== said) {
      row.dataset.said = said;
      drawRow(row, item);
    }
    list.rows.set(item.id, row);
    return row;
  });
  // Moving a row takes the focus from it: only where the order has changed.
  if (nodes.length !== $("list").children.length || nodes.some((node, at) => $("list").children[at] !== node)) {
    const focused = $("list").contains(document.activeElement) ? document.activeElement : null;
    $("list").replaceChildren(...nodes);
    focused?.focus();
  }
  $("list-empty").hidden = nodes.length > 0;
  $("older").hidden = list.next === null;
}

function drawRow(row, item) {
  const status = statusOf(map, item.status);
  row.dataset.view = status.view;
  const link = row.querySelector("a") ?? row.appendChild(element("a", { href: linkTo(item.id), "data-open": item.id }));
  const reason = [item.requested_by, item.reason].filter(Boolean).join(" · ");
  link.replaceChildren(
    element("span", { class: "badge", "data-view": status.view }, icon(status.view)),
    element("span", { class: "what" }, element("strong", {}, item.ref ?? item.id), element("span", { class: "why" }, reason)),
    element("span", { class: "status", "data-view": status.view }, status.title),
    element("span", { class: "when" }, item.created_at ? ageNode(item.created_at) : ""),
  );
}

// The start.

$("start-open").addEventListener("click", () => {
  $("start-form").hidden = false;
  $("start-done").hidden = true;
  write($("start-problem"), "");
  $("start").showModal();
});

$("start-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = [...new FormData($("start-form"))].map(([key, value]) => [key, value.trim()]);
  $("start-send").disabled = true;
  write($("start-problem"), "");
  try {
    const made = await call(COLLECTION, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Object.fromEntries(fields.filter(([, value]) => value !== ""))),
    });
    showStarted(made);
    fetchList();
  } catch (problem) {
    write($("start-problem"), `Not started: ${problem.message}`);
  }
  $("start-send").disabled = false;
});

function showStarted(made) {
  $("start-form").reset();
  $("start-form").hidden = true;
  $("start-inputs").replaceChildren(
    ...copyable(config("id-input"), made.id),
    ...copyable(config("token-input"), made.callback_token),
  );
  $("start-done").hidden = false;
  $("start-watch").dataset.id = made.id;
  $("start-done-title").focus();
}

function copyable(name, value) {
  const button = element("button", { type: "button", class: "button small", "aria-label": `Copy ${name}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value);
      write(button, "Copied");
      write($("start-live"), `${name} copied.`);
    } catch {
      // Without leave to write the clipboard, the text is marked for the keyboard to copy.
      getSelection().selectAllChildren(button.previousElementSibling);
    }
  });
  return [element("dt", {}, name), element("dd", {}, element("code", {}, value), button)];
}

$("start").addEventListener("close", () => {
  // A token is shown once: nothing of it stays in the document.
  $("start-inputs").replaceChildren();
  write($("start-live"), "");
});

$("start-watch").addEventListener("click", () => {
  $("start").close();
  open($("start-watch").dataset.id);
});

// The modal: one row, live.

let watched = null;

/** Opens the modal on a row, and says so in the address. */
function open(id) {
  history.pushState({ opened: true }, "", linkTo(id));
  followAddress();
}

function followAddress() {
  const id = new URLSearchParams(location.search).get(PARAM) ?? (location.hash.slice(1) || null);
  if (watched?.id === id) return;
  if (watched) unwatch();
  if (id === null) {
    if ($("watch").open) $("watch").close();
  } else {
    watch(id);
  }
}

function watch(id) {
  watched = { id, snapshot: null, shown: null, source: null, lost: null, retry: RETRY_FIRST, timer: null, gone: false };
  write($("watch-title"), id);
  for (const part of ["live", "alert", "summary", "connection"]) write($(`watch-${part}`), "");
  for (const part of ["state", "steps", "facts", "audit"]) $(`watch-${part}`).replaceChildren();
  $("watch-connection").hidden = true;
  $("watch-log").hidden = true;
  $("watch-log").open = false;
  if (!$("watch").open) $("watch").showModal();
  $("watch-title").focus();
  $("watch").scrollTop = 0;
  listen(watched);
}

function unwatch() {
  watched.source?.close();
  clearTimeout(watched.timer);
  watched = null;
}

$("watch").addEventListener("close", () => {
  if (!watched) return;
  unwatch();
  // Back to the list: the way that led here, where this page came that way.
  if (history.state?.opened) history.back();
  else history.replaceState(null, "", location.pathname);
  if (document.activeElement === document.body) $("heading").focus();
  fetchList();
});

function listen(mine) {
  const source = new EventSource(`${address(mine.id)}/events`);
  mine.source = source;
  source.addEventListener("open", () => found(mine));
  source.addEventListener("snapshot", ({ data }) => take(mine, JSON.parse(data)));
  source.addEventListener("transition", ({ data }) => {
    const next = mine.snapshot && follow(mine.snapshot, JSON.parse(data));
    if (next === mine.snapshot && next !== null) return;
    if (next) take(mine, next);
    // The link to the run, the log and the refusals travel with the snapshot alone.
    refresh(mine);
  });
  source.addEventListener("error", () => lose(mine, source));
}

/** A newer snapshot replaces an older one; never the other way round. */
function take(mine, snapshot) {
  if (watched !== mine || (mine.snapshot && snapshot.seq < mine.snapshot.seq)) return;
  mine.snapshot = snapshot;
  draw(mine);
}

async function refresh(mine) {
  try {
    take(mine, await call(address(mine.id)));
  } catch (problem) {
    if (problem.status !== 404 || watched !== mine || mine.snapshot) return;
    mine.gone = true;
    mine.source.close();
    say(mine, `There is no ${map.title.toLowerCase()} with this id.`);
  }
}

/** The browser comes back by itself after a break; after a refusal it has to be asked to. */
function lose(mine, source) {
  if (watched !== mine || mine.gone) return;
  if (!mine.lost) {
    mine.lost = new Date().toISOString();
    say(mine, `Connection lost at ${clock(mine.lost)}. What is shown is the last that was heard; trying again.`);
  }
  if (source.readyState !== EventSource.CLOSED) return;
  refresh(mine);
  mine.timer = setTimeout(() => watched === mine && !mine.gone && listen(mine), mine.retry);
  mine.retry = Math.min(mine.retry * 2, RETRY_LAST);
}

function found(mine) {
  if (watched !== mine) return;
  mine.retry = RETRY_FIRST;
  if (!mine.lost) return;
  mine.lost = null;
  say(mine, "Connected again.");
  refresh(mine);
}

function say(mine, text) {
  $("watch-connection").hidden = text === "";
  $("watch-connection").toggleAttribute("data-lost", mine.lost !== null || mine.gone);
  write($("watch-connection"), text);
  if (text !== "") write($("watch-live"), text);
}

function draw(mine) {
  const { snapshot } = mine;
  const view = viewOf(map, snapshot);
  const changes = changesOf(mine.shown, view);
  mine.shown = view;

  write($("watch-title"), snapshot.ref || snapshot.id);
  $("watch-state").dataset.view = view.status.view;
  if ($("watch-state").textContent !== view.status.title) {
    $("watch-state").replaceChildren(icon(view.status.view), element("span", {}, view.status.title));
  }
  drawSteps(view.steps);
  const failed = view.state?.outcome === "failure";
  write($("watch-alert"), failed ? view.summary || `${view.status.title}.` : "");
  write($("watch-summary"), failed ? "" : view.summary);
  drawFacts(snapshot);
  drawLog(snapshot.log_tail ?? "");
  drawAudit(snapshot);
  if (changes !== "") write($("watch-live"), changes);
}

function drawSteps(steps) {
  const nodes = $("watch-steps");
  nodes.classList.toggle("stacked", steps.length > 6);
  while (nodes.children.length < steps.length) {
    nodes.append(
      element("li", { role: "listitem" },
        element("span", { class: "badge" }),
        element("span", { class: "text" }, element("strong", {}), element("span", { class: "view" }), element("span", { class: "detail" })),
      ),
    );
  }
  for (const [at, step] of steps.entries()) {
    const node = nodes.children[at];
    if (node.dataset.view !== step.view) node.querySelector(".badge").replaceChildren(icon(step.view));
    node.dataset.view = step.view;
    node.dataset.phase = step.name;
    if (step.current) node.setAttribute("aria-current", "step");
    else node.removeAttribute("aria-current");
    write(node.querySelector("strong"), step.title);
    write(node.querySelector(".view"), step.label);
    write(node.querySelector(".detail"), step.detail);
  }
}

/** The address of a run, where it is one that may be opened. */
function safeLink(address) {
  try {
    return new URL(address).protocol === "https:" ? address : null;
  } catch {
    return null;
  }
}

function drawFacts(snapshot) {
  const facts = [];
  const fact = (name, ...said) => facts.push(element("div", {}, element("dt", {}, name), element("dd", {}, ...said)));
  const at = snapshot.last_report_at;
  if (at) fact("Last report", ageNode(at), `, ${clock(at)}`);
  const run = snapshot.events?.findLast(({ run_id }) => run_id);
  const link = safeLink(snapshot.run_url);
  if (link) {
    const name = run ? `Run ${run.run_id}${run.run_attempt > 1 ? `, attempt ${run.run_attempt}` : ""}` : "Workflow run";
    fact("Workflow", element("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, name, element("span", { class: "hidden-text" }, " (opens in a new tab)")));
  }
  if (snapshot.requested_by) fact("Requested by", snapshot.requested_by);
  if (snapshot.reason) fact("Reason", snapshot.reason);
  fact("Id", element("code", {}, snapshot.id));
  if (snapshot.table && snapshot.table !== map.fingerprints.table) {
    fact("Tables", `The backend goes by table ${snapshot.table}, this page by ${map.fingerprints.table}.`);
  }
  const said = facts.map((node) => node.textContent).join("\n");
  // The focus stays on the link while the facts around it do not change.
  if ($("watch-facts").dataset.said === said && $("watch-facts").children.length > 0) return;
  const focused = $("watch-facts").contains(document.activeElement);
  $("watch-facts").dataset.said = said;
  $("watch-facts").replaceChildren(...facts);
  if (focused) $("watch-facts").querySelector("a")?.focus();
}

function drawLog(tail) {
  $("watch-log").hidden = tail === "";
  write($("watch-log").querySelector("pre"), tail);
}

function drawAudit(snapshot) {
  const entries = auditOf(map, snapshot);
  const had = new Map([...$("watch-audit").children].map((node) => [node.dataset.key, node]));
  $("watch-audit").replaceChildren(...entries.map((entry) => had.get(entry.key) ?? auditNode(entry)));
}

function auditNode(entry) {
  const arrow = () => [element("span", { class: "arrow", "aria-hidden": "true" }, "→"), element("span", { class: "hidden-text" }, " to ")];
  const said = entry.kind === "refused"
    ? [element("span", { class: "tag" }, "Refused"), " ", entry.to ?? "", entry.from ? ` while ${entry.from}` : ""]
    : entry.from === null
      ? [element("strong", {}, entry.to)]
      : [entry.from, " ", ...arrow(), " ", element("strong", {}, entry.to)];
  const notes = [entry.answer, ...entry.notes].filter(Boolean).join(" · ");
  return element("li", { role: "listitem", "data-key": entry.key, "data-view": entry.view, "data-kind": entry.kind },
    element("time", { datetime: entry.at }, clock(entry.at)),
    element("span", { class: "badge", "data-view": entry.view }, icon(entry.view)),
    element("span", { class: "what" }, element("span", { class: "said" }, ...said), element("span", { class: "why" }, notes)),
  );
}

// One listener for all links to rows: opened here, unless the browser was asked otherwise.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link.dataset.open);
});
$("older").addEventListener("click", fetchOlder);
addEventListener("popstate", followAddress);
setInterval(() => document.visibilityState === "visible" && fetchList(), FETCH_EVERY);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && fetchList());

fetchList();
followAddress();
