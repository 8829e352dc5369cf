// The picture of the table, marked with what was reported of the row.
import { $, config, element, write } from "./dom.js";
import * as map from "./status-map.js";

/** How long the picture is waited for, in milliseconds. */
const LIMIT = 10_000;

/** The picture, once somebody opened it. */
let picture = null;
/** The row's transitions, and the state that it is in. */
let row = null;

const box = $("watch-picture");
box.addEventListener("toggle", async () => {
  if (!box.open || picture) return;
  try {
    const answer = await fetch(config("picture"), { signal: AbortSignal.timeout(LIMIT) });
    if (!answer.ok || answer.headers.get("content-type") !== "image/svg+xml") throw new Error("no picture");
    const read = new DOMParser().parseFromString(await answer.text(), "image/svg+xml");
    picture = document.importNode(read.documentElement, true);
    box.querySelector("div").replaceChildren(picture);
    mark();
  } catch {
    box.querySelector("div").replaceChildren(element("p", { class: "hint" }, "The picture cannot be read now. Close it and open it again."));
  }
});

/** Shows what a row has reached; without a row nothing is shown. */
export function drawPicture(snapshot) {
  row = snapshot;
  box.hidden = config("picture") === "" || snapshot === null;
  if (snapshot === null) box.open = false;
  if (picture && snapshot) mark();
}

const nameOf = (value) => map.states[value]?.name;

/** A state or step that this page's table does not have is in no picture of it. */
function mark() {
  const events = row.events ?? [];
  const reached = new Set(events.map(({ to }) => nameOf(to)));
  const taken = new Set(events.filter(({ from }) => from != null).map(({ from, to }) => `${nameOf(from)} ${nameOf(to)}`));
  for (const state of picture.querySelectorAll("[data-state]")) {
    const name = state.dataset.state;
    state.classList.toggle("reached", reached.has(name));
    state.classList.toggle("current", name === nameOf(row.status));
  }
  for (const step of picture.querySelectorAll("[data-step]")) step.classList.toggle("taken", taken.has(step.dataset.step));
  const titles = [...picture.querySelectorAll(".reached")].map((state) => state.querySelector("title").textContent);
  write(picture.querySelector("desc") ?? picture.appendChild(document.createElementNS(picture.namespaceURI, "desc")), `Reached: ${titles.join(", ")}.`);
}
