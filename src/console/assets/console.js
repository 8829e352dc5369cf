// The console's page: the list of rows, and the start of one. Timers fetch again; none decides
// anything.
import { $, EVERY, ageNode, call, config, element, icon, write } from "./dom.js";
import { begin, linkTo, open, redraw } from "./modal.js";
import * as map from "./status-map.js";
import { statusOf } from "./stepper.js";

const COLLECTION = config("collection");
/** The key of the list in its answer. */
const ITEMS = COLLECTION.split("/").pop();
const PAGE = 20;
const LARGEST_PAGE = 100;

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
  redraw();
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

// One listener for all links to rows: opened here, unless the browser was asked otherwise.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link.dataset.open);
});
$("older").addEventListener("click", fetchOlder);
setInterval(() => document.visibilityState === "visible" && fetchList(), EVERY);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && fetchList());

begin({ about: (id) => list.items.find((item) => item.id === id), closed: fetchList });
fetchList();
