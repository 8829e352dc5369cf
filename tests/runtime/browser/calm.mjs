// The page keeps what people do with it: a selection, the focus, a token, a place; and it tells who
// looks at a tab, prints it or reads from right to left the same as everyone.
import assert from "node:assert/strict";
import { BASE, end, report, scrollsSideways, start, steps, text, until, window } from "./lib.mjs";

const page = await window();
await page.clock.install();
const deploy = await start("/api/deploys", { ref: "main" });
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await report(deploy, { status: "smoke_running", run_id: "7", run_url: "https://ci.example/7" });
await until(text(page, "#watch [part=status]"), "Smoke running");

// The tab says the state, by its text and its picture, and no more once the dialog is closed.
await until(() => page.title(), "Smoke running: main - Deploys");
assert.equal(await page.getAttribute("#icon", "href"), "icon-active.svg");

// A selected id stays selected, and a focused link focused, while other facts change.
await until(() => page.$$eval("[data-fact=Workflow] a", (links) => links.length), 1);
await page.$eval("[data-fact=Id] code", (node) => getSelection().selectAllChildren(node));
await page.focus("[data-fact=Workflow] a");
await page.evaluate(() => (globalThis.held = document.activeElement));
await page.$eval("[data-fact=Id] code", (node) => getSelection().selectAllChildren(node));
await page.clock.runFor(30_000);
await report(deploy, { status: "smoke_passed", run_id: "7", run_url: "https://ci.example/7" });
await until(text(page, "#watch [part=status]"), "Smoke passed");
assert.equal(await page.evaluate(() => String(getSelection())), deploy.id);
assert.equal(await page.evaluate(() => document.activeElement === globalThis.held && globalThis.held.isConnected), true);

// Between two phases nothing is in progress: no dot says so.
assert.equal(await page.getAttribute("#watch [part=status]", "data-view"), "between");

// The head stays where it is while the dialog grows.
const top = () => page.$eval("#watch", (dialog) => dialog.getBoundingClientRect().top);
const before = await top();
for (const status of ["freeze_checking", "freeze_passed", "building", "deploying", "health_checking"]) await report(deploy, { status });
await until(text(page, "#watch [part=status]"), "Health checking");
assert.equal(await top(), before);
await report(deploy, { status: "failed", attempted: "health_checking" });
await until(text(page, "#watch [part~=alert]"), "Failed in Health check.");
assert.equal(await page.getAttribute("#icon", "href"), "icon-failed.svg");
// A failure is said once: by the alert.
await page.clock.runFor(5_000);
assert.doesNotMatch(await text(page, "#watch phasegate-stepper [role=status]")(), /Failed/);
await page.keyboard.press("Escape");
await until(() => page.title(), "Deploys");
await until(() => page.getAttribute("#icon", "href"), "icon.svg");

// What an operator reads has no fingerprint, no name of code and no exception in it.
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await until(() => page.$$eval("#watch-audit .why", (nodes) => nodes[0]?.textContent), "with the row's token · while it was at Health checking");

// From right to left a time reads as it does from left to right.
await page.evaluate(() => (document.documentElement.dir = "rtl"));
const isolated = await page.$$eval("#watch time, #list time", (nodes) => nodes.map((node) => [node.dir, getComputedStyle(node).unicodeBidi]));
assert.ok(isolated.length > 2 && isolated.every(([dir, bidi]) => dir !== "" && bidi === "isolate"), JSON.stringify(isolated));
assert.equal(await scrollsSideways(page), false);
await page.evaluate(() => document.documentElement.removeAttribute("dir"));

// On paper each step has its mark, and nothing to press.
await page.emulateMedia({ media: "print" });
const marks = await page.$$eval("#watch [part=badge] svg", (icons) => icons.map((icon) => icon.getBoundingClientRect().width > 0 && getComputedStyle(icon.parentElement).printColorAdjust));
assert.deepEqual(marks, Array(4).fill("exact"));
assert.equal(await page.isVisible("#watch .close"), false);
await page.emulateMedia({ media: "screen" });

// A row beyond the first page has its title, too.
for (let at = 0; at < 25; at += 1) await start("/api/deploys", { ref: `later-${at}` });
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await until(text(page, "#watch-title"), "main");

// Slow is not unknown, and unknown is no empty skeleton.
let answer;
const held = new Promise((resolve) => (answer = resolve));
await page.route("**/events", async (route) => {
  await held;
  await route.continue();
});
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await until(() => page.isVisible("#watch [part=loading]"), true);
assert.equal(await page.isVisible("#watch [part=steps]"), false);
assert.equal(await page.isVisible("#watch-history"), false);
answer();
await until(async () => (await steps(page)()).length, 4);
await page.unroute("**/events");
await page.goto(`${BASE}/?deploy=no-such-deploy`);
await until(text(page, "#watch [part=line]"), "There is no deploy with this id.");
assert.equal(await page.isVisible("#watch [part=loading]"), false);
assert.equal(await page.isVisible("#watch-history"), false);
await page.keyboard.press("Escape");

// The start: what is too long can't be typed; what is refused is said at its field, and keeps the focus.
await page.click("#start-open");
await page.fill("[name=ref]", "x".repeat(300));
assert.equal((await page.inputValue("[name=ref]")).length <= 300, true);
await page.$eval("[name=ref]", (field) => field.removeAttribute("maxlength"));
await page.fill("[name=ref]", "x".repeat(5000));
await page.click("#start-send");
await until(text(page, "#start-problem"), "Not started: a text of 5000 bytes, where 4096 are the most");
assert.deepEqual(await page.evaluate(() => [document.activeElement.name, document.activeElement.getAttribute("aria-invalid"), document.activeElement.getAttribute("aria-describedby")]), ["ref", "true", "start-problem"]);
await page.fill("[name=ref]", "double");
// A double click starts one, however slow the answer is.
let sent = 0;
await page.route("**/api/deploys", async (route) => {
  sent += 1;
  await new Promise((resolve) => setTimeout(resolve, 500));
  await route.continue();
});
await page.$eval("#start-send", (button) => [1, 2].forEach(() => button.click()));
await page.waitForSelector("#start-done:not([hidden])");
const [id, token] = await page.$$eval("#start-inputs code", (nodes) => nodes.map((node) => node.textContent));
const { deploys } = await (await fetch(`${BASE}/api/deploys?limit=2`)).json();
assert.deepEqual([sent, ...deploys.map(({ columns }) => columns.ref)], [1, "double", "later-24"]);
// The buttons that copy are whole, wide and narrow.
for (const width of [1440, 320]) {
  await page.setViewportSize({ width, height: 800 });
  const lines = await page.$$eval(".copy", (buttons) => buttons.filter((button) => button.checkVisibility()).map((button) => button.getClientRects().length === 1 && button.scrollWidth <= button.clientWidth && button.clientHeight < 45));
  assert.ok(lines.length >= 2 && lines.every(Boolean), `a Copy button breaks at ${width}`);
}
// The token is not lost by a key; who wants to may go.
for (const leave of [() => page.keyboard.press("Escape"), () => page.click("#start .close"), () => page.click("#start-watch")]) {
  await leave();
  await until(text(page, "#start-unsaved"), "The token was not copied, and is not shown again.");
  assert.equal(await page.$eval("#start-inputs", (list, token) => list.textContent.includes(token), token), true);
}
await page.click("#start-leave");
await until(() => page.$eval("#start", (dialog) => dialog.open), false);
await until(() => page.evaluate((token) => document.documentElement.outerHTML.includes(token), token), false);
assert.notEqual(id, "");

// Without script there is nothing dead to press.
const plain = await window({ javaScriptEnabled: false });
await plain.goto(BASE);
assert.equal(await plain.isVisible("#start-open"), false);
await end(page);
