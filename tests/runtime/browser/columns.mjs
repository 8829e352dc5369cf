// A row is started with columns of every type; what one does not take is said at its field, before anything is
// stored. The table has no phases and no ends: all else works without them.
import assert from "node:assert/strict";
import { BASE, audit, axe, end, report, scrollsSideways, text, until, window } from "./lib.mjs";

const page = await window();
await page.goto(BASE);
await page.click("#start-open");
const labels = () => page.$$eval("#start-form label", (all) => all.map((label) => label.textContent));
assert.deepEqual(await labels(), ["Title", "Budgeta whole number", "Duea moment, as 2026-01-31T12:00:00Z", "MoreJSON, or a text"]);
assert.deepEqual(await axe(page), []);
const given = { title: "تذكرة", budget: "12", due: "2026-03-01T01:30:00+02:00", more: '{"a": [1]}' };
const wrong = [
  ["budget", "1.5", /^Not started: /],
  ["due", "tomorrow", /^Not started: /],
  ["more", '{"a": ', /^Not started: this is no JSON \(/],
];
for (const [name, value, said] of wrong) {
  for (const [field, text] of Object.entries({ ...given, [name]: value })) await page.fill(`[name=${field}]`, text);
  await page.click("#start-send");
  await until(() => page.evaluate(() => [document.activeElement.name, document.activeElement.getAttribute("aria-invalid")]), [name, "true"]);
  assert.match(await text(page, "#start-problem")(), said);
  assert.equal(await page.inputValue(`[name=${name}]`), value);
}
await page.fill("[name=more]", given.more);
await page.click("#start-send");
await page.waitForSelector("#start-done:not([hidden])");
const { tickets } = await (await fetch(`${BASE}/api/tickets`)).json();
assert.deepEqual(tickets.map(({ columns }) => columns), [{ title: given.title, budget: 12, due: "2026-02-28T23:30:00.000Z", more: { a: [1] } }]);

// Without phases there are no steps, and the rest is as ever.
const [id, token] = await page.$$eval("#start-inputs code", (nodes) => nodes.map((node) => node.textContent));
await page.click("[aria-label='Copy callback_token']");
await page.click("#start-watch");
await until(text(page, "#watch [part=status]"), "جديد (١)");
await report({ path: `/api/tickets/${id}`, token }, { status: "open" });
await until(text(page, "#watch [part=status]"), "قيد المعالجة");
await until(audit(page), ["جديد (١) → to قيد المعالجة", "جديد (١)"]);
assert.equal(await page.isVisible("#watch [part=steps]"), false);
assert.deepEqual(await axe(page), []);
for (const width of [1100, 320]) {
  await page.setViewportSize({ width, height: 700 });
  assert.equal(await scrollsSideways(page), false);
}
await end(page);
