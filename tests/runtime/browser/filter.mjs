// The list by what is looked for: on the server, live, with words for none.
import assert from "node:assert/strict";
import { BASE, axe, end, report, start, text, until, window } from "./lib.mjs";

const rows = {};
for (const ref of ["main", "Release-7", "release-8", "100%"]) rows[ref] = await start("/api/deploys", { ref });
await report(rows.main, { status: "building", job: "deploy" });
await report(rows["release-8"], { status: "failed", job: "deploy" });
const page = await window();
await page.goto(BASE);
const refs = () => page.$$eval("#list strong", (nodes) => nodes.map((node) => node.textContent));
await until(refs, ["100%", "release-8", "Release-7", "main"]);

await page.fill("#filter-text", "RELEASE");
await until(refs, ["release-8", "Release-7"]);
await until(text(page, "#list-live"), "2 found.");
// Signs that a database reads as any text are letters like others.
await page.fill("#filter-text", "100%");
await until(refs, ["100%"]);
await page.fill("#filter-text", "_");
await until(() => page.$eval("#list-none", (node) => node.hidden), false);
assert.deepEqual(await axe(page), []);
await page.click("#filter-clear");
await until(refs, ["100%", "release-8", "Release-7", "main"]);
assert.equal(await page.evaluate(() => document.activeElement.id), "filter-text");

// By how they ended, and by state; what changes comes and goes.
const options = await page.$$eval("#filter-which > option", (nodes) => nodes.map((node) => node.textContent));
assert.deepEqual(options, ["All", "In progress", "Succeeded", "Failed"]);
await page.selectOption("#filter-which", { label: "Failed" });
await until(refs, ["release-8"]);
await page.selectOption("#filter-which", { label: "Building" });
await until(refs, ["main"]);
await report(rows["Release-7"], { status: "building", job: "deploy" });
await until(refs, ["Release-7", "main"]);
await report(rows.main, { status: "deploying", job: "deploy" });
await until(refs, ["Release-7"]);
await page.fill("#filter-text", "main");
await until(() => page.$eval("#list-none", (node) => node.hidden), false);
await page.selectOption("#filter-which", { label: "In progress" });
await until(refs, ["main"]);
await end(page);
