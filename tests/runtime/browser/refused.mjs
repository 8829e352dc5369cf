// What was refused stands in the audit log among what was accepted, and the steps lead to it.
import assert from "node:assert/strict";
import { BASE, axe, end, force, report, sql, start, steps, text, until, window } from "./lib.mjs";

const deploy = await start("/api/deploys", { ref: "main" });
const page = await window();
const run = { job: "smoke", run_id: "7", run_attempt: 2, run_url: "https://ci.example/runs/7" };
await report(deploy, { status: "building", job: "deploy", run_id: "7", run_attempt: 2 });
await report(deploy, { ...run, status: "smoke_passed" }, 422);
await report(deploy, { ...run, status: "smoke_skipped" }, 422);
await page.goto(`${BASE}/?deploy=${deploy.id}`);
const log = () => page.$$eval("#watch-audit > li", (items) => items.map((item) => `${item.dataset.kind}: ${item.querySelector(".said").textContent.replace(/\s+/g, " ")}`));
await until(log, ["refused: Building → to smoke_skipped", "refused: Building → to Smoke passed", "applied: Queued → to Building", "started: Queued"]);
const notes = () => page.$$eval("#watch-audit [data-kind=refused] .why", (nodes) => nodes.map((node) => node.textContent));
await until(notes, [
  "refused: the backend did not know this state · job smoke · run 7, attempt 2 · with the row's token · run on ci.example (opens in a new tab)",
  "refused: no such step is allowed · job smoke · run 7, attempt 2 · with the row's token · run on ci.example (opens in a new tab)",
]);
// A refusal moves no step; the step that was not reported says that there was one.
await until(async () => (await steps(page)())[0], "Smoke gate: not reported");
await until(() => page.$$eval("#watch-refused button", (nodes) => nodes.map((node) => node.textContent)), ["Smoke gate: 1 report was refused"]);
await page.click("#watch-refused button");
assert.equal(await page.evaluate(() => document.activeElement.querySelector(".said").textContent.replace(/\s+/g, " ")), "Building → to Smoke passed");
assert.deepEqual(await axe(page), []);

// One that is refused while somebody looks on comes by itself, with no other entry touched.
await page.$eval("#watch-audit > li:last-child .said", (node) => getSelection().selectAllChildren(node));
await report(deploy, { ...run, status: "freeze_passed" }, 422);
await until(async () => (await log()).length, 5);
assert.equal(await page.evaluate(() => String(getSelection()).trim()), "Queued");

// An address that carries a name or a password is no link, and one that does not says where it leads.
const tricky = await start("/api/deploys", {});
await page.route("**/reports?*", (route) => route.fulfill({ json: { reports: [{ at: "2026-01-01T00:00:00.000Z", status: "building", from: "queued", answer: "ended", run_url: "https://github.com@evil.example/" }], next: null } }));
await page.goto(`${BASE}/?deploy=${tricky.id}`);
await until(async () => (await log()).length, 2);
assert.equal(await page.$$eval("#watch-audit a", (links) => links.length), 0);

// A log of many entries comes in parts.
const many = Array.from({ length: 100 }, (_, at) => ({ at: new Date(1_700_000_000_000 + at).toISOString(), status: "smoke_passed", from: "building", answer: "illegal-transition" }));
await page.unroute("**/reports?*");
await page.route("**/reports?*", (route) => route.fulfill({ json: { reports: many, next: null } }));
await page.reload();
await until(async () => (await log()).length, 50);
await until(text(page, "#watch-more"), "Show 50 more of 101");
await page.click("#watch-more");
await until(async () => (await log()).length, 100);
await page.click("#watch-refused button");
await until(async () => (await log()).length, 101);

// Older ones are read when they are asked for, page by page, and what was read stays.
await page.unroute("**/reports?*");
const pages = [];
await page.route("**/reports?*", (route) => {
  const before = new URL(route.request().url()).searchParams.get("before");
  pages.push(before);
  const older = many.map((report) => ({ ...report, at: report.at.replace("2023-", "2022-") }));
  return route.fulfill({ json: before === null ? { reports: many, next: "7" } : { reports: older, next: null } });
});
await page.reload();
await until(text(page, "#watch-more"), "Show more");
assert.deepEqual(pages, [null]);
await page.click("#watch-more");
await until(async () => (await log()).length, 100);
assert.deepEqual(pages.filter(Boolean), []);
await page.click("#watch-more");
await until(async () => (await log()).length, 150);
assert.deepEqual(pages.filter(Boolean), ["7"]);
await until(text(page, "#watch-more"), "Show 50 more of 201");
await page.unroute("**/reports?*");

// Who it was stands there with how that was known, and what was let through against the table is marked.
const known = await start("/api/deploys", { ref: "main", requested_by: "ada" });
await report(known, { status: "building", job: "deploy", run_id: "7", run_attempt: 1 });
await sql(`UPDATE deploys SET status = 'deploying' WHERE id = '${known.id}'`);
await force(known, "succeeded", "looked at it");
const whys = () => page.$$eval("#watch-audit .why", (nodes) => nodes.map((node) => node.textContent));
await page.goto(`${BASE}/?deploy=${known.id}`);
const said = ["forced: looked at it · by ines, in the database", "in the database", "job deploy · run 7 · with the row's token", "by ada, without a login"];
await until(whys, said);
const whole = await (await fetch(`${BASE}${known.path}`)).json();
const events = whole.events.map((event) => (event.seq === 3 ? { ...event, observed: "illegal-transition" } : event));
await page.route("**/events", (route) => route.fulfill({ contentType: "text/event-stream", body: `event: snapshot\ndata: ${JSON.stringify({ ...whole, events })}\n\nevent: end\ndata: {}\n\n` }));
await page.reload();
await until(whys, said.with(1, `against the table (no such step is allowed), and let through · ${said[1]}`));
assert.deepEqual(await page.$$eval("#watch-audit > li", (items) => items.map((item) => item.dataset.kind)), ["forced", "observed", "applied", "started"]);
await end(page);
