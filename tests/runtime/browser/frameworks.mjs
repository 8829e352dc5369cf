// The examples in React and Vue, bundled as their users do: live, told of changes, and gone when they are taken away.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BASE, end, report, start, text, until, window } from "./lib.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

for (const example of ["react.jsx", "vue.js"]) {
  const bundle = await build({
    entryPoints: [path(`../../../codegen/examples/stepper/${example}`)],
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    external: ["./order-stepper.js"],
    nodePaths: [path("../../node_modules")],
    define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
    logLevel: "error",
  });
  const page = await window();
  await page.route(`${BASE}/app`, (route) => route.fulfill({ contentType: "text/html", body: '<!doctype html><html lang="en"><title>Order</title><div id="app"></div>' }));
  await page.route(`${BASE}/bundle.js`, (route) => route.fulfill({ contentType: "text/javascript", body: bundle.outputFiles[0].text }));
  await page.goto(`${BASE}/app`);
  const show = (id) => page.evaluate(async (id) => (await import("/bundle.js")).show(id), id);
  const streams = new Set();
  page.on("request", (request) => request.url().endsWith("/events") && streams.add(request));
  page.on("requestfailed", (request) => streams.delete(request));
  page.on("requestfinished", (request) => streams.delete(request));

  const [one, other] = [await start("/api/orders", {}), await start("/api/orders", {})];
  await show(one.id);
  await until(text(page, "h1"), `Order ${one.id}: Placed`);
  await report(one, { status: "authorising", job: "j", run_id: "1", run_attempt: 1 });
  await until(text(page, "h1"), `Order ${one.id}: Authorising`);
  const step = () => page.$eval("phasegate-stepper [part~=step][aria-current]", (node) => node.querySelector("[part=title]").textContent);
  await until(step, "Payment");

  await show(other.id);
  await until(text(page, "h1"), `Order ${other.id}: Placed`);
  await until(() => [...streams].map((request) => request.url()), [`${BASE}/api/orders/${other.id}/events`]);
  await show(null);
  await until(() => page.$$eval("phasegate-stepper", (nodes) => nodes.length), 0);
  await until(() => streams.size, 0);
  assert.deepEqual(page.complaints, [], example);
  await page.close();
}
await end();
