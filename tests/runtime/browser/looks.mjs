// Every view there is, in light and dark, wide, at 320 px, at twice the size and on paper: nothing scrolls
// sideways, axe finds nothing, and no text of a table or a row is taken for anything but text.
// The table is the oddest there is, and the page was not written for it.
import assert from "node:assert/strict";
import { BASE, audit, axe, end, report, scrollsSideways, start, steps, text, until, window } from "./lib.mjs";

const [CHECKING, CHECKED, RUNNING, DONE, FAILED, OFF] = ["constructor", "it's \"ok\" \\ `|` ${{ x }}", "läuft 走 🚀", "null", "toString", "</script>"];
const READY = "Ready | `set`";
const rows = [
  [[], [`${READY}: upcoming`, "Go: upcoming"]],
  [[{ status: CHECKING }], [`*${READY}: in progress`, "Go: upcoming"]],
  [[{ status: CHECKED }, { status: RUNNING }], [`${READY}: done`, "*Go: in progress"]],
  [[{ status: RUNNING }], [`${READY}: not reported`, "*Go: in progress"]],
  [[{ status: CHECKING }, { status: FAILED, attempted: CHECKING }], [`${READY}: failed`, "Go: not reached"]],
  [[{ status: CHECKING }, { status: OFF, attempted: CHECKING }], [`${READY}: cancelled`, "Go: not reached"]],
  [[{ status: RUNNING }, { status: DONE }], [`${READY}: not reported`, "Go: done"]],
];
const looks = [
  { colorScheme: "light" },
  { colorScheme: "dark" },
  { colorScheme: "light", viewport: { width: 320, height: 640 } },
  { colorScheme: "dark", viewport: { width: 550, height: 450 }, deviceScaleFactor: 2 },
  { forcedColors: "active", rtl: true },
  { colorScheme: "dark", print: true },
];

const long = "x".repeat(250);
const started = [];
for (const [reports] of rows) {
  const row = await start("/api/odds", { ref: `<i>${long}`, requested_by: long, reason: "</textarea><b>" });
  for (const [at, one] of reports.entries()) await report(row, { ...one, job: "check", run_id: "1", run_attempt: 1, event_id: `e${at}` });
  started.push(row);
}
const pages = [];
for (const { rtl, print, ...look } of looks) {
  const page = await window(look);
  if (print) await page.emulateMedia({ media: "print" });
  pages.push(page);
  if (rtl) await page.addInitScript(() => addEventListener("DOMContentLoaded", () => (document.documentElement.dir = "rtl")));
  await page.goto(BASE);
  await until(() => page.$$eval("#list > li", (items) => items.length), rows.length);
  assert.equal(await text(page, "#list strong")(), `<i>${long}`);
  assert.equal(await page.title(), "Odds");
  const lines = await page.$$eval("#list .what > *", (nodes) => nodes.map((node) => Math.round(node.clientHeight / Number.parseFloat(getComputedStyle(node).lineHeight))));
  assert.ok(Math.max(...lines) === 2, `a long text takes ${lines} lines`);
  assert.deepEqual(await axe(page), []);
  assert.equal(await scrollsSideways(page), false, `the list scrolls sideways: ${JSON.stringify(look)}`);
  for (const [at, [, expected]] of rows.entries()) {
    await page.goto(`${BASE}/?odd=${started[at].id}`);
    await until(steps(page), expected);
    await until(text(page, "#watch-title"), `<i>${long}`);
    assert.deepEqual(await axe(page), [], JSON.stringify([look, expected]));
    assert.equal(await scrollsSideways(page), false, `the modal scrolls sideways: ${JSON.stringify([look, expected])}`);
    // Who asked for less motion gets none.
    const moving = await page.$$eval("#watch [part=badge]", (badges) => badges.map((badge) => getComputedStyle(badge, "::before").animationName));
    assert.deepEqual(new Set(moving), new Set(["none"]));
    // Each view is told apart by its icon and its text, whatever colours are seen.
    for (const step of await page.$$("#watch [part~=step]")) {
      const view = await step.getAttribute("data-view");
      assert.equal(await step.$eval("svg", (icon) => icon.dataset.icon), view);
    }
  }
}
const [page] = pages;
assert.deepEqual((await audit(page)()).at(-1), "New");
await page.goto(BASE);
await page.click("#start-open");
assert.equal(await text(page, "#start-title")(), 'New odd "one" | <b>&amp;</b>');
assert.deepEqual(await axe(page), []);
await end(...pages);
