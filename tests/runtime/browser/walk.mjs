// A deploy is started on the page, and its four steps advance as the jobs report.
import assert from "node:assert/strict";
import { BASE, agree, audit, end, report, steps, text, until, window } from "./lib.mjs";

const page = await window();
await page.goto(BASE);
await page.click("#start-open");
await page.fill("[name=ref]", "main");
await page.fill("[name=requested_by]", "ines <b>");
await page.fill("[name=reason]", "Try it");
await page.click("#start-send");
await page.waitForSelector("#start-done:not([hidden])");
const [id, token] = await page.$$eval("#start-inputs code", (nodes) => nodes.map((node) => node.textContent));
assert.deepEqual(await page.$$eval("#start-inputs dt", (nodes) => nodes.map((node) => node.textContent)), ["console_deploy_id", "callback_token", "command"]);
assert.equal((await page.$$eval("#start-inputs code", (nodes) => nodes.map((node) => node.textContent)))[2], `gh workflow run deploy-console.yml --ref main -f console_deploy_id=${id} -f callback_token=${token}`);
// The token is shown once: leaving without it asks.
await page.keyboard.press("Escape");
await until(text(page, "#start-unsaved"), "The token was not copied, and is not shown again.");
assert.equal(await page.isVisible("#start-done"), true);
await page.click("[aria-label='Copy callback_token']");
await until(text(page, "#start-unsaved"), "");
await page.click("#start-watch");
// The token leaves the document with the dialog, whose "close" comes a moment after the click.
await until(() => page.$$eval("#start-inputs code", (nodes) => nodes.length), 0);
assert.equal(new URL(page.url()).search, `?deploy=${id}`);

const deploy = { id, token, path: `/api/deploys/${id}` };
const live = text(page, "#watch phasegate-stepper [role=status]");
await until(steps(page), ["Smoke gate: upcoming", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"]);
await until(text(page, "#watch-title"), "main");
await until(text(page, "#watch [part=status]"), "Queued");

const run = { run_id: "7", run_attempt: 2, run_url: "https://ci.example/runs/7" };
const walk = [
  ["smoke", "smoke_running", ["*Smoke gate: in progress", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"], "Smoke running. Smoke gate: in progress."],
  ["smoke", "smoke_passed", ["Smoke gate: done", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"], "Smoke passed. Smoke gate: done."],
  ["freeze-check", "freeze_checking", ["Smoke gate: done", "*Freeze check: in progress", "Deploy: upcoming", "Health check: upcoming"], "Freeze checking. Freeze check: in progress."],
  ["freeze-check", "freeze_passed", ["Smoke gate: done", "Freeze check: done", "Deploy: upcoming", "Health check: upcoming"], "Freeze passed. Freeze check: done."],
  ["deploy", "building", ["Smoke gate: done", "Freeze check: done", "*Deploy: in progress", "Health check: upcoming"], "Building. Deploy: in progress."],
  ["deploy", "deploying", ["Smoke gate: done", "Freeze check: done", "*Deploy: in progress", "Health check: upcoming"], "Deploying."],
  ["deploy", "health_checking", ["Smoke gate: done", "Freeze check: done", "Deploy: done", "*Health check: in progress"], "Health checking. Deploy: done. Health check: in progress."],
  ["deploy", "succeeded", ["Smoke gate: done", "Freeze check: done", "Deploy: done", "Health check: done"], "Succeeded. Health check: done."],
];
for (const [job, status, expected, said] of walk) {
  await report(deploy, { status, job, ...run });
  await until(steps(page), expected);
  await until(live, said);
  await agree(page, deploy);
}
const done = await page.$eval("#watch [part~=step] [part=badge]", (badge) => [getComputedStyle(badge).backgroundColor, getComputedStyle(badge).color]);
assert.notEqual(done[0], done[1], "a step that is done has its colour");
assert.notEqual(done[0], "rgba(0, 0, 0, 0)");
assert.equal(await page.$eval("#watch [part~=alert]", (node) => node.textContent), "", "a success is no alert");
await until(audit(page), [
  "Health checking → to Succeeded", "Deploying → to Health checking", "Building → to Deploying", "Freeze passed → to Building",
  "Freeze checking → to Freeze passed", "Smoke passed → to Freeze checking", "Smoke running → to Smoke passed", "Queued → to Smoke running", "Queued",
]);
await until(() => page.$eval("#watch-facts [data-fact=Workflow] a", (link) => [link.href, link.textContent]), ["https://ci.example/runs/7", "Run 7, attempt 2 on ci.example (opens in a new tab)"]);
assert.match(await page.$eval("#watch-facts", (node) => node.textContent), /Last report(just now|\d+ sec\. ago), \d\d:\d\d:\d\d.*Requested byines <b>.*ReasonTry it/s);

// The list says the same once the modal is closed.
await page.keyboard.press("Escape");
await until(() => page.$eval("#list a .status", (node) => node.textContent), "Succeeded");
await until(async () => new URL(page.url()).search, "");
await end(page);
