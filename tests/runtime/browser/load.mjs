// 100 transitions a second, half of them of the row that is looked at, in a list of many: one redraw a
// frame, no fetch for an event, an announcement a second; and what the page weighs. Counts are asserted;
// times are figures, which the long form prints.
import assert from "node:assert/strict";
import { get } from "node:http";
import { BASE, browser, end, listed, report, sql, start, text, until, window } from "./lib.mjs";

const SECONDS = Number(process.env.SECONDS);
const IS_LONG = SECONDS > 10;
const ROWS = IS_LONG ? 1000 : 200;
/** What stands in the database, more than are followed. */
const STORED = 10 * ROWS;
const A_SECOND = 100;
/** On a busy machine a page of many rows takes its time. */
const PATIENCE = 60_000;

const watched = await start("/api/pumps", {});
const others = [];
for (let at = 0; at < 20; at += 1) others.push(await start("/api/pumps", {}));
await sql(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${STORED - 21}) INSERT INTO pumps (id, created_at) SELECT 'old-' || i, '2020-01-01T00:00:00.000Z' FROM n`);

const page = await window();
const fetched = [];
page.on("request", (request) => ["fetch", "xhr"].includes(request.resourceType()) && fetched.push(new URL(request.url()).pathname));
await page.addInitScript(() => {
  const seen = { frames: 0, drawn: 0, said: 0, lists: 0, longest: 0, streams: 0 };
  globalThis.seen = seen;
  const count = () => {
    seen.frames += 1;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (seen.longest = Math.max(seen.longest, duration)))).observe({ type: "longtask", buffered: true });
  addEventListener("phasegate-change", () => (seen.drawn += 1), true);
  const { EventSource } = globalThis;
  globalThis.EventSource = class extends EventSource {
    constructor(...args) {
      super(...args);
      seen.streams += 1;
    }
  };
  addEventListener("DOMContentLoaded", () => new MutationObserver(() => (seen.lists += 1)).observe(document.querySelector("#list"), { childList: true, subtree: true }));
});
await page.route("**/api/pumps?limit=20", (route) => route.continue({ url: `${BASE}/api/pumps?limit=${ROWS}` }));
await page.goto(BASE);
const begun = Date.now();
await until(async () => (await listed(page)()).length, ROWS, PATIENCE);
const drawn = Date.now() - begun;
await page.goto(`${BASE}/?pump=${watched.id}`);
await until(async () => (await listed(page)()).length, ROWS, PATIENCE);
await until(text(page, "#watch [part=status]"), "New");
await page.evaluate(() => {
  const live = document.querySelector("#watch-stepper").shadowRoot.querySelector("[role=status]");
  new MutationObserver(() => (globalThis.seen.said += 1)).observe(live, { childList: true, characterData: true, subtree: true });
  Object.assign(globalThis.seen, { frames: 0, drawn: 0, said: 0, lists: 0, longest: 0, streams: 0 });
});
fetched.length = 0;

const states = ["filling", "emptying"];
const turns = new Map();
const move = (row) => {
  const turn = turns.get(row) ?? 0;
  turns.set(row, turn + 1);
  return report(row, { status: states[turn % 2], job: "j", event_id: `e${turn}` });
};
/** What the page's own thread computed in a task at most, in milliseconds: other work on the machine is not in it. */
async function longestTask() {
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  const tasks = traceEvents.filter(({ name, ph, tdur }) => name === "RunTask" && ph === "X" && tdur !== undefined);
  const page = traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`);
  return Math.max(...tasks.filter(({ pid, tid }) => page.includes(`${pid} ${tid}`)).map(({ tdur }) => tdur / 1000));
}

const began = Date.now();
let reported = 0;
let isTraced = false;
while (Date.now() - began < SECONDS * 1000) {
  // At the end, when the history is longest.
  if (IS_LONG && !isTraced && Date.now() - began > (SECONDS - 10) * 1000) {
    isTraced = true;
    await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline"] });
  }
  // Those of one row come one after the other.
  const due = Math.min(Math.floor(((Date.now() - began) / 1000) * A_SECOND), SECONDS * A_SECOND) - reported;
  for (let at = 0; at < due; at += 2) {
    await Promise.all([move(watched), move(others[(reported / 2) % others.length])]);
    reported += 2;
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const took = (Date.now() - began) / 1000;
const longestCpu = isTraced ? await longestTask() : null;
const last = states[(turns.get(watched) - 1) % 2];
await until(text(page, "#watch [part=status]"), last === "filling" ? "Filling" : "Emptying", PATIENCE);
await until(() => page.$eval("#watch-stepper", (stepper) => stepper.snapshot.seq), turns.get(watched) + 1);
const rows = new Map((await listed(page)()).slice(0, 30).map((row, at) => [at, row]));
assert.ok([...rows.values()].some((row) => /: (Filling|Emptying) \[active\]/.test(row)));
const seen = await page.evaluate(() => globalThis.seen);
assert.ok(seen.drawn > SECONDS && seen.drawn <= seen.frames + 2, `${seen.drawn} drawings in ${seen.frames} frames`);
assert.ok(seen.lists > SECONDS && seen.lists <= seen.frames + 2, `${seen.lists} drawings of the list in ${seen.frames} frames`);
assert.ok(seen.said >= 1 && seen.said <= took + 3, `${seen.said} announcements in ${took} s`);
// What was refused is looked for now and then, whatever happens.
assert.ok(fetched.length <= took / 5 + 2, `fetched: ${fetched}`);
assert.equal(seen.streams, 0, "no stream was opened again");

/** What comes over the wire. */
const wire = (path, accept = "gzip") =>
  new Promise((resolve, reject) => {
    get(`${BASE}${path}`, { headers: { "accept-encoding": accept } }, (answer) => {
      let size = 0;
      answer.on("data", (chunk) => (size += chunk.length)).on("end", () => resolve({ size, headers: answer.headers }));
    }).on("error", reject);
  });
const weigh = async (paths) => (await Promise.all(paths.map((path) => wire(path)))).reduce((sum, { size }) => sum + size, 0);
const files = ["/console.js", "/row.js", "/dom.js", "/audit.js", "/picture.js", "/phasegate-stepper.js", "/status-map.js", "/console.css"];
const weight = await weigh(files);
assert.ok(weight < 40_000, `script and style are ${weight} bytes`);
const list = await wire("/api/pumps?limit=100");
assert.equal(list.headers["content-encoding"], "gzip");
const whole = await wire("/api/pumps?limit=100", "identity");
assert.equal(whole.headers["content-encoding"], undefined);
assert.ok(list.size * 4 < whole.size, `${list.size} of ${whole.size}`);
for (const { headers } of [list, whole]) assert.match(headers.vary, /accept-encoding/i);
// Not so what has a secret, nor what must not wait.
const made = await fetch(`${BASE}/api/pumps`, { method: "POST", headers: { "content-type": "application/json", "accept-encoding": "gzip" }, body: "{}" });
assert.equal(made.headers.get("content-encoding"), null);
assert.ok((await made.json()).callback_token);
const stop = new AbortController();
const stream = await fetch(`${BASE}/api/pumps/${watched.id}/events`, { headers: { "accept-encoding": "gzip" }, signal: stop.signal });
assert.equal(stream.headers.get("content-encoding"), null);
stop.abort();
if (IS_LONG) console.log(JSON.stringify({ SECONDS, STORED, ROWS, reported, took, drawn_ms: drawn, weight, ...seen, longest_cpu: longestCpu }));
await end(page);
