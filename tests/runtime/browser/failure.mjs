// A gate fails: the phase that the run ended in is named as an alert, and so is what was not
// reached. The job's log is text, whatever stands in it.
import assert from "node:assert/strict";
import { BASE, axe, end, report, start, steps, text, until, window } from "./lib.mjs";

const deploy = await start("/api/deploys", {});
const page = await window({ timezoneId: "UTC" });
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await until(text(page, "#watch-title"), deploy.id);
await report(deploy, { status: "smoke_running", job: "smoke", run_id: "1", run_attempt: 1 });
await until(text(page, "#watch [part=status]"), "Smoke running");
assert.equal(await text(page, "#watch [part~=alert]")(), "");
await report(deploy, { status: "failed", job: "smoke", run_id: "1", run_attempt: 1, attempted: "smoke_running", log_tail: "expected 3 <img src=x onerror=alert(1)>" });
await until(steps(page), ["Smoke gate: failed", "Freeze check: not reached", "Deploy: not reached", "Health check: not reached"]);
await until(text(page, "#watch [part~=alert]"), "Failed in Smoke gate. Not reached: Freeze check, Deploy, Health check.");
assert.equal(await page.getAttribute("#watch [part~=alert]", "role"), "alert");
await until(text(page, "#watch-log pre"), "expected 3 <img src=x onerror=alert(1)>");
await page.click("#watch-log summary");
assert.equal(await page.$$eval("#watch img", (images) => images.length), 0);
assert.deepEqual(await axe(page), []);

// Opened after the end it says the same.
await page.reload();
await until(text(page, "#watch [part~=alert]"), "Failed in Smoke gate. Not reached: Freeze check, Deploy, Health check.");

// An address that is none of the web's is no link, no matter who says it.
const snapshot = await (await fetch(`${BASE}${deploy.path}`)).json();
await page.route("**/events", (route) => {
  const body = `event: snapshot\ndata: ${JSON.stringify({ ...snapshot, run_url: "javascript:alert(1)", overdue_since: "2026-03-04T10:00:00.000Z" })}\n\n`;
  return route.fulfill({ contentType: "text/event-stream", body });
});
await page.reload();
await until(text(page, "#watch [part=status]"), "Failed");
assert.equal(await page.$$eval("#watch-facts [data-fact=Workflow] a", (links) => links.length), 0);
// That it is late is a fact, and moves nothing.
await until(text(page, "[data-fact='Longer here than usual'] dd"), "since 2026-03-04 10:00:00");
assert.equal(await page.$eval("[data-fact='Longer here than usual'] time", (node) => node.title), "2026-03-04 10:00:00 UTC");
await page.unroute("**/events");

await page.goto(`${BASE}/?deploy=no-such-deploy`);
await until(text(page, "#watch [part=line]"), "There is no deploy with this id.");
await end(page);
