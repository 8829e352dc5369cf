// The simulator: the states of a row, reported by hand, what is legal next and what is not.
import { $, arrange, call, config, element, write } from "./dom.js";
import * as map from "./status-map.js";

/** The row, and the tokens that were given out here. */
let row = null;
const tokens = new Map();
let refused = () => {};

const address = (id) => `${config("collection")}/${encodeURIComponent(id)}`;
const JSON_BODY = { "content-type": "application/json" };

async function tokenOf(id) {
  if (!tokens.has(id)) {
    const { callback_token: token } = await call(`${address(id)}/token`, { method: "POST", headers: JSON_BODY, body: "{}" });
    tokens.set(id, token);
  }
  return tokens.get(id);
}

async function report(status) {
  const { id } = row;
  write($("watch-simulated"), "");
  try {
    const headers = { ...JSON_BODY, authorization: `Bearer ${await tokenOf(id)}` };
    // Each is a report of its own, also of a state that was reported before.
    const body = JSON.stringify({ status, job: "by hand", event_id: `by-hand-${Date.now()}-${Math.random()}` });
    await call(`${address(id)}/callbacks`, { method: "POST", headers, body });
  } catch (problem) {
    // Another window may have a newer token.
    if (problem.status === 401) tokens.delete(id);
    write($("watch-simulated"), problem.message);
    refused();
  }
}

$("watch-other").addEventListener("submit", (event) => {
  event.preventDefault();
  report($("watch-other").querySelector("select").value);
});
$("watch-other").querySelector("select").append(...map.stateList.map(({ value, title }) => element("option", { value }, title)));

/** Offers what is legal from where the row is; `look` reads what was refused. */
export function offer(snapshot, look) {
  if (snapshot.id !== row?.id) write($("watch-simulated"), "");
  row = snapshot;
  refused = look;
  const box = $("watch-next");
  const had = new Map([...box.children].map((node) => [node.dataset.to, node]));
  const legal = map.transitions[snapshot.status] ?? [];
  arrange(box, legal.map((to) => {
    if (had.has(to)) return had.get(to);
    const button = element("button", { type: "button", class: "button", "data-to": to }, map.states[to].title);
    button.addEventListener("click", () => report(to));
    return button;
  }));
  $("watch-simulate").hidden = false;
}
