// The element as pages of all kinds have it: under a strict policy, in a form, in a shadow tree, twice, in a frame,
// moved, with other attributes and other words while it lives, and on a page that is lighter than the system.
import assert from "node:assert/strict";
import { BASE, axe, end, line, report, start, until, window } from "./lib.mjs";

const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";
const run = { job: "j", run_id: "1", run_attempt: 1 };
const [one, other] = [await start("/api/orders", {}), await start("/api/orders", {})];
await report(other, { status: "authorising", ...run });
const UPCOMING = ["Payment: upcoming", "Delivery: upcoming"];
const PAYING = ["*Payment: in progress", "Delivery: upcoming"];
const PAID = ["Payment: done", "Delivery: upcoming"];

const HTML = `<!doctype html><html lang="en"><title>Order</title><script type="module" src="order-stepper.js"></script>
<form><label>Note <input name="note" value="x"></label><phasegate-stepper id="one" events="${one.path}/events"></phasegate-stepper></form>
<phasegate-stepper id="other" events="${other.path}/events"></phasegate-stepper><div id="host"></div>`;
const page = await window();
const serve = (path, body) => page.route(`${BASE}${path}`, (route) => route.fulfill({ contentType: "text/html", headers: { "content-security-policy": POLICY }, body }));
await serve("/embedded", HTML);
await serve("/framed", `<!doctype html><html lang="en"><title>Frame</title><iframe title="Order" src="/three-lines?${other.id}"></iframe>`);
await page.goto(`${BASE}/embedded`);

const read = (items) => items.map((item) => `${item.ariaCurrent === "step" ? "*" : ""}${item.querySelector("[part=title]").textContent}: ${item.querySelector("[part=view]").textContent}`);
const shown = (id, where = page) => () => where.$$eval(`${id} [part~=step]`, read);
await until(shown("#one"), UPCOMING);
await until(shown("#other"), PAYING);
assert.deepEqual(await page.$eval("form", (form) => [...new FormData(form)]), [["note", "x"]]);

// In the shadow of another element, where a page's components have it.
await page.$eval("#host", (host, events) => {
  const stepper = document.createElement("phasegate-stepper");
  stepper.setAttribute("events", events);
  host.attachShadow({ mode: "open" }).append(stepper);
}, `${other.path}/events`);
await until(shown("#host phasegate-stepper"), PAYING);

// Moved within its page it shows on what it has, and reads nothing out again.
const moved = await page.$eval("#one", (stepper) => {
  const live = stepper.shadowRoot.querySelector("[role=status]");
  globalThis.said = [];
  new MutationObserver(() => globalThis.said.push(live.textContent)).observe(live, { childList: true, characterData: true, subtree: true });
  document.body.append(stepper);
  return [stepper.snapshot?.seq, [...stepper.shadowRoot.querySelectorAll("[part~=step]")].every((step) => step.checkVisibility())];
});
assert.deepEqual(moved, [1, true]);
await report(one, { status: "authorising", ...run });
await until(shown("#one"), PAYING);
await until(() => page.evaluate(() => globalThis.said), ["Authorising. Payment: in progress."]);

// Attributes change while it lives: another row and back, no map and the own one again, no snapshot any more.
const set = (id, name, value) => page.$eval(id, (stepper, [name, value]) => (value === null ? stepper.removeAttribute(name) : stepper.setAttribute(name, value)), [name, value]);
await report(one, { status: "paid", ...run });
await set("#other", "events", `${one.path}/events`);
await until(shown("#other"), PAID);
await set("#other", "events", `${other.path}/events`);
await until(shown("#other"), PAYING);
const visible = (id) => page.$$eval(`${id} [part]`, (parts) => parts.filter((part) => part.checkVisibility() && ["older", "steps", "loading"].includes(part.part.value)).map((part) => part.part.value));
await set("#other", "machine", "no-such.js");
await until(() => visible("#other"), ["older"]);
assert.match(await page.$eval("#other [part=older]", (node) => node.textContent), /^The steps cannot be shown/);
await set("#other", "machine", null);
await until(() => visible("#other"), ["steps"]);
await until(shown("#other"), PAYING);
const snapshot = await (await fetch(`${BASE}${one.path}`)).text();
await set("#other", "events", null);
await set("#other", "snapshot", snapshot);
await until(shown("#other"), PAID);
await set("#other", "snapshot", null);
await until(() => visible("#other"), []);
// Frameworks set properties where there are some, and texts among them.
const put = (id, properties) => page.$eval(id, (stepper, properties) => void Object.assign(stepper, properties), properties);
await put("#other", { snapshot, machine: "order.js", vertical: true, compact: true });
await until(shown("#other"), PAID);
const attributes = () => page.$eval("#other", (stepper) => stepper.getAttributeNames().filter((name) => name !== "id"));
assert.deepEqual(await attributes(), ["machine", "vertical", "compact"]);
await put("#other", { snapshot: null, events: `${other.path}/events`, vertical: false, compact: false });
await until(shown("#other"), PAYING);
assert.deepEqual(await attributes(), ["machine", "events"]);
await put("#other", { events: null });
await until(() => visible("#other"), []);

await page.goto(`${BASE}/framed`);
await until(async () => (page.frames()[1] ? shown("phasegate-stepper", page.frames()[1])() : null), PAYING);
assert.deepEqual(page.complaints.filter((said) => !/no-such\.js|404/.test(said)), []);

// Other words, given while it lives, are those of its line, too, and are no news to who listens.
const wire = line(new URL(BASE));
const port = await wire.open(0);
await page.goto(`http://127.0.0.1:${port}/three-lines?${other.id}`);
await until(shown("phasegate-stepper"), PAYING);
const live = () => page.$eval("phasegate-stepper [role=status]", (node) => node.textContent);
await until(live, "Authorising. Payment: in progress. Delivery: upcoming.");
await page.$eval("phasegate-stepper", (stepper) => {
  const live = stepper.shadowRoot.querySelector("[role=status]");
  globalThis.said = [];
  new MutationObserver(() => globalThis.said.push(live.textContent)).observe(live, { childList: true, characterData: true, subtree: true });
  stepper.strings = { active: "läuft", lost: "Getrennt um {time}.", unreachable: "Getrennt um {time}." };
  stepper.strings = stepper.strings;
});
await until(shown("phasegate-stepper"), ["*Payment: läuft", "Delivery: upcoming"]);
await wire.cut();
await until(async () => (await page.$eval("phasegate-stepper [part=line]", (node) => node.textContent)).replace(/[\d:]+/, "TIME"), "Getrennt um TIME.");
await until(async () => (await live()).replace(/[\d:]+/, "TIME"), "Getrennt um TIME.");
assert.equal((await page.evaluate(() => globalThis.said)).length, 1);

// It is dark where the page is, and not where only the system is.
const OF_THE_PAGE = /^(landmark-one-main|page-has-heading-one|region): /;
const dark = await window({ colorScheme: "dark" });
await dark.goto(`${BASE}/three-lines?${other.id}`);
await until(shown("phasegate-stepper", dark), PAYING);
const tone = () => dark.$eval("phasegate-stepper [aria-current] [part=badge]", (badge) => getComputedStyle(badge).color);
for (const [scheme, colour] of [["", "rgb(36, 80, 200)"], ["light dark", "rgb(143, 176, 255)"], ["only light", "rgb(36, 80, 200)"]]) {
  // axe takes a page without a background for white.
  await dark.evaluate((scheme) => {
    document.documentElement.style.colorScheme = scheme;
    document.body.style.background = "Canvas";
  }, scheme);
  await until(tone, colour);
  assert.deepEqual((await axe(dark)).filter((found) => !OF_THE_PAGE.test(found)), [], scheme);
}
await end(dark);
