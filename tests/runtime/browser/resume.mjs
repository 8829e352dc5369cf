// A lost connection is reported, and what was reported meanwhile comes without a gap or a repeat;
// a page that is loaded anew shows the same; two windows show the same at once.
import assert from "node:assert/strict";
import { BASE, audit, end, line, report, start, steps, text, until, window } from "./lib.mjs";

const wire = line(new URL(BASE));
const port = await wire.open(0);
const deploy = await start("/api/deploys", { ref: "main" });
const [page, other] = [await window({ reducedMotion: "no-preference" }), await window()];
const pulse = () => page.$eval("#watch [aria-current] [part=badge]", (badge) => getComputedStyle(badge, "::before").animationName);
const streams = [];
page.on("request", (request) => {
  if (request.url().endsWith("/events")) streams.push(request.headers()["last-event-id"]);
});
await page.goto(`http://127.0.0.1:${port}/?deploy=${deploy.id}`);
await other.goto(`${BASE}/?deploy=${deploy.id}`);
await report(deploy, { status: "smoke_running" });
for (const one of [page, other]) await until(text(one, "#watch [part=status]"), "Smoke running");

assert.equal(await pulse(), "pulse");
await wire.cut();
const lost = /^Connection lost at \d\d:\d\d:\d\d\. What is shown is the last that was heard; trying again\.$/;
await until(async () => lost.test(await text(page, "#watch [part=line]")()), true);
await until(async () => lost.test(await text(page, "#watch phasegate-stepper [role=status]")()), true);
await report(deploy, { status: "smoke_passed" });
await report(deploy, { status: "freeze_checking" });
await until(text(other, "#watch [part=status]"), "Freeze checking");
// Nothing has moved by the loss, or by the time since.
assert.equal(await text(page, "#watch [part=status]")(), "Smoke running");
assert.deepEqual((await steps(page)())[0], "*Smoke gate: in progress");
assert.equal(await page.$eval("#watch [aria-current] [part=badge]", (badge) => Number(getComputedStyle(badge).opacity) < 1), true);
assert.equal(await pulse(), "none");

await wire.open(port);
await until(text(page, "#watch [part=status]"), "Freeze checking");
await until(text(page, "#watch [part=line]"), "Connected again.");
assert.equal(await page.$eval("#watch [part=line]", (notice) => notice.hasAttribute("data-lost")), false);
const log = ["Smoke passed → to Freeze checking", "Smoke running → to Smoke passed", "Queued → to Smoke running", "Queued"];
await until(audit(page), log);
// It is said once, and does not stay.
await until(text(page, "#watch [part=line]"), "");
assert.equal(streams.length >= 2, true, "the page came back by itself");

await page.reload();
await until(audit(page), log);
assert.deepEqual(await steps(page)(), await steps(other)());

// A connection that only hangs breaks for no browser: it is opened anew once nothing was heard.
wire.hang();
await report(deploy, { status: "freeze_passed" });
await until(text(page, "#watch [part=status]"), "Freeze passed");
await end(page, other);
await wire.cut();
