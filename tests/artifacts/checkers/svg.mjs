// Shows pictures in Chromium and measures them: `node tests/artifacts/checkers/svg.mjs FILE...`; ends 1 where a title is
// wider than its box, boxes lie upon each other, an edge runs through a box or a phase's title, leads elsewhere than it
// says, or anything is outside of the picture.
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage();

let findings = 0;
for (const file of process.argv.slice(2)) {
  await page.goto(pathToFileURL(file).href);
  const said = await page.evaluate(() => {
    const root = document.documentElement;
    if (root.localName !== "svg" || document.querySelector("parsererror")) return ["is no SVG"];
    const box = (element) => element.getBBox();
    const meets = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
    const holds = (a, { x, y }, by = 0) => a.x - by < x && x < a.x + a.width + by && a.y - by < y && y < a.y + a.height + by;
    const said = [];
    const states = new Map();
    for (const group of document.querySelectorAll("g.state")) states.set(group.dataset.state, box(group.querySelector("rect")));
    if (states.size === 0) said.push("has no state");
    for (const group of document.querySelectorAll("g.state")) {
      const [rect, text] = [box(group.querySelector("rect")), box(group.querySelector("text"))];
      if (text.x < rect.x || text.x + text.width > rect.x + rect.width) said.push(`${group.dataset.state}: its title is wider than its box`);
    }
    const boxes = [...states];
    for (const [at, [name, rect]] of boxes.entries()) {
      for (const [other, its] of boxes.slice(at + 1)) if (meets(rect, its)) said.push(`${name} and ${other} lie upon each other`);
    }
    const titles = [...document.querySelectorAll("g.phase text")].map(box);
    for (const path of document.querySelectorAll("path[data-step]")) {
      const [from, to] = path.dataset.step.split(" ");
      const length = path.getTotalLength();
      const points = Array.from({ length: 101 }, (_, at) => path.getPointAtLength((length * at) / 100));
      if (!holds(states.get(from), points[0], 1) || !holds(states.get(to), points[100], 1)) said.push(`${from} -> ${to} leads elsewhere`);
      for (const [name, rect] of boxes) {
        const passes = points.slice(2, -2).some((point) => holds(rect, point, -1));
        if (passes && from !== to) said.push(`${from} -> ${to} runs through ${name}`);
      }
      if (titles.some((title) => points.some((point) => holds(title, point)))) said.push(`${from} -> ${to} runs through a phase's title`);
    }
    const { width, height } = root.viewBox.baseVal;
    for (const element of document.querySelectorAll("rect, text, path[data-step]")) {
      const its = box(element);
      const out = its.x < -0.5 || its.y < -0.5 || its.x + its.width > width + 0.5 || its.y + its.height > height + 0.5;
      if (out) said.push(`${element.outerHTML.slice(0, 80)} is outside of the picture`);
    }
    return said;
  });
  for (const finding of said) {
    console.log(`${file}: ${finding}`);
    findings += 1;
  }
}
await browser.close();
process.exit(findings === 0 ? 0 : 1);
