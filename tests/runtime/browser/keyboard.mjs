// Everything can be done with the keyboard alone, and the focus goes back to where it came from.
import assert from "node:assert/strict";
import { BASE, end, start, text, until, window } from "./lib.mjs";

const deploys = [];
for (let at = 0; at < 25; at += 1) deploys.push(await start("/api/deploys", { ref: `ref-${at}` }));
const page = await window();
await page.goto(BASE);
await until(() => page.$$eval("#list > li", (rows) => rows.length), 20);

const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.open || document.activeElement.textContent);
const tab = async (expected, key = "Tab") => {
  await page.keyboard.press(key);
  assert.equal(await focused(), expected);
};
await tab("start-open");
await tab("filter-text");
await tab("filter-which");
await tab(deploys[24].id);
await tab(deploys[23].id);
await page.keyboard.press("Enter");
await until(text(page, "#watch-title"), "ref-23");
assert.equal(await focused(), "watch-title");
assert.equal(await page.evaluate(() => document.querySelector("#watch").matches(":modal")), true);
// Nothing behind the modal takes the focus.
for (let presses = 0; presses < 8; presses += 1) {
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement === document.body || document.querySelector("#watch").contains(document.activeElement)), "the focus has left the modal");
}
await page.keyboard.press("Escape");
await until(focused, deploys[23].id);
await until(async () => new URL(page.url()).search, "");

// The way back and forth through the addresses opens and closes it, too.
await page.goForward();
await until(text(page, "#watch-title"), "ref-23");
await page.goBack();
await until(() => page.$eval("#watch", (dialog) => dialog.open), false);

// Older ones: the keyboard goes on at the first of them.
await page.focus("#older");
await page.keyboard.press("Enter");
await until(() => page.$$eval("#list > li", (rows) => rows.length), 25);
await until(focused, deploys[4].id);
assert.equal(await page.isVisible("#older"), false);
assert.deepEqual(
  await page.$$eval("#list strong", (nodes) => nodes.map((node) => node.textContent)),
  deploys.map((_, at) => `ref-${24 - at}`),
);

// The start.
await page.focus("#start-open");
await page.keyboard.press("Enter");
await until(() => page.evaluate(() => document.activeElement.name), "ref");
await page.keyboard.type("by-keyboard");
await page.keyboard.press("Enter");
await until(focused, "start-done-title");
await page.keyboard.press("Tab");
await page.keyboard.press("Tab");
assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Copy callback_token");
await page.keyboard.press("Enter");
await page.keyboard.press("Tab");
await tab("start-watch");
await page.keyboard.press("Enter");
await until(text(page, "#watch-title"), "by-keyboard");
await page.keyboard.press("Escape");
await until(focused, "start-open");
await end(page);
