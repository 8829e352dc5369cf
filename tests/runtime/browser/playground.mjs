// The playground of the book: a table is edited in the page, its findings come while one types, and what it
// gives is what the command gives, byte for byte. `PHASEGATE_SECONDS` prints how long it takes to load.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { axe, end, scrollsSideways, text, until, window } from "./lib.mjs";

const { SITE } = process.env;
const expected = JSON.parse(readFileSync(process.env.EXPECTED, "utf8"));

// The program by itself, on every table.
const { run } = await import(pathToFileURL(join(SITE, "wasi.js")));
const wasm = readFileSync(join(SITE, "phasegate.wasm"));
const module = await WebAssembly.compile(wasm);
for (const table of expected) {
  const what = `${table.name}: ${table.text.slice(0, 60)}`;
  const ask = async (question) => JSON.parse(await run(module, ["phasegate-playground", question, `${table.name}.toml`], table.text));
  const made = await ask("show");
  assert.equal(made.valid, table.valid, what);
  assert.deepEqual(made.findings.map(({ finding }) => finding), table.findings, what);
  const report = made.findings.map(({ text }) => text).join("");
  if (!table.valid) assert.equal(report, table.report, what);
  else assert.ok(table.report.startsWith(report), what);
  for (const { finding, place } of made.findings) {
    if (!place) continue;
    // Where it leads is where the command says.
    const before = table.text.replace(/^\ufeff/, "").slice(0, place[0]).split("\n");
    assert.deepEqual([before.length, [...before.at(-1)].length + 1], [finding.line, finding.column], what);
  }
  if (!table.valid) continue;
  assert.deepEqual(Object.fromEntries(made.artifacts.map(({ path, text }) => [path, text])), table.artifacts, what);
  for (const [form, { text, error }] of Object.entries(made.pictures)) {
    if (error) assert.match(table.too_large, new RegExp(error.slice(0, -1)), what);
    else assert.equal(text, table.pictures[form], `${what} ${form}`);
  }
  const proved = await ask("prove");
  assert.deepEqual(proved.findings.map(({ finding }) => finding), table.refuted, what);
  assert.ok(table.proofs.startsWith(proved.text) && table.proofs.includes(`.toml: ${proved.summary}`), what);
}

// What fails says so, and ends nothing else.
await assert.rejects(run(module, ["phasegate-playground"], ""), /usage: phasegate-playground show\|prove/);

/** A server of files, as any is. */
const KINDS = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml", wasm: "application/wasm" };
const asked = [];
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url, "http://localhost").pathname).replace(/\/$/, "/index.html");
  asked.push(path);
  const file = join(SITE, path);
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": KINDS[path.split(".").pop()] ?? "text/plain" }).end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}/`;
const [deploy, order] = ["deploy", "order"].map((name) => expected.find((table) => table.name === name));

const page = await window({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
const tabs = () => page.$$eval("[role=tab]", (nodes) => nodes.map((node) => `${node.ariaSelected === "true" ? "*" : ""}${node.textContent}`));
const shown = async () => (await page.locator("#shown pre").allTextContents()).join();
const said = text(page, "#said");
const begun = Date.now();
await page.goto(base);
await until(() => page.$$eval("#shown svg [data-state]", (nodes) => nodes.length), 6);
const loaded = Date.now() - begun;
await until(said, "No findings.");
assert.equal(await page.inputValue("#table"), order.text);
assert.deepEqual(await tabs(), ["*Picture", "Proofs", "Rust", "SQL", "JavaScript", "JSON", "Docs"]);
assert.deepEqual(await axe(page), []);

// A letter too many is found, shown as the command shows it, and led to.
const at = order.text.indexOf('"paid", "shipped"');
await page.$eval("#table", (box, at) => (box.focus(), box.setSelectionRange(at + 5, at + 5)), at);
await page.keyboard.type("d");
await until(said, "1 error.");
const line = order.text.slice(0, at).split("\n").length;
const finding = (await page.$$eval("#findings li", (items) => items.map((item) => item.querySelector("pre").textContent)))[0];
assert.match(finding, new RegExp(`^error\\[unknown-state\\].*\`paidd\`[\\s\\S]*--> order.toml:${line}:[\\s\\S]*\\^{7}[\\s\\S]*did you mean \`paid\``));
assert.match(await text(page, "#findings .to")(), new RegExp(`^line ${line}, column \\d+ `));
assert.equal(await page.$$eval("#marks i", (nodes) => nodes.length), 1);
// What was made stays, and is said to be older.
assert.equal(await text(page, "#stale")(), "The table has errors. This is of its last text without.");
assert.equal(await page.isVisible("#stale"), true);
assert.deepEqual(await axe(page), []);
await page.$eval("#table", (box) => box.setSelectionRange(0, 0));
await page.click("#findings .to");
assert.deepEqual(await page.evaluate(() => {
  const box = document.activeElement;
  return [box.id, box.value.slice(box.selectionStart, box.selectionEnd)];
}), ["table", '"paidd"']);

// Mended, it gives all that the command gives.
await page.keyboard.type('"paid"');
await until(said, "No findings.");
assert.equal(await page.isVisible("#stale"), false);
await page.click("[role=tab]:text('Rust')");
await until(shown, order.artifacts["generated/order.rs"]);
assert.deepEqual(await axe(page), []);
await page.keyboard.press("ArrowRight");
await until(async () => (await tabs())[3], "*SQL");
assert.equal(await page.evaluate(() => document.activeElement.textContent), "SQL");
await page.selectOption("#choices select", "generated/sql/sqlite.sql");
await until(shown, order.artifacts["generated/sql/sqlite.sql"]);
await page.click("[role=tab]:text('Proofs')");
await until(shown, order.proofs);

// What is typed shows at once in what it gives; the link has it, and brings it back.
await page.click("[role=tab]:text('JavaScript')");
await page.fill("#table", order.text.replaceAll("authorising", "checking"));
await until(async () => (await shown()).includes("Checking"), true);
await until(() => page.inputValue("#example"), "");
await page.click("#share");
await until(text(page, "#share"), "Copied");
const link = await page.evaluate(() => navigator.clipboard.readText());
assert.match(link, /#table=[\w-]+&show=js$/);
const before = asked.length;
const other = await window({ viewport: { width: 320, height: 640 }, colorScheme: "dark" });
await other.goto(link);
await until(() => other.inputValue("#table"), order.text.replaceAll("authorising", "checking"));
await until(async () => (await other.locator("#shown pre").allTextContents()).join().includes("Checking"), true);
assert.equal(await scrollsSideways(other), false);
assert.deepEqual(await axe(other), []);
// Nothing of the table reaches a server.
assert.deepEqual(asked.slice(before).filter((path) => !/^\/(index\.html|(playground|worker|wasi)\.js|(playground|base)\.css|icon\.svg|phasegate\.wasm|tables\/\w+\.toml)$/.test(path)), []);

// Another example, with no server any more: all that it takes is there.
await page.selectOption("#example", "deploy");
await until(() => page.inputValue("#table"), deploy.text);
await new Promise((resolve) => server.close(resolve).closeAllConnections());
await page.click("[role=tab]:text('Workflow')");
await page.selectOption("#choices select", "generated/workflow/deploy-console.yml");
await until(shown, deploy.artifacts["generated/workflow/deploy-console.yml"]);
await page.click("[role=tab]:text('Picture')");
await until(() => page.$$eval("#shown svg [data-state]", (nodes) => nodes.length), 10);
const drawn = await page.$eval("#shown svg", (svg) => svg.querySelectorAll(".skip").length);
await page.check("#choices input");
await until(async () => (await page.$eval("#shown svg", (svg) => svg.querySelectorAll(".skip").length)) > drawn, true);
await page.selectOption("#choices select", "mermaid");
await until(shown, deploy.pictures["mermaid-skips"]);

// What is no table at all, and none: words, and nothing that moves by itself.
for (const [typed, begins] of [["[machine", /^\d+ error/], ["", /^\d+ errors?\.$/]]) {
  await page.fill("#table", typed);
  await until(async () => begins.test(await said()), true);
}
if (process.env.PHASEGATE_SECONDS) console.log(JSON.stringify({ loaded_ms: loaded, wasm_bytes: wasm.length }));
await end(page, other);
