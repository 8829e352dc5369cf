// The reports of both gates got lost: that is what is shown, and nothing is made of it.
import assert from "node:assert/strict";
import { BASE, agree, axe, end, report, start, steps, text, until, window } from "./lib.mjs";

const deploy = await start("/api/deploys", { ref: "main@3f2c91e", requested_by: "ines", reason: "Raise the rate limit" });
const page = await window({ viewport: { width: 960, height: 720 } });
await page.goto(`${BASE}/?deploy=${deploy.id}`);
const run = { job: "deploy", run_id: "17204518833", run_attempt: 1, run_url: "https://ci.example/runs/17204518833" };
await until(text(page, "#watch [part=status]"), "Queued");
await report(deploy, { ...run, status: "building" });
const gates = ["Smoke gate: not reported", "Freeze check: not reported"];
await until(steps(page), [...gates, "*Deploy: in progress", "Health check: upcoming"]);
await until(text(page, "#watch phasegate-stepper [role=status]"), "Building. Smoke gate: not reported. Freeze check: not reported. Deploy: in progress.");
await report(deploy, { ...run, status: "deploying" });
await until(text(page, "#watch [part=status]"), "Deploying");
await until(() => page.$$eval("#watch-facts [data-fact=Workflow] a", (links) => links.length), 1);

// A report that comes too late is refused, and moves nothing.
await report(deploy, { status: "smoke_passed", job: "smoke", run_id: "17204518833", run_attempt: 1 }, 422);
assert.deepEqual(await axe(page), []);

await report(deploy, { ...run, status: "succeeded" });
await until(steps(page), [...gates, "Deploy: done", "Health check: not reported"]);
await agree(page, deploy);
await until(text(page, "#watch [part=summary]"), "Succeeded. Not reported: Smoke gate, Freeze check, Health check.");

// A phase that began and never said how it ended is neither done nor unheard of.
const half = await start("/api/deploys", {});
await page.goto(`${BASE}/?deploy=${half.id}`);
await report(half, { ...run, status: "smoke_running" });
await report(half, { ...run, status: "building" });
const unended = ["Smoke gate: outcome not reported", "Freeze check: not reported"];
await until(steps(page), [...unended, "*Deploy: in progress", "Health check: upcoming"]);
await agree(page, half);
await report(half, { ...run, status: "failed" });
await until(text(page, "#watch [part~=alert]"), "Failed in Deploy. Not reached: Health check. Not reported: Freeze check. Outcome not reported: Smoke gate.");
await end(page);
