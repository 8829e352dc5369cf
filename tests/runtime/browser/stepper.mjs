// The element on a page of three lines: live, in any direction, and as any page wants it.
import assert from "node:assert/strict";
import { BASE, axe, end, report, scrollsSideways, start, text, until, window } from "./lib.mjs";

const order = await start("/api/orders", {});
const page = await window({ timezoneId: "Asia/Tokyo" });
await page.goto(`${BASE}/three-lines?${order.id}`);
const STEPS = "phasegate-stepper [part~=step]";
const shown = (where = "") => () =>
  page.$$eval(`${where} ${STEPS}`, (items) =>
    items.map((item) => `${item.ariaCurrent === "step" ? "*" : ""}${item.querySelector("[part=title]").textContent}: ${item.querySelector("[part=view]").textContent}`),
  );
const named = JSON.parse(process.env.WALK);
for (const [status, expected] of named) {
  if (status !== "") await report(order, { status, job: "j", run_id: "1", run_attempt: 1 });
  await until(shown(), expected);
}
// A page of three lines has no landmarks and no heading; that is not the element's.
const OF_THE_PAGE = /^(landmark-one-main|page-has-heading-one|region): /;
await until(async () => (await axe(page)).filter((found) => !OF_THE_PAGE.test(found)), []);

// Recorded times, in the reader's time zone, with UTC at hand.
const whole = await (await fetch(`${BASE}${order.path}`)).json();
const at = "2026-03-04T10:00:00.000Z";
const events = whole.events.map((event, place) => ({ ...event, at: new Date(Date.parse(at) + place * 61_000).toISOString() }));
const still = { ...whole, events };
await page.evaluate((snapshot) => {
  const stepper = document.querySelector("phasegate-stepper");
  stepper.removeAttribute("events");
  stepper.snapshot = snapshot;
}, still);
const times = () => page.$$eval(`${STEPS} [part=time]`, (nodes) => nodes.map((node) => node.textContent).filter(Boolean));
await until(async () => (await times()).every((time) => /^took (\d+ min )?\d+ s$/.test(time)) && (await times()).length > 0, true);
const open = { ...still, status: events[1].to, seq: 2, events: events.slice(0, 2) };
await page.evaluate((snapshot) => (document.querySelector("phasegate-stepper").snapshot = snapshot), open);
await until(times, ["since 2026-03-04 19:01:01"]);
assert.equal(await page.$eval(`${STEPS} [part=time][title]`, (node) => node.title), "2026-03-04 10:01:01 UTC");

// Colours are the page's own, and so are the names that it has for them.
const colour = await page.evaluate(() => {
  document.documentElement.style.setProperty("--active", "rgb(9, 9, 9)");
  const stepper = document.querySelector("phasegate-stepper");
  stepper.style.setProperty("--phasegate-active", "var(--active)");
  return getComputedStyle(stepper.shadowRoot.querySelector("[aria-current] [part=badge]")).borderTopColor;
});
assert.equal(colour, "rgb(9, 9, 9)");

// Texts are the page's own, as many of them as it wants.
await page.evaluate(() => (document.querySelector("phasegate-stepper").strings = { active: "läuft", since: "seit {time}" }));
await until(async () => (await shown()()).some((step) => step.endsWith(": läuft")), true);
await until(times, ["seit 2026-03-04 19:01:01"]);

// A snapshot as an attribute, a map of another address, a second element: all in any look.
for (const look of [{ dir: "rtl" }, { vertical: "" }, { compact: "" }, { dir: "rtl", vertical: "" }]) {
  const places = await page.evaluate(async ([attributes, snapshot]) => {
    document.querySelector("#other")?.remove();
    const other = document.createElement("phasegate-stepper");
    other.id = "other";
    other.setAttribute("machine", "order.js");
    other.setAttribute("snapshot", JSON.stringify(snapshot));
    for (const [name, value] of Object.entries(attributes)) other.setAttribute(name, value);
    const drawn = new Promise((resolve) => other.addEventListener("phasegate-change", ({ detail }) => resolve(detail.view.steps.length)));
    document.body.append(other);
    const count = await drawn;
    const boxes = [...other.shadowRoot.querySelectorAll("[part~=step]")].map((node) => node.getBoundingClientRect());
    return { count, x: boxes.map(({ right }) => right), y: boxes.map(({ top }) => top) };
  }, [look, open]);
  assert.equal(places.count, named[0][1].length);
  const falls = (list) => list.every((value, place) => place === 0 || value < list[place - 1]);
  const rises = (list) => list.every((value, place) => place === 0 || value > list[place - 1]);
  if ("vertical" in look) assert.ok(rises(places.y), `not one below the other: ${JSON.stringify([look, places])}`);
  else assert.ok(look.dir ? falls(places.x) : rises(places.x), `not in the direction of reading: ${JSON.stringify([look, places])}`);
}
await page.setViewportSize({ width: 320, height: 700 });
assert.equal(await scrollsSideways(page), false);

// A property that was set before the element was known is taken.
const early = await page.evaluate(async (snapshot) => {
  const late = document.createElement("phasegate-stepper");
  late.snapshot = snapshot;
  late.setAttribute("machine", "no-such.js");
  return [late.snapshot.id, late.view];
}, open);
assert.deepEqual(early, [open.id, null]);

// What has changed is read out at most once a second, however much comes.
const spoken = await page.evaluate(async ([snapshot, all]) => {
  const stepper = document.querySelector("phasegate-stepper");
  const live = stepper.shadowRoot.querySelector("[role=status]");
  let said = 0;
  let drawn = 0;
  new MutationObserver(() => (said += 1)).observe(live, { childList: true, characterData: true, subtree: true });
  stepper.addEventListener("phasegate-change", () => (drawn += 1));
  let frames = 0;
  const count = () => {
    frames += 1;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  for (let round = 0; round < 200; round += 1) {
    const many = all.slice(0, 1 + (round % all.length));
    for (let again = 0; again < 5; again += 1) stepper.snapshot = { ...snapshot, status: many.at(-1).to, seq: many.length, events: many };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { said, isOneAFrame: drawn <= frames + 2, drawn };
}, [open, events]);
assert.ok(spoken.isOneAFrame && spoken.drawn > 1, JSON.stringify(spoken));
assert.ok(spoken.said <= 5, `read out ${spoken.said} times`);
await end(page);
