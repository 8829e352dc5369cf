// A real Chromium, and what the tests see of the console's page in it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const PATIENCE = 15_000;

export const BASE = process.env.BASE;

assert.ok(existsSync(CHROMIUM), `there is no ${CHROMIUM}; install it (on Debian: apt-get install chromium)`);
export const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(" ") });

/** A file of the page with one thing in it undone, where a test is to see that it would be missed. */
const FAULT = process.env.FAULT && JSON.parse(process.env.FAULT);

async function break_(context) {
  await context.route(`**/${FAULT.file}`, async (route) => {
    const answer = await route.fetch();
    const [text, headers] = [await answer.text(), answer.headers()];
    if (!text.includes(FAULT.from)) process.exit(3);
    delete headers["content-encoding"];
    delete headers["content-length"];
    await route.fulfill({ status: answer.status(), headers, body: text.replaceAll(FAULT.from, FAULT.to) });
  });
}

/** A page of its own. Whatever it complains of fails the test. */
export async function window(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, reducedMotion: "reduce", ...options });
  if (FAULT) await break_(context);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  return page;
}

/** Ends the test: no page may have complained of anything but a lost connection. */
export async function end(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.complaints.filter((said) => !/net::ERR_|Failed to load resource/.test(said)), []);
  }
  await browser.close();
}

/** Waits until something is as expected; tells the difference where it never is. */
export async function until(look, expected, patience = PATIENCE) {
  const deadline = Date.now() + patience;
  for (;;) {
    const seen = await look();
    try {
      assert.deepEqual(seen, expected);
      return;
    } catch (difference) {
      if (Date.now() > deadline) throw difference;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The steps as they read, the active one with a star. */
export const steps = (page) => () =>
  page.$$eval("#watch [part~=step]", (items) =>
    items.map((item) => {
      const mark = item.getAttribute("aria-current") === "step" ? "*" : "";
      return `${mark}${item.querySelector("[part=title]").textContent}: ${item.querySelector("[part=view]").textContent}`;
    }),
  );

export const text = (page, selector) => () => page.$eval(selector, (node) => node.textContent);

/** The audit log as it reads, the newest first. */
export const audit = (page) => () => page.$$eval("#watch-audit .said", (items) => items.map((item) => item.textContent.replace(/\s+/g, " ")));

/** The marks of a row in the list as they read. */
export const marks = (page, row) => () => page.$eval(`#list [data-open="${row.id}"] .marks`, (node) => node.getAttribute("aria-label"));

/** The marks of a row in the list say what its stepper says, by the same icons. */
export async function agree(page, row) {
  const said = (await steps(page)()).map((step) => `${step.replace(/^\*/, "")}.`).join(" ");
  await until(marks(page, row), said);
  const icons = (selector) => page.$$eval(selector, (nodes) => nodes.map((node) => node.dataset.icon));
  assert.deepEqual(await icons(`#list [data-open="${row.id}"] .marks svg`), await icons("#watch [part~=step] svg"));
}

async function call(method, path, body, headers = {}) {
  const answer = await fetch(`${BASE}${path}`, { method, headers: { "content-type": "application/json", ...headers }, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

/** A row that was started past the page. */
export async function start(collection, fields = {}) {
  const { status, body } = await call("POST", collection, fields);
  assert.equal(status, 201, JSON.stringify(body));
  return { id: body.id, token: body.callback_token, path: `${collection}/${body.id}` };
}

/** Reports as a job does; the answer has to be as told. */
export async function report(row, report, expected = 200) {
  const { status, body } = await call("POST", `${row.path}/callbacks`, report, { authorization: `Bearer ${row.token}` });
  assert.equal(status, expected, JSON.stringify(body));
  return body;
}

/** Runs SQL past the backend. */
export async function sql(text) {
  assert.equal((await fetch(`${BASE}/test/sql`, { method: "POST", body: text })).status, 200, text);
}

/** Writes what no transition allows, as an operator does. */
export const force = (row, to, reason) =>
  sql(`INSERT INTO deploy_force (key, to_state, reason, actor) VALUES ('${row.id}', '${to}', '${reason}', 'ines'); UPDATE deploys SET status = '${to}' WHERE id = '${row.id}'`);

/** The rows of the list as they read: title, status, and how they look. */
export const listed = (page) => () =>
  page.$$eval("#list > li", (rows) => rows.map((row) => `${row.querySelector("strong").textContent}: ${row.querySelector(".status").textContent} [${row.dataset.view}]`));

/** Between the page and the backend, to be cut. */
export function line(to) {
  const sockets = new Set();
  let server;
  const open = (port) =>
    new Promise((resolve) => {
      server = createServer((near) => {
        const far = connect(Number(to.port), to.hostname);
        for (const socket of [near, far]) {
          sockets.add(socket);
          socket.on("error", () => {});
          socket.on("close", () => {
            sockets.delete(socket);
            near.destroy();
            far.destroy();
          });
        }
        near.pipe(far).pipe(near);
      }).listen(port, "127.0.0.1", () => resolve(server.address().port));
    });
  const cut = () =>
    new Promise((resolve) => {
      server.close(resolve);
      for (const socket of sockets) socket.destroy();
    });
  /** Nothing goes through any more of what is open, and none of it breaks. */
  const hang = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return { open, cut, hang };
}

const AXE = readFileSync(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** What axe finds on the page as it is. */
export async function axe(page) {
  // By the debugger: the page's own policy lets no script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** Whether something has to be scrolled sideways. */
export const scrollsSideways = (page) =>
  page.evaluate(() => [document.documentElement, ...document.querySelectorAll("dialog[open]")].some((node) => node.scrollWidth > node.clientWidth));
