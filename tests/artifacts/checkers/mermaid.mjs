// Has Mermaid itself parse and draw diagrams: `node tests/artifacts/checkers/mermaid.mjs FILE...`, Markdown or Mermaid; ends 1 where
// it complains. It needs a document, so it runs in Chromium.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage();
// The build without the kinds of diagrams that nothing here draws; its parser of flowcharts is Mermaid's own.
await page.addScriptTag({ path: createRequire(import.meta.url).resolve("@mermaid-js/tiny") });
await page.evaluate(() => window.mermaid.initialize({ startOnLoad: false, maxEdges: 1000 }));

let findings = 0;
for (const [at, file] of process.argv.slice(2).entries()) {
  const text = await readFile(file, "utf8");
  const diagrams = file.endsWith(".md") ? [...text.matchAll(/^```mermaid\n(.*?)^```$/gms)].map(([, inner]) => inner) : [text];
  if (diagrams.length !== 1) throw new Error(`${file} has ${diagrams.length} diagrams`);
  const said = await page.evaluate(async ([id, diagram]) => {
    try {
      const { diagramType } = await window.mermaid.parse(diagram);
      const { svg } = await window.mermaid.render(id, diagram);
      // Every node and every arrow that the text has is in the picture.
      const drawn = new DOMParser().parseFromString(svg, "text/html");
      const lines = diagram.split("\n");
      const nodes = lines.filter((line) => /^\s+[se]\d+[[(]/.test(line)).length;
      const arrows = lines.filter((line) => /^\s+(s\d+|e\d+\[.*\]:::note) (-->|==>|-\.->) s\d+$/.test(line)).length;
      const counted = [drawn.querySelectorAll("g.node").length, drawn.querySelectorAll("path.flowchart-link").length];
      if (nodes === 0) return "there is no state";
      if (counted[0] !== nodes || counted[1] !== arrows) return `${nodes} states and ${arrows} transitions were drawn as ${counted}`;
      return diagramType.startsWith("flowchart") ? null : diagramType;
    } catch (error) {
      return String(error.message ?? error);
    }
  }, [`d${at}`, diagrams[0]]);
  if (said !== null) {
    console.log(`${file}: ${said}`);
    findings += 1;
  }
}
await browser.close();
process.exit(findings === 0 ? 0 : 1);
