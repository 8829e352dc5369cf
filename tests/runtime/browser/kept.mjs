// The main views as they were kept, in light, dark, forced colours, at 320 px, at 200 %, from right to left, on
// paper and without script: each is compared, at half its size and with a tolerance, with a picture in `kept`.
// `PHASEGATE_LOOKS=keep` takes them anew.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BASE, browser, end, report, start, steps, until, window } from "./lib.mjs";

/** A colour that differs by more than this is another one; so many of all may be, where letters are drawn otherwise. */
const DIFFERS = 48;
const MOST = 0.015;

const at = (minute) => `2026-03-04T10:${String(minute).padStart(2, "0")}:00.000Z`;
const event = (seq, from, to, more = {}) => ({ seq, from, to, at: at(seq), job: seq > 1 ? "deploy" : null, run_id: seq > 1 ? "17204518833" : null, run_attempt: seq > 1 ? 1 : null, run_url: null, actor: seq > 1 ? null : "ines", authenticated_by: seq > 1 ? "row-token" : "operator-token", attempted: null, forced: null, observed: null, ...more });
const phase = (name, title) => (view, note) => ({ name, title, view, ...(note && { note }) });
const PHASES = [phase("smoke_gate", "Smoke gate"), phase("freeze_check", "Freeze check"), phase("deploy", "Deploy"), phase("health_check", "Health check")];
const views = (...all) => all.map(([view, note], place) => PHASES[place](view, note));
const columns = { ref: "main@3f2c91e", requested_by: "ines", reason: "Raise the rate limit" };
const running = {
  id: "0190a1b2-0000-7000-8000-000000000001", status: "deploying", title: "Deploying", terminal: false, outcome: null, known: true, seq: 3, table: "", columns,
  phases: views(["unconfirmed"], ["unconfirmed"], ["active"], ["upcoming"]),
  events: [event(1, null, "queued"), event(2, "queued", "building"), event(3, "building", "deploying")],
  last_report_at: at(3), overdue_since: null, run_url: null, log_tail: null,
};
const failed = {
  ...running, status: "failed", title: "Failed", terminal: true, outcome: "failure", seq: 4, log_tail: "expected 3\nfound 2",
  phases: views(["unconfirmed"], ["unconfirmed"], ["failed"], ["skipped", "not-reached"]),
  events: [...running.events, event(4, "deploying", "failed", { attempted: "deploying" })],
};
const item = (snapshot, number, change = {}) => ({ ...snapshot, events: undefined, id: `${snapshot.id.slice(0, -1)}${number}`, created_at: at(number), ...change });
const list = {
  deploys: [
    item(running, 5),
    item(failed, 4, { columns: { ref: "release-7", requested_by: "kim", reason: "A reason that is so long that it does not fit into one line, nor into two where there is little room for it" } }),
    item(running, 3, { status: "succeeded", title: "Succeeded", outcome: "success", terminal: true, phases: views(["done"], ["done"], ["done"], ["done"]), columns: { ref: "release-6" } }),
    item(running, 2, { status: "succeeded", title: "Succeeded", outcome: "success", terminal: true, forced_seq: 3, phases: views(["done"], ["skipped", "not-needed"], ["done"], ["skipped", "forced"]), columns: { ref: "hotfix" } }),
    item(running, 1, { status: "queued", title: "Queued", phases: views(["upcoming"], ["upcoming"], ["upcoming"], ["upcoming"]), columns: { ref: "main" } }),
  ],
  next: null,
};
const refused = [{ at: at(3), event_id: null, status: "smoke_passed", from: "building", answer: "illegal-transition", job: "smoke", run_id: "17204518833", run_attempt: 1, run_url: null, actor: null, authenticated_by: "row-token", attempted: null }];

const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  forced: { forcedColors: "active" },
  narrow: { viewport: { width: 320, height: 640 } },
  // As a browser is at 200 %.
  twice: { viewport: { width: 400, height: 420 }, deviceScaleFactor: 2 },
  rtl: { colorScheme: "light" },
  print: { colorScheme: "light" },
  plain: null,
};
const VIEWS = { list: null, start: null, running, failed };
const FONTS = '* { font-family: "DejaVu Sans" !important; caret-color: transparent; } code, pre { font-family: "DejaVu Sans Mono" !important; }';

const stream = (name, data) => ({ contentType: "text/event-stream", body: `event: ${name}\ndata: ${JSON.stringify(data)}\n\nevent: end\ndata: {}\n\n` });

async function taken(look, view) {
  const snapshot = VIEWS[view];
  const page = await window({ viewport: { width: 800, height: 560 }, timezoneId: "UTC", locale: "en-GB", ...LOOKS[look] });
  await page.clock.setFixedTime("2026-03-04T10:12:00.000Z");
  if (look === "rtl") await page.addInitScript(() => addEventListener("DOMContentLoaded", () => (document.documentElement.dir = "rtl")));
  // The clocks agree.
  const date = "Wed, 04 Mar 2026 10:12:00 GMT";
  await page.route("**/icon.svg", (route) => (route.request().method() === "HEAD" ? route.fulfill({ headers: { date } }) : route.continue()));
  await page.route("**/api/deploys?*", (route) => route.fulfill(stream("list", list)));
  await page.route("**/events", (route) => route.fulfill(stream("snapshot", snapshot)));
  await page.route("**/reports?*", (route) => route.fulfill({ json: { reports: refused, next: null } }));
  // The row's own page has what its dialog has.
  await page.goto(snapshot === null ? BASE : `${BASE}/rows/${snapshot.id}`);
  if (snapshot === null) await until(() => page.$$eval("#list > li", (rows) => rows.length), list.deploys.length);
  else await until(async () => (await steps(page)()).length, 4);
  if (snapshot !== null) await until(() => page.$$eval("#watch-audit > li", (rows) => rows.length), snapshot.events.length + 1);
  if (view === "start") await page.click("#start-open");
  if (look === "print") await page.emulateMedia({ media: "print" });
  return seen(page);
}

/** What a page looks like, whatever fonts there are. */
async function seen(page) {
  await page.evaluate((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
    return document.fonts.ready;
  }, FONTS);
  const whole = await page.screenshot({ animations: "disabled" });
  // The backend itself has no such row.
  const complaints = page.complaints.filter((said) => !/404/.test(said));
  await page.close();
  assert.deepEqual(complaints, []);
  return whole.toString("base64");
}

/** Without script the backend draws rows of its own: their times and keys are put in place of today's. */
async function plain(view) {
  const page = await window({ viewport: { width: 800, height: 560 }, colorScheme: "light", javaScriptEnabled: false });
  await page.route(/\/(rows\/.*)?$/, async (route) => {
    const answer = await route.fetch();
    const html = (await answer.text()).replace(/<time [^>]*>[^<]*/g, "<time>2026-03-04 10:04:00 UTC").replaceAll(rows[view] ?? /$^/g, running.id);
    await route.fulfill({ response: answer, body: html });
  });
  await page.goto(rows[view] ? `${BASE}/rows/${rows[view]}` : BASE);
  return seen(page);
}
const rows = {};
for (const [view, reports] of Object.entries({ running: ["building", "deploying"], failed: ["building", "deploying", "failed"] })) {
  const row = await start("/api/deploys", columns);
  for (const [at, status] of reports.entries()) await report(row, { status, job: "deploy", run_id: "17204518833", run_attempt: 1, event_id: `e${at}`, ...(status === "failed" && { attempted: "deploying" }) });
  if (view === "failed") await report(row, { status: "smoke_passed", job: "smoke", run_id: "17204518833", run_attempt: 1 }, 422);
  rows[view] = row.id;
}

/** Draws pictures at half their size. */
const paper = await (await browser.newContext()).newPage();
await paper.evaluate(() => {
  globalThis.draw = async (png, scale) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return { canvas, context };
  };
});
/** With 8 shades of each colour: a small file, and as much as is compared. */
const halved = (png) =>
  paper.evaluate(async (png) => {
    const { canvas, context } = await globalThis.draw(png, 0.5);
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < picture.data.length; at += 1) if (at % 4 !== 3) picture.data[at] = Math.round(picture.data[at] / 36) * 36;
    context.putImageData(picture, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  }, png);
/** How much of the two differs; nothing where they are not of one size. */
const difference = (one, other) =>
  paper.evaluate(async ([one, other, differs]) => {
    const [a, b] = [await globalThis.draw(one, 1), await globalThis.draw(other, 1)];
    const { width, height } = a.canvas;
    if (width !== b.canvas.width || Math.abs(height - b.canvas.height) > 2) return null;
    const rows = Math.min(height, b.canvas.height);
    const [left, right] = [a, b].map(({ context }) => context.getImageData(0, 0, width, rows).data);
    let count = 0;
    for (let at = 0; at < left.length; at += 4) {
      if ([0, 1, 2].some((part) => Math.abs(left[at + part] - right[at + part]) > differs)) count += 1;
    }
    return count / (left.length / 4);
  }, [one, other, DIFFERS]);

const found = [];
for (const look of Object.keys(LOOKS)) {
  // A form is on no paper, and needs script.
  for (const view of Object.keys(VIEWS).filter((view) => !["print", "plain"].includes(look) || view !== "start")) {
    const path = fileURLToPath(new URL(`kept/${view}-${look}.png`, import.meta.url));
    const now = await halved(await (look === "plain" ? plain(view) : taken(look, view)));
    if (process.env.PHASEGATE_LOOKS === "keep") writeFileSync(path, Buffer.from(now, "base64"));
    assert.ok(existsSync(path), `${path} is missing: take it by PHASEGATE_LOOKS=keep`);
    const share = await difference(now, readFileSync(path).toString("base64"));
    if (share === null || share > MOST) {
      const seen = join(tmpdir(), `phasegate-${view}-${look}.png`);
      writeFileSync(seen, Buffer.from(now, "base64"));
      found.push(`${seen}: ${share === null ? "another size" : `${(share * 100).toFixed(2)} %`}`);
    }
  }
}
assert.deepEqual(found, [], "looks otherwise than kept");
await end();
