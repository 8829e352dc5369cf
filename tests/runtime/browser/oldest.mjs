// Thousands of rows: the newest are followed, older ones are read page by page, down to the oldest, and each
// has its dialog and its page.
import assert from "node:assert/strict";
import { BASE, end, listed, report, sql, start, text, until, window } from "./lib.mjs";

const first = await start("/api/deploys", { ref: "first" });
await sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1149) INSERT INTO deploys (id, ref, created_at) SELECT 'old-' || i, 'ref-' || i, strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 - i, 'unixepoch') FROM n");
const page = await window();
/** On a busy machine a page of many rows takes its time. */
const PATIENCE = 60_000;
const asked = [];
page.on("request", (request) => {
  const url = new URL(request.url());
  if (url.pathname === "/api/deploys") asked.push(url.search);
});
await page.goto(BASE);
const count = () => page.$$eval("#list > li", (rows) => rows.length);
for (const most of [20, 40, 80, 160, 320, 640, 1000]) {
  await until(count, most, PATIENCE);
  assert.equal(await page.isVisible("#list-most"), false);
  await page.click("#older");
}
await until(count, 1100, PATIENCE);
assert.equal(await page.isVisible("#list-most"), true);
await page.click("#older");
await until(count, 1150, PATIENCE);
assert.equal(await page.isVisible("#older"), false);
assert.equal((await listed(page)()).at(-1), "ref-1149: Queued [upcoming]");
assert.deepEqual(asked.slice(-2), ["?limit=100&before=old-999", "?limit=100&before=old-1099"]);
// The newest is followed on.
await report(first, { status: "building" });
await until(async () => (await listed(page)())[0], "first: Building [active]");
assert.equal(await count(), 1150);
await page.click("#list > li:last-child a");
await until(text(page, "#watch-title"), "ref-1149");
await page.goto(`${BASE}/rows/old-1149`);
await until(text(page, "#watch [part=status]"), "Queued");
await end(page);
