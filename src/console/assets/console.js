// The console's page: the list of rows, live from one event stream, and the start of one.
import { $, ageNode, arrange, call, config, copyButton, element, icon, write } from "./dom.js";
import { follow, labelOf, statusOf } from "./phasegate-stepper.js";
import { begin, linkTo, open } from "./row.js";
import * as map from "./status-map.js";

const COLLECTION = config("collection");
/** The key of the list in its answer. */
const ITEMS = COLLECTION.split("/").pop();
const PAGE = 20;
/** So many rows are followed at most; older ones are read once. */
const MOST = 1000;
/** So many of those at once. */
const AT_ONCE = 100;
/** So many rows are drawn in one frame at most: the page stays quick however many come. */
const A_FRAME = 100;

// The list.

const list = { items: null, next: null, limit: PAGE, rows: new Map(), line: null, asked: "", frame: null, rest: [], restNext: undefined };

/** All rows that are shown: those that are followed, and what was read of older ones. */
function all() {
  const items = list.items ?? [];
  if (list.rest.length === 0) return items;
  const followed = new Set(items.map(({ id }) => id));
  return [...items, ...list.rest.filter(({ id }) => !followed.has(id))];
}

/** Follows the newest rows, so many of them as are shown. */
function followList() {
  list.line?.close();
  const path = `${COLLECTION}?limit=${list.limit}${list.asked}`;
  list.line = follow(path, { list: takeList, rows: takeRows, row: takeRow }, sayLine);
}

function takeList(page) {
  list.items = page[ITEMS];
  list.next = page.next;
  later();
  if (list.says) write($("list-live"), found());
  list.says = false;
}

/** One drawing a frame, however much came. */
function later() {
  list.frame ??= requestAnimationFrame(() => {
    list.frame = null;
    drawList();
  });
}

const found = () => `${list.items.length}${list.next === null ? "" : " or more"} found.`;

/** Rows that came or went: each that came stands at its place once it is there. */
function takeRows({ gone, came, next }) {
  const left = new Set(gone);
  list.items = list.items.filter(({ id }) => !left.has(id));
  for (const { at, row } of came) list.items.splice(at, 0, row);
  list.next = next;
  later();
}

/** One that changed. Where a state that is looked for changes, a row comes or goes. */
function takeRow(item) {
  const at = list.items.findIndex(({ id }) => id === item.id);
  if (at !== -1) list.items[at] = item;
  later();
}

function sayLine({ kind, words }) {
  write($("list-problem"), words);
  $("list").toggleAttribute("data-stale", !["opening", "live"].includes(kind));
  list.isDown = !["opening", "live"].includes(kind);
  later();
}

function older() {
  if (document.activeElement === $("older")) list.awaits = all().at(-1).id;
  if (list.limit >= MOST) return readOlder();
  list.limit = Math.min(2 * list.limit, MOST);
  return followList();
}

/** The rows before the oldest, as they are now. */
async function readOlder() {
  const { asked } = list;
  try {
    const page = await call(`${COLLECTION}?limit=${AT_ONCE}&before=${encodeURIComponent(list.restNext ?? list.next)}${asked}`);
    if (asked !== list.asked) return;
    list.rest.push(...page[ITEMS]);
    list.restNext = page.next;
    later();
  } catch (problem) {
    write($("list-problem"), problem.message);
  }
}

/** Loading, a first look that failed, none, and some are four different things. */
function drawList() {
  $("list-loading").hidden = list.items !== null || list.isDown;
  const isEmpty = list.items?.length === 0;
  $("list-empty").hidden = !isEmpty || list.asked !== "";
  $("list-none").hidden = !isEmpty || list.asked === "";
  $("list-older").hidden = (list.items ?? []).every((item) => statusOf(map, item).known);
  const isLast = list.rest.length > 0 ? list.restNext === null : list.next === null;
  $("older").hidden = list.items === null || isLast;
  $("list-most").hidden = list.rest.length === 0;
  let left = A_FRAME;
  const nodes = [];
  const items = all();
  for (const item of items) {
    const row = list.rows.get(item.id) ?? element("li");
    if (row.item !== item) {
      const said = JSON.stringify(item);
      if (row.said !== said) {
        left -= 1;
        if (left < 0) break;
        drawRow(row, item);
        list.rows.set(item.id, row);
      }
      Object.assign(row, { item, said });
    }
    nodes.push(row);
  }
  const isAll = nodes.length === items.length;
  // Until all are drawn, those that stood below stay.
  arrange($("list"), isAll ? nodes : [...new Set([...nodes, ...$("list").children])]);
  if (!isAll) return later();
  const shown = new Set(nodes);
  for (const [id, row] of list.rows) if (!shown.has(row)) list.rows.delete(id);
  return goOn(items);
}

/** The button for older rows may be gone then: the keyboard goes on at the first of what came. */
function goOn(items) {
  const at = items.findIndex(({ id }) => id === list.awaits);
  if (at === -1 || at + 1 >= items.length) return;
  list.awaits = undefined;
  if ([document.body, $("older")].includes(document.activeElement)) list.rows.get(items[at + 1].id).querySelector("a").focus();
}

function drawRow(row, item) {
  const status = statusOf(map, item);
  row.dataset.view = status.view;
  const link = row.querySelector("a") ?? row.appendChild(element("a", { href: linkTo(item.id), "data-open": item.id }));
  const columns = item.columns ?? {};
  const others = Object.entries(columns).filter(([name, value]) => name !== "ref" && value !== null && value !== "");
  const reason = others.map(([, value]) => (typeof value === "string" ? value : JSON.stringify(value))).join(" · ");
  link.replaceChildren(
    badge(status.view),
    element("span", { class: "what" }, element("strong", {}, columns.ref ?? item.id), element("span", { class: "why" }, reason)),
    ...marks(item),
    element("span", { class: "status", "data-view": status.view }, status.title),
    element("span", { class: "when" }, item.created_at ? ageNode(item.created_at) : ""),
  );
}

const badge = (view) => element("span", { class: "badge", "data-view": view }, icon(view));

/** The row's phases, small: the same views as the stepper's, as the backend has them. */
function marks({ phases = [], known }) {
  if (phases.length === 0) return [];
  const shown = phases.map((phase) => ({ title: phase.title, ...labelOf(phase, known) }));
  const words = shown.map(({ title, label }) => `${title}: ${label}.`).join(" ");
  return [element("span", { class: "marks", role: "img", "aria-label": words, title: words }, ...shown.map(({ view }) => badge(view)))];
}

// What is looked for, on the server.

/** A moment after the last letter. */
const PAUSE = 300;
const OUTCOMES = { open: "In progress", success: "Succeeded", failure: "Failed", cancelled: "Cancelled", neutral: "Ended otherwise" };

function offer() {
  const outcomeOf = ({ outcome, ended }) => outcome ?? (ended ? null : "open");
  const outcomes = new Set(map.stateList.map(outcomeOf));
  const option = (kind, value, text) => element("option", { value: `${kind}=${encodeURIComponent(value)}` }, text);
  const words = Object.entries(OUTCOMES).filter(([word]) => outcomes.has(word));
  $("filter-which").append(
    ...words.map(([word, text]) => option("outcome", word, text)),
    element("optgroup", { label: "State" }, ...map.stateList.map(({ value, title }) => option("state", value, title))),
  );
  $("filter").hidden = false;
}

let pause = null;

function filter() {
  clearTimeout(pause);
  const [text, which] = [$("filter-text").value.trim(), $("filter-which").value];
  const asked = `${text && `&q=${encodeURIComponent(text)}`}${which && `&${which}`}`;
  if (asked === list.asked) return;
  Object.assign(list, { asked, limit: PAGE, items: null, next: null, says: true, rest: [], restNext: undefined });
  later();
  followList();
}

$("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
$("filter-which").addEventListener("change", filter);
$("filter-text").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(filter, PAUSE);
});
$("filter-clear").addEventListener("click", () => {
  $("filter").reset();
  filter();
  $("filter-text").focus();
});

// The start.

// Without script there is no start.
$("start-open").hidden = false;
$("start-open").addEventListener("click", () => {
  $("start-form").hidden = false;
  $("start-done").hidden = true;
  write($("start-problem"), "");
  $("start").showModal();
});

let isSending = false;
/** What is shown this once and was not copied yet. */
let token = null;

$("start-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  // A button that is disabled loses the focus; a second click must start no second row.
  if (isSending) return;
  isSending = true;
  $("start-send").setAttribute("aria-disabled", "true");
  const fields = [...new FormData($("start-form"))].map(([key, value]) => [key, value.trim()]);
  sayProblem(null);
  try {
    const made = await call(COLLECTION, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Object.fromEntries(fields.filter(([, value]) => value !== "").map(([name, value]) => [name, typed(name, value)]))),
    });
    showStarted(made);
  } catch (problem) {
    sayProblem(problem);
  }
  $("start-send").removeAttribute("aria-disabled");
  isSending = false;
});

/** What a field holds, by what its column takes. What is no such thing goes as it is: the backend says so. */
function typed(name, value) {
  const field = $("start-form").elements.namedItem(name);
  if (field.inputMode === "numeric" && Number.isSafeInteger(Number(value))) return Number(value);
  if (field instanceof HTMLTextAreaElement) {
    try {
      return JSON.parse(value);
    } catch ({ message }) {
      // A text needs no quotes. What begins as data was meant to be some.
      if (/^[[{"]/.test(value)) throw Object.assign(new Error(`this is no JSON (${message})`), { status: 400, field: name });
      return value;
    }
  }
  return value;
}

/** What is wrong, at the field that it is about where the backend names one. */
function sayProblem(problem) {
  for (const field of $("start-form").elements) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  const isRefused = problem?.status !== undefined && problem.status < 500;
  // Where in the body it stands says nothing to who filled in a form.
  const [, named = problem?.field, why] = problem?.message.match(/^line \d+, column \d+: `(\w+)`: (.*)$/s) ?? [];
  const text = !problem ? "" : isRefused ? `Not started: ${why ?? problem.message}` : `${problem.message} Whether it was started is not known: look at the list before you try again.`;
  write($("start-problem"), text);
  const field = $("start-form").elements.namedItem(named ?? "");
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", "start-problem");
  field.focus();
}

function showStarted(made) {
  $("start-form").reset();
  $("start-form").hidden = true;
  const { run } = made;
  token = run ? null : made.callback_token;
  const [id, secret] = [config("id-input"), config("token-input")];
  const line = config("workflow") && [
    "gh workflow run", quoted(config("workflow")), ...(made.columns?.ref ? ["--ref", quoted(made.columns.ref)] : []),
    "-f", `${id}=${quoted(made.id)}`, "-f", `${secret}=${quoted(made.callback_token ?? "")}`,
  ].join(" ");
  // The backend has started the run itself: there is nothing to hand on.
  $("start-how").hidden = Boolean(run);
  write($("start-run"), run ? saysOf(run) : "");
  $("start-inputs").replaceChildren(...(run ? [] : [...copyable(id, made.id), ...copyable(secret, token), ...(line ? copyable("command", line) : [])]));
  $("start-done").hidden = false;
  $("start-watch").dataset.id = made.id;
  $("start-done-title").focus();
}

/** What became of starting the run. */
function saysOf({ started, run_id: id, detail }) {
  if (started) return `Its run was started${id ? `: ${id}` : ""}.`;
  const why = detail ? `: ${detail}` : "";
  return started === false ? `Its run could not be started${why}.` : `Whether its run was started is not known yet${why}. It is looked for, and not asked for again.`;
}

/** A text as a shell's word. */
const quoted = (text) => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function copyable(name, value) {
  const button = copyButton(name, value, (said) => write($("start-live"), said));
  // A copy that was tried is in the hands of who tried it.
  button.addEventListener("click", () => value.includes(token) && keep());
  return [element("dt", {}, name), element("dd", {}, element("code", {}, value), button)];
}

/** Nothing is lost any more by closing. */
function keep() {
  token = null;
  write($("start-unsaved"), "");
  $("start-leave").hidden = true;
}

/** The token is shown once: closing before it was copied asks first. */
function mayClose(event) {
  if (token === null || $("start-done").hidden) return;
  event.preventDefault();
  write($("start-unsaved"), "The token was not copied, and is not shown again.");
  $("start-leave").hidden = false;
  $("start-leave").focus();
}
$("start").addEventListener("cancel", mayClose);
$("start").addEventListener("keydown", (event) => event.key === "Escape" && mayClose(event));
$("start").querySelector("form[method=dialog]").addEventListener("submit", mayClose);
$("start-leave").addEventListener("click", () => $("start").close());

$("start").addEventListener("close", () => {
  // A token is shown once: nothing of it stays in the document.
  keep();
  $("start-inputs").replaceChildren();
  write($("start-live"), "");
});

$("start-watch").addEventListener("click", (event) => {
  mayClose(event);
  if (event.defaultPrevented) return;
  $("start").close();
  open($("start-watch").dataset.id);
});

// One listener for all links to rows: opened here, unless the browser was asked otherwise.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link.dataset.open);
});
$("older").addEventListener("click", older);
$("list-reload").addEventListener("click", () => location.reload());

offer();
begin();
followList();
