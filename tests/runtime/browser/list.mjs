// Loading, a first look that failed, no rows and some are four views; every row that is shown lives,
// from one stream and not by asking again.
import assert from "node:assert/strict";
import { BASE, axe, end, listed, report, sql, start, text, until, window } from "./lib.mjs";

const page = await window();
await page.addInitScript(() => {
  const { EventSource } = globalThis;
  globalThis.wholes = 0;
  globalThis.EventSource = class extends EventSource {
    constructor(...args) {
      super(...args);
      this.addEventListener("list", () => (globalThis.wholes += 1));
    }
  };
});
const wholes = () => page.evaluate(() => globalThis.wholes);
const views = () => page.evaluate(() => ["list-loading", "list-empty", "list-problem", "list"].filter((id) => document.getElementById(id).checkVisibility()));
const asked = [];
page.on("request", (request) => {
  const url = new URL(request.url());
  if (url.pathname === "/api/deploys") asked.push(url.search);
});

// Nothing has come yet.
let answer;
const held = new Promise((resolve) => (answer = resolve));
await page.route("**/api/deploys?limit=20", async (route) => {
  await held;
  await route.abort("connectionrefused");
});
await page.goto(BASE);
await until(views, ["list-loading"]);
assert.deepEqual(await axe(page), []);
// It failed: that is neither loading nor none.
answer();
await until(views, ["list-problem"]);
assert.match(await text(page, "#list-problem")(), /^The backend cannot be reached since \d\d:\d\d:\d\d\. Trying again\.$/);
// The backend says why.
await page.unroute("**/api/deploys?limit=20");
await page.route("**/api/deploys?limit=*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"detail": "the database is away"}' }));
await page.goto(BASE);
await until(text(page, "#list-problem"), "the database is away Trying again.");
assert.deepEqual(await views(), ["list-problem"]);
// There is none.
await page.unroute("**/api/deploys?limit=*");
await until(views, ["list-empty"]);

const deploys = [];
for (let at = 0; at < 45; at += 1) deploys.push(await start("/api/deploys", { ref: `ref-${at}` }));
await until(async () => (await listed(page)()).length, 20);
assert.deepEqual(await views(), ["list"]);
for (const most of [40, 45]) {
  await page.click("#older");
  await until(async () => (await listed(page)()).length, most);
}
// The oldest moves, while nothing is asked for again.
const before = asked.length;
const wholesBefore = await wholes();
await report(deploys[0], { status: "building" });
await until(async () => (await listed(page)()).at(-1), "ref-0: Building [active]");
await sql(`UPDATE deploys SET status = 'failed' WHERE id = '${deploys[3].id}'`);
await until(async () => (await listed(page)()).at(-4), "ref-3: Failed [failed]");
await sql(`DELETE FROM deploys WHERE id = '${deploys[1].id}'`);
await until(async () => (await listed(page)()).slice(-2), ["ref-2: Queued [upcoming]", "ref-0: Building [active]"]);
const last = await start("/api/deploys", { ref: "last" });
await until(async () => (await listed(page)())[0], "last: Queued [upcoming]");
// A row that comes or goes is sent, and not all of them.
assert.equal(await wholes(), wholesBefore);
await new Promise((resolve) => setTimeout(resolve, 6_000));
assert.equal(asked.length, before, `asked again: ${asked}`);
assert.deepEqual(asked.slice(-2), ["?limit=40", "?limit=80"]);
await report(last, { status: "building" });
await until(async () => (await listed(page)())[0], "last: Building [active]");

// How long ago something was is so by the backend's clock, however wrong the reader's is.
const HOUR = 3_600_000;
await sql(`INSERT INTO deploys (id, ref, created_at) VALUES ('old', 'old', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-190 minutes'))`);
for (const hours of [-5, 5]) {
  const off = await window();
  await off.clock.setFixedTime(Date.now() + hours * HOUR);
  await off.goto(BASE);
  await off.fill("#filter-text", "old");
  await until(() => off.$$eval('#list [data-open="old"] time', (nodes) => nodes[0]?.textContent), "3 hr. ago");
  assert.deepEqual(off.complaints, []);
}
await end(page);
