// A row that is gone is said to be gone, and answers that are no JSON are said in words.
import assert from "node:assert/strict";
import { BASE, end, listed, report, sql, start, steps, text, until, window } from "./lib.mjs";

const page = await window();
const deploy = await start("/api/deploys", { ref: "main" });
await page.goto(`${BASE}/?deploy=${deploy.id}`);
await report(deploy, { status: "smoke_running" });
await until(text(page, "#watch [part=status]"), "Smoke running");
await until(listed(page), ["main: Smoke running [active]"]);
await sql(`DELETE FROM deploys WHERE id = '${deploy.id}'`);
const gone = /^This deploy is gone: it was deleted\. It was looked for in vain at \d\d:\d\d:\d\d\. What is shown is the last that was heard\.$/;
await until(async () => gone.test(await text(page, "#watch [part=line]")()), true);
await until(async () => gone.test(await text(page, "#watch phasegate-stepper [role=status]")()), true);
assert.equal(await page.$eval("#watch", (dialog) => dialog.hasAttribute("data-stale")), true);
// It stays said, and nothing moves.
assert.equal((await steps(page)())[0], "*Smoke gate: in progress");
await until(listed(page), []);
assert.equal(await page.isVisible("#list-empty"), true);

// A login page in between, where JSON was promised.
const other = await start("/api/deploys", { ref: "other" });
const login = { contentType: "text/html; charset=utf-8", body: "<h1>Sign in</h1>" };
const said = "The answer was 200, and what came is no JSON (text/html): something in between may have answered.";
const noStream = "The answer is no event stream (text/html): something in between may have answered.";
await page.route("**/api/**", (route) => route.fulfill(login));
await page.goto(`${BASE}/?deploy=${other.id}`);
await until(text(page, "#watch [part=line]"), `${noStream} Trying again.`);
await page.keyboard.press("Escape");
await until(text(page, "#list-problem"), `${noStream} Trying again.`);
await page.click("#start-open");
await page.click("#start-send");
await until(text(page, "#start-problem"), `${said} Whether it was started is not known: look at the list before you try again.`);

// A gateway's error, and one that the backend says itself.
await page.unroute("**/api/**");
await page.route("**/api/**", (route) => route.fulfill({ ...login, status: 502 }));
await page.click("#start-send");
await until(text(page, "#start-problem"), "The answer was 502, and what came is no JSON (text/html): something in between may have answered. Whether it was started is not known: look at the list before you try again.");
await page.unroute("**/api/**");
// What no field lets in is refused by the backend.
await page.$eval("[name=reason]", (field) => field.removeAttribute("maxlength"));
await page.fill("[name=reason]", "x".repeat(5000));
await page.click("#start-send");
await until(text(page, "#start-problem"), "Not started: a text of 5000 bytes, where 4096 are the most");
await page.keyboard.press("Escape");

// An event of a stream that is no JSON.
await page.route("**/events", (route) => route.fulfill({ contentType: "text/event-stream", body: "event: snapshot\ndata: <h1>\n\n" }));
await page.goto(`${BASE}/?deploy=${other.id}`);
await until(async () => (await text(page, "#watch [part=line]")()).startsWith("What came is no JSON (event snapshot)."), true);
// The browser complains of the login page, too.
page.complaints = page.complaints.filter((said) => !said.includes('MIME type ("text/html")'));
await end(page);
