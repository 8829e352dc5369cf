// The picture of README that moves: a deploy as an operator watches it, the gates' reports lost. Each step is a
// screenshot; together they are one APNG, written where ANIMATED says.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { BASE, end, report, start, steps, text, until, window } from "./lib.mjs";

/** How long each step is seen, in milliseconds, and the last one. */
const [EACH, LAST] = [1200, 3500];

const deploy = await start("/api/deploys", { ref: "main@3f2c91e", requested_by: "ines", reason: "Raise the rate limit" });
const page = await window({ viewport: { width: 720, height: 400 } });
await page.goto(`${BASE}/?deploy=${deploy.id}`);
const run = { job: "deploy", run_id: "17204518833", run_attempt: 1 };
const shots = [];
const shoot = async (title) => {
  await until(text(page, "#watch [part=status]"), title);
  // Ages differ from run to run.
  await page.$$eval("[data-age]", (nodes) => nodes.forEach((node) => (node.textContent = "just now")));
  shots.push(await page.screenshot({ animations: "disabled" }));
};
await shoot("Queued");
await report(deploy, { ...run, status: "smoke_running", job: "smoke" });
await shoot("Smoke running");
await report(deploy, { ...run, status: "smoke_passed", job: "smoke" });
await shoot("Smoke passed");
for (const status of ["building", "deploying", "health_checking", "succeeded"]) {
  await report(deploy, { ...run, status });
  const title = `${status[0].toUpperCase()}${status.slice(1)}`.replace("_", " ");
  await shoot(title);
}
assert.equal((await steps(page)())[1], "Freeze check: not reported");

/** The chunks of a PNG: name and data. */
function chunks(png) {
  const found = [];
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    found.push({ name: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + size) });
    at += size + 12;
  }
  return found;
}

function chunk(name, ...parts) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), ...parts]);
  return Buffer.concat([numbers([4, body.length - 4]), body, numbers([4, crc32(body)])]);
}

/** Numbers of so many bytes each, one after the other. */
function numbers(...pairs) {
  return Buffer.concat(pairs.map(([bytes, value]) => {
    const buffer = Buffer.alloc(bytes);
    buffer.writeUIntBE(value, 0, bytes);
    return buffer;
  }));
}

/** One picture of many, each of one size. */
function animation(shots) {
  const [first] = shots;
  const head = chunks(first).find(({ name }) => name === "IHDR").data;
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  let seq = 0;
  const out = [first.subarray(0, 8), chunk("IHDR", head), chunk("acTL", numbers([4, shots.length], [4, 0]))];
  for (const [at, shot] of shots.entries()) {
    const delay = at === shots.length - 1 ? LAST : EACH;
    out.push(chunk("fcTL", numbers([4, seq++], [4, width], [4, height], [4, 0], [4, 0], [2, delay], [2, 1000], [1, 0], [1, 0])));
    for (const { data } of chunks(shot).filter(({ name }) => name === "IDAT")) {
      out.push(at === 0 ? chunk("IDAT", data) : chunk("fdAT", numbers([4, seq++]), data));
    }
  }
  return Buffer.concat([...out, chunk("IEND")]);
}

const made = animation(shots);
assert.ok(made.length < 300_000, `${made.length} bytes`);
if (process.env.ANIMATED) writeFileSync(process.env.ANIMATED, made);
// What is kept is such a picture, of as many steps.
else assert.equal(chunks(readFileSync(new URL("run.png", import.meta.url))).filter(({ name }) => name === "fcTL").length, shots.length);
await end(page);
