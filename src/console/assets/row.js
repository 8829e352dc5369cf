// One row: the stepper, live from its event stream, and around it the facts and the audit log. In the list
// it is a dialog, the row's quick view; on a page of its own it is the page.
import { auditOf, refusedOf } from "./audit.js";
import { $, ageNode, arrange, call, config, copyButton, element, icon, timeNode, write } from "./dom.js";
import { drawPicture } from "./picture.js";
import { duration } from "./phasegate-stepper.js";
import * as map from "./status-map.js";

/** The key in the address that names the row to open. */
const PARAM = map.machine;
/** How often refused reports are looked for while a row is watched, in milliseconds. */
const EVERY = 5_000;
/** So many reports are read at once. */
const REPORTS = 100;
/** So many entries of the audit log are shown at once. */
const ENTRIES = 50;

/** The column that a row is called by. */
const TITLE = "ref";

const address = (id) => `${config("collection")}/${encodeURIComponent(id)}`;
const stepper = $("watch-stepper");
stepper.machine = map;

const dialog = $("watch") instanceof HTMLDialogElement ? $("watch") : null;
const ICON = $("icon").getAttribute("href");
/** From here to where the list is. */
const ROOT = ICON.slice(0, ICON.lastIndexOf("/") + 1);
const HEADING = dialog ? document.title : config("heading");

/** The address of a row's own page. */
export const linkTo = (id) => `${ROOT}rows/${encodeURIComponent(id)}`;

let watched = null;

/** Where rows are reported by hand, what offers that. */
const simulator = config("simulates") === "yes" ? import("./simulate.js") : null;

/** Shows the row whose page this is; in the list opens the dialog where the address asks for it, now and whenever it changes. */
export function begin() {
  if (!dialog) return watch(decodeURIComponent(location.pathname.slice(location.pathname.lastIndexOf("/") + 1)));
  addEventListener("popstate", followAddress);
  return followAddress();
}

/** Opens the dialog on a row, and says so in the address. */
export function open(id) {
  history.pushState({ opened: true }, "", `?${new URLSearchParams({ [PARAM]: id })}`);
  followAddress();
}

function followAddress() {
  const id = new URLSearchParams(location.search).get(PARAM) ?? (location.hash.slice(1) || null);
  if (watched?.id === id) return;
  if (watched) unwatch();
  if (id !== null) watch(id);
  else if (dialog.open) dialog.close();
}

function watch(id) {
  watched = { id, snapshot: null, refused: new Map(), older: undefined, entries: ENTRIES, timer: setInterval(lookForRefused, EVERY) };
  if (dialog || $("watch-title").textContent === "") write($("watch-title"), id);
  write($("watch-live"), "");
  for (const part of ["facts", "audit"]) $(`watch-${part}`).replaceChildren();
  for (const part of ["older", "log", "history", "more"]) $(`watch-${part}`).hidden = true;
  $("watch-log").open = false;
  drawPicture(null);
  if (dialog) {
    $("watch-page").href = linkTo(id);
    if (!dialog.open) dialog.showModal();
    $("watch-title").focus();
    dialog.scrollTop = 0;
  }
  stepper.setAttribute("events", `${address(id)}/events`);
  lookForRefused();
}

function unwatch() {
  clearInterval(watched.timer);
  watched = null;
  stepper.removeAttribute("events");
  mark(null);
}

dialog?.addEventListener("close", () => {
  if (!watched) return;
  unwatch();
  // Back to the list: the way that led here, where this page came that way.
  if (history.state?.opened) history.back();
  else history.replaceState(null, "", location.pathname);
  if (document.activeElement === document.body) $("heading").focus();
});

$("watch-reload").addEventListener("click", () => location.reload());
$("watch-more").addEventListener("click", async () => {
  const mine = watched;
  mine.entries += ENTRIES;
  if (mine.entries > countOf(mine)) await readOlder(mine);
  if (watched === mine) drawAudit();
});

stepper.addEventListener("phasegate-change", ({ detail }) => {
  if (!watched) return;
  watched.snapshot = detail.snapshot;
  watched.view = detail.view;
  draw();
});

stepper.addEventListener("phasegate-line", ({ detail }) => {
  $("watch").toggleAttribute("data-stale", !["opening", "live"].includes(detail.kind));
});

const GRANTED = ["applied", "duplicate", "dispatching", "dispatched"];

/** Refused reports are no transitions, and travel by themselves. */
async function lookForRefused() {
  const mine = watched;
  if (document.hidden) return;
  await readReports(mine, "");
  if (watched === mine && mine.snapshot) drawAudit();
}

/** The reports before those that were read, where there are any. */
const readOlder = (mine) => (mine.older ? readReports(mine, `&before=${encodeURIComponent(mine.older)}`) : null);

async function readReports(mine, before) {
  try {
    const { reports, next } = await call(`${address(mine.id)}/reports?limit=${REPORTS}${before}`);
    if (before !== "" || mine.older === undefined) mine.older = next;
    // What was read of them before stays, however many come.
    const counts = new Map();
    for (const report of reports.filter(({ answer }) => !GRANTED.includes(answer)).reverse()) {
      const key = `${report.at} ${report.status} ${report.job ?? ""} ${report.event_id ?? ""} ${report.answer}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      mine.refused.set(`${key} ${counts.get(key)}`, report);
    }
  } catch {
    // What was refused is not known then; the stream says what is wrong.
  }
}

/** How many entries of the audit log are known. */
const countOf = ({ snapshot, refused }) => (snapshot?.events?.length ?? 0) + refused.size;

function draw() {
  const { snapshot, view } = watched;
  const fields = snapshot.columns ?? {};
  const title = fields[TITLE] || snapshot.id;
  write($("watch-title"), title);
  $("watch-older").hidden = view.status.known;
  $("watch-history").hidden = false;
  mark(`${view.status.title}: ${title}`, view.status.view);
  drawFacts(snapshot, fields);
  const log = $("watch-log");
  log.hidden = !snapshot.log_tail;
  write(log.querySelector("pre"), snapshot.log_tail ?? "");
  drawPicture(snapshot);
  drawAudit();
  simulator?.then(({ offer }) => watched?.snapshot === snapshot && offer(snapshot, lookForRefused));
}

/** What the tab says: its text, and its picture. */
function mark(text, view) {
  document.title = text === null ? HEADING : `${text} - ${HEADING}`;
  const known = `${ROOT}icon${["done", "failed", "active"].includes(view) ? `-${view}` : ""}.svg`;
  if ($("icon").getAttribute("href") !== known) $("icon").setAttribute("href", known);
}

/** `requested_by` reads `Requested by`. */
const inWords = (name) => `${name[0].toUpperCase()}${name.slice(1)}`.replaceAll("_", " ");
/** A column's value as people read it. */
const inText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** The host of a run's address, where it is one that may be opened. */
function safeLink(address) {
  try {
    const url = new URL(address);
    return url.protocol === "https:" && url.username === "" && url.password === "" ? url : null;
  } catch {
    return null;
  }
}

/** A link to a run that says where it leads. */
function runLink(address, text) {
  const url = safeLink(address);
  if (!url) return text;
  return element("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", title: url.host }, text, element("span", { class: "hidden-text" }, ` on ${url.host} (opens in a new tab)`));
}

const runOf = ({ run_id, run_attempt }) => `Run ${run_id}${run_attempt > 1 ? `, attempt ${run_attempt}` : ""}`;

/** Each fact is a node of its own, drawn anew only where it changed: a selection and the focus stay. */
function drawFacts(snapshot, fields) {
  const had = new Map([...$("watch-facts").children].map((node) => [node.dataset.fact, node]));
  const nodes = [];
  const fact = (name, what, make) => {
    const said = JSON.stringify(what);
    const node = had.get(name);
    if (node?.dataset.said === said) return nodes.push(node);
    const made = element("div", { "data-fact": name, "data-said": said }, element("dt", {}, name), element("dd", {}, ...make()));
    return nodes.push(made);
  };
  const [first, last] = [snapshot.events?.[0]?.at, snapshot.events?.at(-1)?.at];
  const at = snapshot.last_report_at;
  // Without a history it is not known whether there was one.
  if (at) fact("Last report", at, () => [ageNode(at), ", ", timeNode(at)]);
  else if (first) fact("Last report", null, () => ["none yet"]);
  const late = snapshot.overdue_since;
  if (late) fact("Longer here than usual", late, () => ["since ", timeNode(late)]);
  if (watched.view.status.state.ended && first !== last) fact("Took", [first, last], () => [duration(Date.parse(last) - Date.parse(first))]);
  const run = snapshot.events?.findLast(({ run_id }) => run_id);
  if (run || safeLink(snapshot.run_url)) {
    const text = run ? runOf(run) : "Workflow run";
    fact("Workflow", [snapshot.run_url, text], () => [runLink(snapshot.run_url, text)]);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (name !== TITLE && value !== null && value !== "") fact(inWords(name), value, () => [inText(value)]);
  }
  fact("Id", snapshot.id, () => [element("code", {}, snapshot.id), copyButton("id", snapshot.id, said)]);
  const link = new URL(linkTo(snapshot.id), location.href).href;
  fact("Link", link, () => [element("a", { href: link }, "to its page"), copyButton("link", link, said)]);
  if (snapshot.table && snapshot.table !== map.fingerprints.table) {
    fact("Versions", [snapshot.table], () => [element("span", { title: `backend ${snapshot.table}, page ${map.fingerprints.table}` }, "The backend and this page have different versions of the table.")]);
  }
  arrange($("watch-facts"), nodes);
}

const said = (text) => write($("watch-live"), text);

function drawAudit() {
  const { snapshot, refused } = watched;
  const entries = auditOf(map, snapshot, refused, watched.entries);
  const count = countOf(watched);
  const left = count - entries.length;
  $("watch-more").hidden = left <= 0 && !watched.older;
  write($("watch-more"), watched.older ? "Show more" : `Show ${Math.min(ENTRIES, left)} more of ${count}`);
  const had = new Map([...$("watch-audit").children].map((node) => [node.dataset.key, node]));
  arrange($("watch-audit"), entries.map((entry) => had.get(entry.key) ?? auditNode(entry)));
  drawRefused();
}

/** The way from a step to what was refused of it. */
function drawRefused() {
  const links = [...refusedOf(map, watched.refused)].map(([phase, { count, first }]) => {
    const title = map.phases.find(({ name }) => name === phase).title;
    const text = `${title}: ${count === 1 ? "1 report was refused" : `${count} reports were refused`}`;
    return { key: `${phase} ${count}`, text, to: first };
  });
  const had = new Map([...$("watch-refused").children].map((node) => [node.dataset.key, node]));
  arrange($("watch-refused"), links.map(({ key, text, to }) => {
    const node = had.get(key);
    if (node) return node;
    const button = element("button", { type: "button", class: "link" }, text);
    button.addEventListener("click", () => show(to));
    return element("li", { "data-key": key }, button);
  }));
}

/** Brings an entry of the audit log into view, however old it is. */
function show(key) {
  const find = () => [...$("watch-audit").children].find((node) => node.dataset.key === key);
  if (!find()) {
    watched.entries = Infinity;
    drawAudit();
  }
  find().tabIndex = -1;
  find().focus();
  find().scrollIntoView({ block: "center" });
}

function auditNode(entry) {
  const arrow = () => [element("span", { class: "arrow", "aria-hidden": "true" }, "→"), element("span", { class: "hidden-text" }, " to ")];
  const words = entry.from === null
    ? [element("strong", {}, entry.to)]
    : [entry.from, " ", ...arrow(), " ", element("strong", {}, entry.to)];
  const notes = entry.notes.join(" · ");
  const link = safeLink(entry.link) ? [" · ", runLink(entry.link, "run")] : [];
  return element("li", { role: "listitem", "data-key": entry.key, "data-view": entry.view, "data-kind": entry.kind },
    timeNode(entry.at),
    element("span", { class: "badge", "data-view": entry.view }, icon(entry.view === "refused" ? "failed" : entry.view)),
    element("span", { class: "what" }, element("span", { class: "said" }, ...words), element("span", { class: "why" }, notes, ...link)),
  );
}
