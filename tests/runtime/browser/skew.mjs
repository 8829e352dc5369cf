// A page that is older than the backend, and one that is newer.
import assert from "node:assert/strict";
import { BASE, end, report, start, steps, text, until, window } from "./lib.mjs";

const deploy = await start("/api/deploys", { ref: "main" });
// The page as it was before the phases, over the backend of now.
const [before, now, rolledBack] = [await window(), await window(), await window()];
await before.route("**/status-map.js", (route) => route.fulfill({ contentType: "text/javascript", body: process.env.OLD_MAP }));
await before.goto(`${BASE}/?deploy=${deploy.id}`);
await now.goto(`${BASE}/?deploy=${deploy.id}`);
// The page of now, over a backend as it was before, on the same database.
await rolledBack.goto(`${process.env.OLD_BACKEND}/?deploy=${deploy.id}`);

await until(text(before, "#watch-state"), "Queued");
await report(deploy, { status: "smoke_running" });
await until(text(before, "#watch-state"), "Unknown state smoke_running (the backend is newer than this page)");
await until(text(now, "#watch-state"), "Smoke running");
await until(text(rolledBack, "#watch-state"), "Smoke running");
await until(steps(rolledBack), ["*Smoke gate: in progress", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"]);
for (const page of [before, rolledBack]) {
  assert.match(await text(page, "#watch-facts")(), /The backend goes by table [0-9a-f]{16}, this page by [0-9a-f]{16}\./);
}
assert.doesNotMatch(await text(now, "#watch-facts")(), /goes by table/);

// The next state that the older page knows is shown as ever.
await report(deploy, { status: "building" });
await until(text(before, "#watch-state"), "Building");
await report(deploy, { status: "failed" });
for (const page of [before, now, rolledBack]) await until(text(page, "#watch-state"), "Failed");

await before.keyboard.press("Escape");
await until(() => before.$eval("#list .status", (node) => node.textContent), "Failed");
await end(before, now, rolledBack);
