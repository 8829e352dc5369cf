// What an operator forced is no report: headline, list, live text and stepper say so, before and after
// an end, and no phase that was forced past is done or was not needed.
import assert from "node:assert/strict";
import { BASE, agree, axe, end, force, listed, report, start, steps, text, until, window } from "./lib.mjs";

const page = await window();
const FORCED = "forced past, not reported";
const BY = "forced by an operator, not reported";

// Into the end, out of a phase that no one completed and past one that no one began.
const first = await start("/api/deploys", { ref: "first" });
await page.goto(`${BASE}/?deploy=${first.id}`);
await report(first, { status: "smoke_passed" });
await report(first, { status: "building" });
await until(text(page, "#watch [part=status]"), "Building");
await until(async () => (await text(page, "#watch phasegate-stepper [role=status]")()).includes("Deploy: in progress."), true);
await force(first, "succeeded", "looked at it by hand");
await until(text(page, "#watch [part=status]"), `Succeeded (${BY})`);
assert.equal(await page.getAttribute("#watch [part=status]", "data-view"), "forced");
const past = ["Smoke gate: done", "Freeze check: not reported", `Deploy: ${FORCED}`, `Health check: ${FORCED}`];
await until(steps(page), past);
assert.deepEqual(await page.$$eval("#watch [part~=step] svg", (icons) => icons.map((icon) => icon.dataset.icon)), ["done", "unconfirmed", "forced", "forced"]);
await until(text(page, "#watch phasegate-stepper [role=status]"), `Succeeded (${BY}). Deploy: ${FORCED}. Health check: ${FORCED}.`);
await until(text(page, "#watch [part=summary]"), `Succeeded (${BY}). An operator forced it: looked at it by hand. Not reported: Freeze check. Forced past, not reported: Deploy, Health check.`);
assert.deepEqual(await axe(page), []);
await page.reload();
await until(steps(page), past);
await agree(page, first);
await until(listed(page), [`first: Succeeded (${BY}) [forced]`]);

// From the start to the end: nothing was not needed.
const second = await start("/api/deploys", { ref: "second" });
await force(second, "succeeded", "an old one");
await page.goto(`${BASE}/?deploy=${second.id}`);
await until(steps(page), ["Smoke gate", "Freeze check", "Deploy", "Health check"].map((phase) => `${phase}: ${FORCED}`));
await agree(page, second);

// Into a state that completes its phase, and into one that is under way: neither is a report.
const third = await start("/api/deploys", { ref: "third" });
await force(third, "smoke_passed", "the runner is away");
await page.goto(`${BASE}/?deploy=${third.id}`);
await until(steps(page), [`Smoke gate: ${FORCED}`, "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"]);
await force(third, "deploying", "goes on by hand");
await until(steps(page), [`Smoke gate: ${FORCED}`, `Freeze check: ${FORCED}`, "*Deploy: in progress (forced, not reported)", "Health check: upcoming"]);
await agree(page, third);
await until(listed(page), [`third: Deploying (${BY}) [forced]`, `second: Succeeded (${BY}) [forced]`, `first: Succeeded (${BY}) [forced]`]);

// What is reported from there on is reported, and the end after it is no plain one.
await report(third, { status: "health_checking" });
await until(steps(page), [`Smoke gate: ${FORCED}`, `Freeze check: ${FORCED}`, `Deploy: ${FORCED}`, "*Health check: in progress"]);
await until(text(page, "#watch [part=status]"), "Health checking (after a forced step)");
await report(third, { status: "succeeded" });
await until(text(page, "#watch [part=status]"), "Succeeded (after a forced step)");
assert.equal(await page.getAttribute("#watch [part=status]", "data-view"), "forced");
await until(steps(page), [`Smoke gate: ${FORCED}`, `Freeze check: ${FORCED}`, `Deploy: ${FORCED}`, "Health check: done"]);
await agree(page, third);
await until(async () => (await listed(page)())[0], "third: Succeeded (after a forced step) [forced]");

// A failure that was forced is no failure that was reported.
const fourth = await start("/api/deploys", { ref: "fourth" });
await report(fourth, { status: "building" });
await force(fourth, "failed", "given up");
await page.goto(`${BASE}/?deploy=${fourth.id}`);
await until(steps(page), ["Smoke gate: not reported", "Freeze check: not reported", "Deploy: failed (forced, not reported)", "Health check: not reached"]);
await agree(page, fourth);
await until(text(page, "#watch [part~=alert]"), `Failed (${BY}) in Deploy. An operator forced it: given up. Not reached: Health check. Not reported: Smoke gate, Freeze check.`);

// What ended badly is not done because somebody forced the row on from there, nor in progress as if it were reported.
const again = await start("/api/deploys", { ref: "again" });
await report(again, { status: "smoke_passed" });
await report(again, { status: "building" });
await report(again, { status: "failed", attempted: "building" });
await page.goto(`${BASE}/?deploy=${again.id}`);
await until(async () => (await steps(page)())[2], "Deploy: failed");
await force(again, "building", "goes on by hand");
// A stream ends with its row: who wants to see what was forced after that opens it again.
await page.reload();
await until(steps(page), ["Smoke gate: done", "Freeze check: not reported", "*Deploy: in progress (forced, not reported)", "Health check: upcoming"]);
await agree(page, again);
await report(again, { status: "deploying" });
await report(again, { status: "failed", attempted: "deploying", event_id: "once-more" });
await until(async () => (await steps(page)())[2], "Deploy: failed");
await force(again, "succeeded", "done by hand");
await page.reload();
await until(steps(page), ["Smoke gate: done", "Freeze check: not reported", `Deploy: ${FORCED}`, `Health check: ${FORCED}`]);
await agree(page, again);

// A report of the phase that was forced into is one.
const fifth = await start("/api/deploys", { ref: "fifth" });
await force(fifth, "building", "tried again");
await page.goto(`${BASE}/?deploy=${fifth.id}`);
await until(async () => (await steps(page)())[2], "*Deploy: in progress (forced, not reported)");
await report(fifth, { status: "deploying" });
await until(steps(page), [`Smoke gate: ${FORCED}`, `Freeze check: ${FORCED}`, "*Deploy: in progress", "Health check: upcoming"]);
await report(fifth, { status: "health_checking" });
await until(async () => (await steps(page)())[2], "Deploy: done");
await end(page);
