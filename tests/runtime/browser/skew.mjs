// A page that is older than the backend, and one that is newer.
import assert from "node:assert/strict";
import { BASE, axe, end, listed, report, start, steps, text, until, window } from "./lib.mjs";

const deploy = await start("/api/deploys", { ref: "main" });
// The page as it was before the phases, over the backend of now.
const [before, now, rolledBack] = [await window({ reducedMotion: "no-preference" }), await window(), await window()];
await before.route("**/status-map.js", (route) => route.fulfill({ contentType: "text/javascript", body: process.env.OLD_MAP }));
await before.goto(`${BASE}/?deploy=${deploy.id}`);
await now.goto(`${BASE}/?deploy=${deploy.id}`);
// The page of now, over a backend as it was before, on the same database.
await rolledBack.goto(`${process.env.OLD_BACKEND}/?deploy=${deploy.id}`);

await until(text(before, "#watch [part=status]"), "Queued");
await report(deploy, { status: "smoke_running" });
// What the backend says of it is taken: its title, and its phases as they were last known.
await until(text(before, "#watch [part=status]"), "Smoke running");
await until(steps(before), ["Smoke gate: in progress when last known", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"]);
assert.equal(await before.$$eval("#watch [aria-current]", (nodes) => nodes.length), 0);
assert.deepEqual(new Set(await before.$$eval("#watch [part=badge]", (badges) => badges.map((badge) => getComputedStyle(badge, "::before").animationName))), new Set(["none"]));
assert.deepEqual(await axe(before), []);
await until(listed(before), ["main: Smoke running [active]"]);
for (const offered of ["#watch-older", "#list-older"]) assert.equal(await before.isVisible(offered), true, offered);
assert.equal(await now.isVisible("#watch-older"), false);
await until(text(now, "#watch [part=status]"), "Smoke running");
await until(text(rolledBack, "#watch [part=status]"), "Smoke running");
await until(steps(rolledBack), ["*Smoke gate: in progress", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"]);
for (const page of [before, rolledBack]) {
  assert.match(await text(page, "#watch-facts")(), /The backend and this page have different versions of the table\./);
}
assert.doesNotMatch(await text(now, "#watch-facts")(), /different versions/);

// The reload that it offers brings the page of now, were it not held back here.
await Promise.all([before.waitForNavigation(), before.click("#watch-reload")]);
await until(text(before, "#watch [part=status]"), "Smoke running");

// The next state that the older page knows is shown as ever.
await report(deploy, { status: "building" });
await until(text(before, "#watch [part=status]"), "Building");
await until(() => before.isVisible("#watch-older"), false);
await report(deploy, { status: "failed" });
for (const page of [before, now, rolledBack]) await until(text(page, "#watch [part=status]"), "Failed");

await before.keyboard.press("Escape");
await until(() => before.$eval("#list .status", (node) => node.textContent), "Failed");

// An end that the page does not know is one, of the kind that the backend says.
const ended = await start("/api/deploys", { ref: "ended" });
const strange = { status: "rolled_back", title: "Rolled back", known: true, terminal: true, outcome: "failure", seq: 2, phases: [{ name: "canary", title: "Canary", view: "failed" }, { name: "deploy", title: "Deploy", view: "skipped" }] };
const answer = async (change) => {
  const snapshot = await (await fetch(`${BASE}${ended.path}`)).json();
  const event = { ...snapshot.events[0], seq: 2, from: "queued", to: "rolled_back" };
  await now.route("**/events", (route) => route.fulfill({ contentType: "text/event-stream", body: `event: snapshot\ndata: ${JSON.stringify({ ...snapshot, ...strange, ...change, events: [...snapshot.events, event] })}\n\n` }));
  await now.goto(`${BASE}/?deploy=${ended.id}`);
};
await answer({});
await until(text(now, "#watch [part=status]"), "Rolled back");
assert.equal(await now.getAttribute("#watch [part=status]", "data-view"), "failed");
await until(steps(now), ["Canary: failed", "Deploy: not reached"]);
await until(text(now, "#watch [part~=alert]"), "Rolled back in Canary. Not reached: Deploy.");
// One that the backend does not know either is nothing but its name.
await now.unroute("**/events");
await answer({ title: "rolled_back", known: false, terminal: false, outcome: null, phases: [{ name: "deploy", title: "Deploy", view: "active" }] });
await until(text(now, "#watch [part=status]"), "Unknown state rolled_back (newer than the backend and this page)");
assert.equal(await now.getAttribute("#watch [part=status]", "data-view"), "unconfirmed");
await until(steps(now), ["Deploy: in progress when last known"]);
assert.equal(await now.isVisible("#watch-older"), true);
await end(before, now, rolledBack);
