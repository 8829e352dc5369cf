// A table is tried: what is legal next is a click, what is not is refused, and both stand in the log.
import assert from "node:assert/strict";
import { BASE, audit, axe, end, start, steps, text, until, window } from "./lib.mjs";

const page = await window();
await page.goto(BASE);
await page.click("#start-open");
await page.fill("[name=ref]", "main");
await page.click("#start-send");
await page.waitForSelector("#start-done:not([hidden])");
await page.click("[aria-label='Copy callback_token']");
await page.click("#start-watch");
await until(text(page, "#watch-title"), "main");
const offered = () => page.$$eval("#watch-next button", (buttons) => buttons.map((button) => button.textContent));
await until(offered, ["Smoke running", "Smoke passed", "Freeze checking", "Freeze passed", "Building", "Failed"]);
assert.deepEqual(await axe(page), []);
await page.click("#watch-next [data-to=smoke_running]");
await until(steps(page), ["*Smoke gate: in progress", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"]);
await until(offered, ["Smoke passed", "Freeze checking", "Freeze passed", "Building", "Failed"]);
// What the table has no transition for.
await page.selectOption("#watch-other select", "succeeded");
await page.click("#watch-other button");
await until(async () => (await text(page, "#watch-simulated")()).startsWith("`smoke_running` -> `succeeded` is not a transition"), true);
await until(audit(page), ["Smoke running → to Succeeded", "Queued → to Smoke running", "Queued"]);
// A button that stays keeps the focus.
await page.focus("#watch-next [data-to=failed]");
await page.click("#watch-next [data-to=building]");
await until(offered, ["Deploying", "Failed"]);
await page.click("#watch-next [data-to=failed]");
await until(text(page, "#watch [part~=alert]"), "Failed in Deploy. Not reached: Health check. Not reported: Freeze check. Outcome not reported: Smoke gate.");
assert.deepEqual(await offered(), []);
// On a row's own page, too; and nowhere but in a simulator.
const other = await start("/api/deploys", {});
await page.goto(`${BASE}/rows/${other.id}`);
await page.click("#watch-next [data-to=building]");
await until(text(page, "#watch [part=status]"), "Building");
page.complaints = page.complaints.filter((said) => !/422/.test(said));
await end(page);
