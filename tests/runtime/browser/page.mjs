// Every row has a page of its own, however old it is: the dialog's link leads there, its head stays, nothing
// on it moves while more comes, and without script it says the same.
import assert from "node:assert/strict";
import { BASE, axe, end, force, line, report, scrollsSideways, start, steps, text, until, window } from "./lib.mjs";

const deploy = await start("/api/deploys", { ref: "first <i>", reason: "Try it" });
for (let at = 0; at < 25; at += 1) await start("/api/deploys", { ref: `later-${at}` });
const UPCOMING = ["Smoke gate: upcoming", "Freeze check: upcoming", "Deploy: upcoming", "Health check: upcoming"];

// From the list by the dialog, and back; a link of the list opened elsewhere is the page.
const page = await window();
await page.goto(BASE);
await page.click("#older");
await until(() => page.$$eval("#list > li", (rows) => rows.length), 26);
assert.equal(await page.getAttribute(`[data-open="${deploy.id}"]`, "href"), `rows/${deploy.id}`);
await page.click(`[data-open="${deploy.id}"]`);
await until(steps(page), UPCOMING);
await page.click("#watch-page");
await until(async () => new URL(page.url()).pathname, `/rows/${deploy.id}`);
await until(steps(page), UPCOMING);
await until(text(page, "h1"), "first <i>");
await until(() => page.title(), "Queued: first <i> - Deploys");
assert.deepEqual(await axe(page), []);
await page.click(".eyebrow a");
await until(async () => new URL(page.url()).pathname, "/");
await until(() => page.$$eval("#list > li", (rows) => rows.length), 20);

// What has no room yet has its place: no step moves, and nothing below them, as the states go by.
const places = (one) => () =>
  one.$$eval("#watch .head, #watch [part~=step], #watch-facts", (nodes) => nodes.map((node) => Math.round(node.getBoundingClientRect().top)));
const WALK = ["smoke_running", "smoke_passed", "freeze_checking", "freeze_passed", "building", "deploying", "health_checking"];
for (const width of [1100, 320]) {
  const row = await start("/api/deploys", { ref: `at ${width}` });
  const one = await window({ viewport: { width, height: 900 } });
  const wire = line(new URL(BASE));
  const port = await wire.open(0);
  await one.goto(`http://127.0.0.1:${port}/rows/${row.id}`);
  await until(steps(one), UPCOMING);
  const before = await places(one)();
  assert.equal(before.length, 6);
  for (const status of WALK) {
    await report(row, { status, job: "j", run_id: "1", run_attempt: 1, run_url: "https://ci.example/1" });
    await until(async () => (await text(one, "#watch [part=status]")()).toLowerCase().replace(" ", "_"), status);
    assert.deepEqual(await places(one)(), before, `${width}: ${status}`);
  }
  // A lost connection is said below the steps.
  await wire.cut();
  await until(() => one.isVisible("#watch [part=line]"), true);
  assert.deepEqual((await places(one)()).slice(0, 5), before.slice(0, 5));
  await wire.open(port);
  await until(() => one.$eval("#watch", (node) => node.hasAttribute("data-stale")), false);
  assert.equal(await scrollsSideways(one), false);

  // What somebody reads stays where it is while the log grows above it, and so does the head.
  await force(row, "queued", "again");
  await until(text(one, "#watch [part=status]"), "Queued (forced by an operator, not reported)");
  await one.setViewportSize({ width, height: 300 });
  await one.$eval("#watch-audit li:nth-child(4)", (node) => node.scrollIntoView({ block: "center" }));
  await one.$eval("#watch-audit li:nth-child(4)", (node) => (node.id = "read"));
  const top = (selector) => one.$eval(selector, (node) => Math.round(node.getBoundingClientRect().top));
  const [read, head] = [await top("#read"), await top("#watch .head")];
  assert.equal(head, 0, "the head stays in sight");
  for (const status of WALK) await report(row, { status, job: "j", run_id: "2", run_attempt: 1 });
  await until(text(one, "#watch-audit .said strong"), "Health checking");
  // A browser keeps it to the pixel, each time that the log grows.
  assert.ok(Math.abs((await top("#read")) - read) <= WALK.length, `what is read moved from ${read} to ${await top("#read")}`);
  assert.equal(await top("#watch .head"), 0);
  assert.deepEqual(one.complaints.filter((said) => !/net::ERR_|Failed to load/.test(said)), []);
  await one.close();
  await wire.cut();
}

/** What axe finds on a page as those see it who have no script: axe is one. */
async function axePlain(path) {
  const html = await (await fetch(`${BASE}${path}`)).text();
  const body = html.replace(/<\/?noscript>/g, "").replace(/<script.*<\/script>/, "").replace(/id="watch-body"/, "$& hidden");
  const one = await window();
  await one.route(`${BASE}${path}`, (route) => route.fulfill({ contentType: "text/html", body }));
  await one.goto(`${BASE}${path}`);
  const found = await axe(one);
  await one.close();
  return found;
}

// Without script: the list, page by page and by what is looked for, and each row with its history.
const plain = await window({ javaScriptEnabled: false });
await plain.goto(BASE);
const shown = () => plain.$$eval("noscript .list strong", (nodes) => nodes.map((node) => node.textContent));
assert.equal((await shown()).length, 20);
assert.equal(await plain.getAttribute("noscript .marks", "aria-label"), "Smoke gate: done. Freeze check: done. Deploy: done. Health check: in progress.");
assert.deepEqual(await axePlain("/"), []);
await plain.click("noscript .more a");
assert.deepEqual((await shown()).at(-1), "first <i>");
assert.equal((await shown()).length, 8);
await plain.fill("noscript [name=q]", "FIRST");
await plain.click("noscript form button");
assert.deepEqual(await shown(), ["first <i>"]);
await plain.selectOption("noscript select", "building");
await plain.click("noscript form button");
assert.equal(await text(plain, "noscript .empty")(), "None is like this.");

await report(deploy, { status: "building", job: "deploy", run_id: "7", run_attempt: 2, run_url: "https://ci.example/7" });
await report(deploy, { status: "smoke_passed", job: "smoke" }, 422);
await report(deploy, { status: "failed", job: "deploy", log_tail: "expected 3 </noscript><b>" });
const answer = await plain.goto(`${BASE}/rows/${deploy.id}`);
assert.equal(answer.status(), 200);
assert.equal(await plain.title(), "Failed: first <i> - Deploys");
assert.equal(await text(plain, "h1")(), "first <i>");
const stepsOf = () => plain.$$eval("noscript .plain li", (nodes) => nodes.map((node) => `${node.querySelector("strong").textContent}: ${node.querySelector(".status").textContent}`));
assert.deepEqual(await stepsOf(), ["Smoke gate: not reported", "Freeze check: not reported", "Deploy: failed", "Health check: not reached"]);
assert.equal(await text(plain, "noscript .summary")(), "Failed in Deploy. Not reached: Health check. Not reported: Smoke gate, Freeze check.");
assert.equal(await text(plain, "noscript pre")(), "expected 3 </noscript><b>");
assert.match(await text(plain, "noscript .audit li:nth-child(2)")(), /Building → Smoke passedrefused: no such step is allowed · job smoke/);
assert.deepEqual(await axePlain(`/rows/${deploy.id}`), []);
for (const width of [320, 1100]) {
  await plain.setViewportSize({ width, height: 900 });
  assert.equal(await scrollsSideways(plain), false);
}
assert.equal(await plain.isVisible("#watch-body"), false);
// The history comes in pages.
for (let at = 0; at < 30; at += 1) {
  await force(deploy, "queued", "again");
  await force(deploy, "failed", "again");
}
await plain.reload();
assert.equal(await plain.$$eval("noscript .audit li", (nodes) => nodes.length), 50);
await plain.click("noscript .audit .more a");
assert.equal(await text(plain, "noscript .audit li:last-child strong")(), "Queued");
assert.equal(await text(plain, "noscript .audit .more a")(), "Newer");

// One that is unknown is said to be, by its status too; with script as well.
for (const one of [plain, page]) {
  assert.equal((await one.goto(`${BASE}/rows/no-such-deploy`)).status(), 404);
}
assert.equal(await text(plain, "noscript .notice")(), "There is no deploy with this id.");
await until(text(page, "#watch [part=line]"), "There is no deploy with this id.");
page.complaints = page.complaints.filter((said) => !/404/.test(said));
await end(page);
