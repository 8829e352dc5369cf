// The picture of the table in a row's dialog: what was reported is marked, live, and nothing else.
import assert from "node:assert/strict";
import { BASE, axe, end, report, start, text, until, window } from "./lib.mjs";

const deploy = await start("/api/deploys", { ref: "main" });
await report(deploy, { status: "smoke_running", job: "smoke" });
await report(deploy, { status: "building", job: "deploy" });
const page = await window();
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await page.click("#watch-picture summary");
const named = (selector, name) => page.$$eval(`#watch-picture ${selector}`, (nodes, name) => nodes.map((node) => node.dataset[name]), name);
await until(() => named(".reached", "state"), ["queued", "smoke_running", "building"]);
assert.deepEqual(await named(".current", "state"), ["building"]);
// The picture leaves out skips: the step over the gates is none of its edges.
assert.deepEqual(await named(".taken", "step"), ["queued smoke_running"]);
assert.deepEqual(await text(page, "#watch-picture svg > desc")(), "Reached: Queued, Smoke running, Building.");
const stroke = (name) => page.$eval(`[data-state=${name}] rect`, (node) => getComputedStyle(node).strokeWidth);
assert.deepEqual([await stroke("building"), await stroke("queued"), await stroke("deploying")], ["4px", "2.5px", "1.3px"]);
assert.deepEqual(await axe(page), []);

await report(deploy, { status: "deploying", job: "deploy" });
await until(() => named(".current", "state"), ["deploying"]);
await until(() => named(".taken", "step"), ["queued smoke_running", "building deploying"]);

// Another row is closed, and unmarked.
const other = await start("/api/deploys", { ref: "other" });
await page.goto(`${BASE}/?deploy=${other.id}`);
await until(() => page.$eval("#watch-picture", (box) => [box.hidden, box.open]), [false, false]);
await page.click("#watch-picture summary");
await until(() => named(".reached", "state"), ["queued"]);

// One that cannot be read is said so, and read when it is opened again.
await page.route("**/picture.svg", (route) => route.fulfill({ status: 503, body: "away" }));
await page.reload();
await page.click("#watch-picture summary");
await until(text(page, "#watch-picture div"), "The picture cannot be read now. Close it and open it again.");
await page.unroute("**/picture.svg");
await page.click("#watch-picture summary");
await page.click("#watch-picture summary");
await until(() => named(".current", "state"), ["queued"]);
await end(page);
