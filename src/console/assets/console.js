// The console's page: the list of rows, live from one event stream, and the start of one.
import { $, ageNode, call, config, element, icon, write } from "./dom.js";
import { follow } from "./line.js";
import { begin, linkTo, open, redraw } from "./modal.js";
import * as map from "./status-map.js";
import { statusOf } from "./stepper.js";

const COLLECTION = config("collection");
/** The key of the list in its answer. */
const ITEMS = COLLECTION.split("/").pop();
const PAGE = 20;
/** So many rows are followed at most. */
const MOST = 1000;

// The list.

const list = { items: null, next: null, limit: PAGE, rows: new Map(), line: null };

/** Follows the newest rows, so many of them as are shown. */
function followList() {
  list.line?.close();
  const path = `${COLLECTION}?limit=${list.limit}`;
  list.line = follow(path, `${COLLECTION}?limit=1`, { list: takeList, row: takeRow }, sayLine);
}

function takeList(page) {
  // The button may be gone then: the keyboard goes on at the first of what came.
  const last = list.awaits;
  list.awaits = undefined;
  list.items = page[ITEMS];
  list.next = page.next;
  drawList();
  const at = list.items.findIndex(({ id }) => id === last);
  if (at !== -1) list.rows.get(list.items[at + 1]?.id)?.querySelector("a").focus();
}

function takeRow(item) {
  list.items = list.items.map((had) => (had.id === item.id ? item : had));
  drawList();
}

function sayLine({ kind, words }) {
  write($("list-problem"), words);
  $("list").toggleAttribute("data-stale", !["opening", "live"].includes(kind));
  list.isDown = !["opening", "live"].includes(kind);
  drawList();
}

function older() {
  if (document.activeElement === $("older")) list.awaits = list.items.at(-1).id;
  list.limit += PAGE;
  followList();
}

/** Loading, a first look that failed, none, and some are four different things. */
function drawList() {
  $("list-loading").hidden = list.items !== null || list.isDown;
  $("list-empty").hidden = list.items?.length !== 0;
  $("list-older").hidden = (list.items ?? []).every((item) => statusOf(map, item).known);
  $("older").hidden = list.next === null || list.limit >= MOST;
  $("list-most").hidden = list.next === null || list.limit < MOST;
  const nodes = (list.items ?? []).map((item) => {
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
  const shown = new Set(nodes);
  for (const [id, row] of list.rows) if (!shown.has(row)) list.rows.delete(id);
  redraw();
}

function drawRow(row, item) {
  const status = statusOf(map, item);
  row.dataset.view = status.view;
  const link = row.querySelector("a") ?? row.appendChild(element("a", { href: linkTo(item.id), "data-open": item.id }));
  const columns = item.columns ?? {};
  const reason = [columns.requested_by, columns.reason].filter(Boolean).join(" · ");
  link.replaceChildren(
    element("span", { class: "badge", "data-view": status.view }, icon(status.view)),
    element("span", { class: "what" }, element("strong", {}, columns.ref ?? item.id), element("span", { class: "why" }, reason)),
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
  } catch (problem) {
    const isRefused = problem.status !== undefined && problem.status < 500;
    write($("start-problem"), isRefused ? `Not started: ${problem.message}` : `${problem.message} Whether it was started is not known: look at the list before you try again.`);
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

// One listener for all links to rows: opened here, unless the browser was asked otherwise.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link.dataset.open);
});
$("older").addEventListener("click", older);
$("list-reload").addEventListener("click", () => location.reload());

begin();
followList();
