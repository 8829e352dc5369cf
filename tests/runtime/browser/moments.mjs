// Twelve moments of a deploy, each as those hear it who see nothing: what is known, and what is not. The whole
// accessible text of each is kept in `moments`; `PHASEGATE_LOOKS=keep` writes it anew, and takes a picture of each
// into the folder of PHASEGATE_PICTURES.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BASE, end, force, line, report, start, until, window } from "./lib.mjs";

const { OLD_BASE, PHASEGATE_LOOKS, PHASEGATE_PICTURES } = process.env;
const RUN = { run_id: "17204518833", run_attempt: 1, run_url: "https://ci.example/runs/17204518833" };
const SMOKE = ["smoke_running", "smoke_passed"];
const GATES = [...SMOKE, "freeze_checking", "freeze_passed"];

/** Each by its name: what happened, the steps as they are heard, and what else says what is known and what is not. */
const MOMENTS = {
  queued: {
    steps: ["Smoke gate upcoming", "Freeze check upcoming", "Deploy upcoming", "Health check upcoming"],
    says: ["Queued", "Last report none yet"],
  },
  active: {
    reports: ["smoke_running"],
    steps: ["Smoke gate in progress", "Freeze check upcoming", "Deploy upcoming", "Health check upcoming"],
    says: ["Smoke running", "Smoke gate in progress Smoke running since"],
  },
  "gate-passed": {
    reports: SMOKE,
    steps: ["Smoke gate done", "Freeze check upcoming", "Deploy upcoming", "Health check upcoming"],
    says: ["Smoke passed"],
    never: ["in progress"],
  },
  "lost-report": {
    reports: ["building"],
    from: "freeze_passed",
    steps: ["Smoke gate not reported", "Freeze check done", "Deploy in progress", "Health check upcoming"],
    never: ["Smoke gate done", "Smoke gate not needed"],
  },
  "refused-report": {
    reports: [...GATES, "building"],
    refused: "smoke_running",
    steps: ["Smoke gate done", "Freeze check done", "Deploy in progress", "Health check upcoming"],
    says: ["Smoke gate: 1 report was refused", "refused: no such step is allowed"],
  },
  "failed-gate": {
    reports: ["smoke_running"],
    last: { status: "failed", job: "smoke", attempted: "smoke_running", log_tail: "expected 200, found 503" },
    steps: ["Smoke gate failed", "Freeze check not reached", "Deploy not reached", "Health check not reached"],
    says: ["Failed in Smoke gate. Not reached: Freeze check, Deploy, Health check.", "End of the job's log"],
  },
  cancelled: {
    reports: GATES.slice(0, 3),
    last: { status: "cancelled", job: "freeze-check", attempted: "freeze_checking" },
    steps: ["Smoke gate done", "Freeze check cancelled", "Deploy not reached", "Health check not reached"],
    says: ["Cancelled in Freeze check. Not reached: Deploy, Health check."],
    never: ["failed", "Failed"],
  },
  skipped: {
    reports: [...SMOKE, "building", "deploying"],
    steps: ["Smoke gate done", "Freeze check not needed", "Deploy in progress", "Health check upcoming"],
    never: ["Freeze check done", "Freeze check not reported"],
  },
  forced: {
    reports: [...GATES, "building"],
    forced: ["succeeded", "rolled out by hand"],
    steps: ["Smoke gate done", "Freeze check done"],
    says: ["Succeeded (forced by an operator, not reported)", "An operator forced it: rolled out by hand."],
    never: ["Deploy done", "Health check done"],
  },
  "unknown-status": {
    reports: SMOKE,
    old: "freeze_checking",
    steps: ["Smoke gate done", "Freeze check upcoming", "Deploy upcoming", "Health check upcoming"],
    says: ["Unknown state freeze_checking", "The steps are as they were last known."],
  },
  "connection-lost": {
    reports: ["smoke_running"],
    lost: true,
    steps: ["Smoke gate in progress", "Freeze check upcoming", "Deploy upcoming", "Health check upcoming"],
    says: ["Connection lost at TIME. What is shown is the last that was heard; trying again."],
  },
  ended: {
    reports: [...GATES, "building", "deploying", "health_checking", "succeeded"],
    steps: ["Smoke gate done", "Freeze check done", "Deploy done", "Health check done"],
    says: ["Succeeded", "Took"],
    never: ["not reported", "in progress"],
  },
};

/** What differs from run to run. */
const timeless = (text) =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
    .replace(/(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d/g, "TIME")
    // What is read out comes when it comes.
    .replace(/^\s*- status.*\n/gm, "")
    .replace(/127\.0\.0\.1:\d+/g, "HOST")
    .replace(/just now|\d+ (sec|min)\. ago/g, "AGO")
    .replace(/(took|Took:?"?) \d+ s/g, "$1 SPAN")
    .replace(/Took\n(\s+- definition: )\d+ s/g, "Took\n$1SPAN");

/** The accessible tree as one line of words. */
const words = (tree) => tree.replace(/^\s*- (\/url: .*|\w+)?(\[[^\]]*\] ?)*:?/gm, " ").replace(/"/g, "").replace(/\s+/g, " ");

const different = [];
for (const [number, [name, moment]] of Object.entries(MOMENTS).entries()) {
  const row = await start("/api/deploys", { ref: "main@3f2c91e", requested_by: "ines" });
  const said = async (status, more = {}, answer = 200) => report(row, { ...RUN, job: "deploy", status, ...more }, answer);
  if (moment.from) for (const status of GATES.slice(2)) await said(status, { job: "freeze-check" });
  for (const status of moment.reports ?? []) await said(status);
  if (moment.refused) await said(moment.refused, { job: "smoke" }, 422);
  if (moment.last) await said(moment.last.status, moment.last);
  if (moment.forced) await force(row, ...moment.forced);
  if (moment.old) await said(moment.old);
  const page = await window({ viewport: { width: 900, height: 1100 }, timezoneId: "UTC", locale: "en-GB" });
  const wire = line(new URL(BASE));
  const base = moment.old ? OLD_BASE : moment.lost ? `http://127.0.0.1:${await wire.open(0)}` : BASE;
  await page.goto(`${base}/rows/${row.id}`);
  const tree = async () => timeless(await page.locator("body").ariaSnapshot());
  const heard = async () => (await page.getByRole("list", { name: "Steps" }).getByRole("listitem").allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  await until(async () => (await heard()).length, 4);
  if (moment.lost) {
    await wire.cut();
    await until(async () => (await tree()).includes("Connection lost"), true);
  }
  if (moment.refused) await until(async () => (await tree()).includes("refused:"), true);
  const steps = (await heard()).map(timeless);
  for (const [at, expected] of moment.steps.entries()) assert.ok(steps[at].startsWith(expected), `${name}: ${steps[at]}, and not ${expected}`);
  const now = await tree();
  const all = words(now);
  for (const expected of moment.says ?? []) assert.ok(all.includes(expected), `${name} does not say: ${expected}\n${now}`);
  const before = all.split("Audit log")[0];
  for (const wrong of moment.never ?? []) assert.ok(!before.includes(wrong), `${name} says: ${wrong}\n${now}`);

  const path = fileURLToPath(new URL(`moments/${String(number + 1).padStart(2, "0")}-${name}.yml`, import.meta.url));
  if (PHASEGATE_LOOKS === "keep") {
    writeFileSync(path, `${now}\n`);
    if (PHASEGATE_PICTURES) await page.screenshot({ path: `${PHASEGATE_PICTURES}/${number + 1}-${name}.png` });
  }
  assert.ok(existsSync(path), `${path} is missing: write it by PHASEGATE_LOOKS=keep`);
  if (`${now}\n` !== readFileSync(path, "utf8")) different.push(`${path}\n${now}`);
  page.complaints = page.complaints.filter((text) => !/net::ERR_|Failed to load resource/.test(text));
  assert.deepEqual(page.complaints, []);
  await page.close();
}
assert.deepEqual(different, [], "says something else than what is kept");
await end();
