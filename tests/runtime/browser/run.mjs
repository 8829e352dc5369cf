// A backend that starts the runs itself: there is nothing to hand on, and what became of the run is said.
import assert from "node:assert/strict";
import { BASE, axe, end, text, until, window } from "./lib.mjs";

const page = await window();
await page.goto(BASE);
for (const expected of JSON.parse(process.env.SAID)) {
  await page.click("#start-open");
  await page.click("#start-send");
  await page.waitForSelector("#start-done:not([hidden])");
  assert.match(await text(page, "#start-run")(), new RegExp(`^${expected}`));
  assert.equal(await page.isVisible("#start-how"), false);
  assert.equal(await text(page, "#start-inputs")(), "");
  assert.deepEqual(await axe(page), []);
  // Nothing is lost by leaving.
  await page.keyboard.press("Escape");
  await until(() => page.$eval("#start", (dialog) => dialog.open), false);
}
await end(page);
