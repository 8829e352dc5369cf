// The demo's variants as an operator watches them: each is over, and its page says how it went.
import assert from "node:assert/strict";
import { axe, end, steps, text, until, window } from "./lib.mjs";

const pages = [];
for (const { variant, url, status, steps: expected, says } of JSON.parse(process.env.SHOWN)) {
  const page = await window();
  pages.push(page);
  await page.goto(url);
  await until(async () => (await steps(page)()).map((step) => step.replace(/^\*/, "")), expected);
  await until(text(page, "#watch [part=status]"), status);
  await page.getByText(says).first().waitFor();
  assert.deepEqual(await axe(page), [], variant.join(" "));
}
await end(...pages);
