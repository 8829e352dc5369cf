// A backend that hangs says nothing, and breaks no connection: the page says since when nothing was
// heard, stops the pulse, moves nothing, and waits for no answer without an end.
import assert from "node:assert/strict";
import { BASE, end, report, start, steps, text, until, window } from "./lib.mjs";

const backend = Number(process.env.BACKEND);
const page = await window({ reducedMotion: "no-preference" });
const pulse = () => page.$eval("#watch [aria-current] [part=badge]", (badge) => getComputedStyle(badge, "::before").animationName);
const dimmed = () => page.$eval("#watch [aria-current] [part=badge]", (badge) => Number(getComputedStyle(badge).opacity) < 1);
const deploy = await start("/api/deploys", { ref: "main" });
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await report(deploy, { status: "smoke_running" });
await until(text(page, "#watch [part=status]"), "Smoke running");
assert.equal(await pulse(), "pulse");
// Heartbeats alone are enough: for longer than the silence takes, nothing is said.
await new Promise((resolve) => setTimeout(resolve, 4_000));
assert.equal(await text(page, "#watch [part=line]")(), "");
assert.equal(await dimmed(), false);

process.kill(backend, "SIGSTOP");
try {
  const silent = /^Nothing heard since \d\d:\d\d:\d\d\. What is shown is the last that was heard; trying again\.$/;
  await until(async () => silent.test(await text(page, "#watch [part=line]")()), true, 6_000);
  await until(async () => silent.test(await text(page, "#watch phasegate-stepper [role=status]")()), true);
  await until(async () => silent.test(await text(page, "#list-problem")()), true);
  assert.equal(await pulse(), "none");
  await until(dimmed, true);
  assert.equal((await steps(page)())[0], "*Smoke gate: in progress");
  assert.equal(await text(page, "#watch [part=status]")(), "Smoke running");

  // A call has its time limit.
  await page.keyboard.press("Escape");
  await page.click("#start-open");
  await page.click("#start-send");
  await until(text(page, "#start-problem"), "No answer within 10 s. Whether it was started is not known: look at the list before you try again.");
  await page.keyboard.press("Escape");
  await page.click("#list a");
  await until(async () => /^No answer since /.test(await text(page, "#watch [part=line]")()), true, 20_000);
} finally {
  process.kill(backend, "SIGCONT");
}
await until(text(page, "#watch [part=line]"), "Connected again.");
await until(text(page, "#list-problem"), "");
await until(dimmed, false);
await report(deploy, { status: "smoke_passed" });
await until(text(page, "#watch [part=status]"), "Smoke passed");
await end(page);
