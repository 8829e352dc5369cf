// The modal: one row, live from its event stream. What is shown comes from `stepper.js` alone.
import { $, call, clock, config, element, icon, write, ageNode } from "./dom.js";
import { follow } from "./line.js";
import * as map from "./status-map.js";
import { auditOf, changesOf, next, viewOf } from "./stepper.js";

/** The key in the address that names the row to open. */
const PARAM = map.machine;

const address = (id) => `${config("collection")}/${encodeURIComponent(id)}`;

/** The page's address with the modal open on a row. */
export const linkTo = (id) => `?${new URLSearchParams({ [PARAM]: id })}`;

let watched = null;

/** Opens the modal where the address asks for it, now and whenever it changes. */
export function begin() {
  addEventListener("popstate", followAddress);
  followAddress();
}

/** What the list knows has changed. */
export function redraw() {
  if (watched?.snapshot) draw(watched);
}

/** Opens the modal on a row, and says so in the address. */
export function open(id) {
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
  const mine = { id, snapshot: null, shown: null, line: null, kind: null };
  watched = mine;
  write($("watch-title"), id);
  for (const part of ["live", "alert", "summary"]) write($(`watch-${part}`), "");
  for (const part of ["state", "steps", "facts", "audit"]) $(`watch-${part}`).replaceChildren();
  $("watch-older").hidden = true;
  $("watch-log").hidden = true;
  $("watch-log").open = false;
  if (!$("watch").open) $("watch").showModal();
  $("watch-title").focus();
  $("watch").scrollTop = 0;
  const on = { snapshot: (snapshot) => take(mine, snapshot), transition: (event) => move(mine, event) };
  mine.line = follow(`${address(id)}/events`, address(id), on, (line) => say(mine, line));
}

function unwatch() {
  watched.line.close();
  watched = null;
}

$("watch").addEventListener("close", () => {
  if (!watched) return;
  unwatch();
  // Back to the list: the way that led here, where this page came that way.
  if (history.state?.opened) history.back();
  else history.replaceState(null, "", location.pathname);
  if (document.activeElement === document.body) $("heading").focus();
});

$("watch-reload").addEventListener("click", () => location.reload());

function move(mine, event) {
  const snapshot = mine.snapshot && next(mine.snapshot, event);
  if (snapshot === mine.snapshot && snapshot !== null) return;
  if (snapshot) take(mine, snapshot);
  // The link to the run, the log and what the backend says of a state travel with the snapshot alone.
  refresh(mine);
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
  } catch {
    // The line says what is wrong, and a break of it brings the whole snapshot.
  }
}

/** What becomes of the line, in words; what is shown is dimmed while nothing is heard. */
function say(mine, { kind, words }) {
  const wasDown = mine.kind !== null && !["opening", "live"].includes(mine.kind);
  mine.kind = kind;
  const noun = map.title.toLowerCase();
  let text = words;
  if (kind === "live" && wasDown) text = "Connected again.";
  if (kind === "gone") text = mine.snapshot ? `This ${noun} is gone: it was deleted. ${words}` : `There is no ${noun} with this id.`;
  const isDown = !["opening", "live"].includes(kind);
  $("watch").toggleAttribute("data-stale", isDown);
  $("watch-connection").hidden = text === "";
  $("watch-connection").toggleAttribute("data-lost", isDown);
  write($("watch-connection"), text);
  if (text !== "") write($("watch-live"), text);
  if (text === "Connected again.") refresh(mine);
}

function draw(mine) {
  const { snapshot } = mine;
  const view = viewOf(map, snapshot);
  const changes = changesOf(mine.shown, view);
  mine.shown = view;

  write($("watch-title"), snapshot.columns?.ref || snapshot.id);
  $("watch-state").dataset.view = view.status.view;
  if ($("watch-state").textContent !== view.status.title) {
    $("watch-state").replaceChildren(icon(view.status.view), element("span", {}, view.status.title));
  }
  drawSteps(view.steps);
  $("watch-older").hidden = view.status.known;
  const failed = view.status.state.outcome === "failure";
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
  const { requested_by, reason } = snapshot.columns ?? {};
  const facts = [];
  const fact = (name, ...said) => facts.push(element("div", {}, element("dt", {}, name), element("dd", {}, ...said)));
  const at = snapshot.last_report_at;
  if (at) fact("Last report", ageNode(at), `, ${clock(at)}`);
  const late = snapshot.overdue_since;
  if (late) fact("Longer here than usual", `since ${clock(late)}`);
  const run = snapshot.events?.findLast(({ run_id }) => run_id);
  const link = safeLink(snapshot.run_url);
  if (link) {
    const name = run ? `Run ${run.run_id}${run.run_attempt > 1 ? `, attempt ${run.run_attempt}` : ""}` : "Workflow run";
    fact("Workflow", element("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, name, element("span", { class: "hidden-text" }, " (opens in a new tab)")));
  }
  if (requested_by) fact("Requested by", requested_by);
  if (reason) fact("Reason", reason);
  fact("Id", element("code", {}, snapshot.id));
  if (snapshot.table && snapshot.table !== map.fingerprints.table) {
    fact("Tables", `The backend goes by table ${snapshot.table}, this page by ${map.fingerprints.table}.`);
  }
  // How long ago something was is told anew by itself.
  const said = JSON.stringify([snapshot.last_report_at, late, snapshot.run_url, run?.run_id, run?.run_attempt, requested_by, reason, snapshot.table]);
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
  const said = entry.from === null
    ? [element("strong", {}, entry.to)]
    : [entry.from, " ", ...arrow(), " ", element("strong", {}, entry.to)];
  const notes = entry.notes.join(" · ");
  return element("li", { role: "listitem", "data-key": entry.key, "data-view": entry.view, "data-kind": entry.kind },
    element("time", { datetime: entry.at }, clock(entry.at)),
    element("span", { class: "badge", "data-view": entry.view }, icon(entry.view)),
    element("span", { class: "what" }, element("span", { class: "said" }, ...said), element("span", { class: "why" }, notes)),
  );
}
