// The playground: a table that is edited in the page, what the command says of it, and what it gives. The
// program that says so is the command's own code, as WebAssembly.

const $ = (id) => document.getElementById(id);

/** A moment after the last letter, in milliseconds. */
const PAUSE = 150;
/** A moment after the last change, in milliseconds. */
const KEEP = 600;
/** A run that takes longer is given up once there is a newer text, in milliseconds. */
const LONG = 2_000;
/** So many lines are marked at the edge. */
const MARKED = 200;

/** What any table has, and each target. */
const TABS = { picture: "Picture", proofs: "Proofs", rust: "Rust", sql: "SQL", workflow: "Workflow", js: "JavaScript", ts: "TypeScript", json: "JSON", docs: "Docs", other: "Other" };
const PICTURES = { svg: "SVG", mermaid: "Mermaid", dot: "DOT" };
const EXAMPLES = ["order", "deploy"];

/** An element with its attributes and children; strings become text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Text only where it differs, so that nothing is announced for its own sake. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// The program, next to the page. It answers one question at a time, and the newest first.

const program = { module: null, worker: null, number: 0, begun: 0, asked: null, waiting: new Map(), limit: null };

async function load() {
  const answer = await fetch("phasegate.wasm");
  if (!answer.ok) throw new Error(`phasegate.wasm: the answer was ${answer.status}`);
  program.module = await WebAssembly.compile(await answer.arrayBuffer());
  employ();
}

function employ() {
  program.worker?.terminate();
  program.worker = new Worker("worker.js", { type: "module" });
  program.worker.postMessage({ module: program.module });
  program.worker.addEventListener("message", ({ data }) => {
    if (data.number !== program.asked?.number) return;
    const { take } = program.asked;
    program.asked = null;
    take(data);
    ask();
  });
  program.worker.addEventListener("error", () => {
    program.asked?.take({ problem: "The program could not be run." });
    program.asked = null;
  });
}

/** Asks for this of the text; of each kind only the newest question waits. */
function question(what, text, take) {
  program.waiting.set(what, { text, take });
  ask();
}

function ask() {
  if (program.asked) {
    clearTimeout(program.limit);
    // A newer text does not wait for what becomes of an older one.
    if (program.waiting.size > 0) program.limit = setTimeout(giveUp, Math.max(0, program.begun + LONG - performance.now()));
    return;
  }
  const [next] = program.waiting;
  if (!next || !program.module) return;
  const [what, { text, take }] = next;
  program.waiting.delete(what);
  program.number += 1;
  program.begun = performance.now();
  program.asked = { number: program.number, take };
  program.worker.postMessage({ number: program.number, what, name: `${nameOf(text)}.toml`, text });
}

function giveUp() {
  program.asked = null;
  employ();
  ask();
}

/** What the table's file would be called: as its machine. */
const nameOf = (text) => /^\s*name\s*=\s*["']([a-z][a-z0-9_]{0,62})["']/m.exec(text)?.[1] ?? "table";

// The table.

/** What is known: of the text that was looked at last, and of the last one that was valid. */
const known = { text: null, problem: null, findings: [], proofs: [], made: null, proven: null, isStale: false };

const box = $("table");
let pause = null;

function edited() {
  number();
  clearTimeout(pause);
  pause = setTimeout(look, PAUSE);
}

function look() {
  const text = box.value;
  if (text === known.text) return;
  known.text = text;
  program.waiting.delete("prove");
  question("show", text, ({ answer, problem }) => {
    // It was changed meanwhile; where it is changed back, it is looked at again.
    if (text !== box.value) return void (known.text = null);
    known.problem = problem ?? null;
    known.findings = answer?.findings ?? [];
    known.proofs = [];
    known.proven = null;
    known.isStale = !answer?.valid;
    if (answer?.valid) Object.assign(known, { made: answer });
    draw();
    if (answer?.valid) prove(text);
  });
  keepSoon();
}

function prove(text) {
  question("prove", text, ({ answer, problem }) => {
    if (text !== box.value) return;
    known.problem = problem ?? null;
    known.proofs = answer?.findings ?? [];
    known.proven = answer ?? null;
    draw();
  });
}

function draw() {
  drawFindings();
  drawTabs();
}

/** The numbers of the lines, and marks at those that a finding is about. */
function number() {
  const lines = box.value.split("\n").length;
  if (Number(box.dataset.lines) !== lines) {
    box.dataset.lines = String(lines);
    write($("lines"), Array.from({ length: lines }, (_, at) => at + 1).join("\n"));
  }
  follow();
}

/** The edge goes where the text goes. */
function follow() {
  for (const id of ["lines", "marks"]) $(id).style.transform = `translateY(${-box.scrollTop}px)`;
}

const all = () => [...known.findings, ...known.proofs];
const count = (number, word) => (number === 0 ? [] : [`${number} ${word}${number === 1 ? "" : "s"}`]);

function drawFindings() {
  const findings = all();
  const errors = findings.filter(({ finding }) => finding.severity === "error").length;
  const numbers = [...count(errors, "error"), ...count(findings.length - errors, "warning")].join(", ");
  const waits = !known.isStale && known.proven === null && !known.problem ? " Its proofs are being tried." : "";
  write($("said"), known.problem ?? `${numbers === "" ? "No findings." : `${numbers}.`}${waits}`);
  $("said").toggleAttribute("data-bad", errors > 0 || known.problem !== null);
  // One that stays keeps its selection and the focus.
  const had = new Map([...$("findings").children].map((node) => [node.key, node]));
  arrange($("findings"), findings.map((one) => had.get(JSON.stringify(one)) ?? findingNode(one)));
  const marked = new Map();
  for (const { finding } of findings) if (finding.line !== null && marked.get(finding.line) !== "error") marked.set(finding.line, finding.severity);
  $("marks").replaceChildren(...[...marked].slice(0, MARKED).map(([line, severity]) => {
    const mark = element("i", { "data-severity": severity });
    mark.style.setProperty("--line", line - 1);
    return mark;
  }));
}

/** A list's children in this order. None is moved that stands well. */
function arrange(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  for (const [at, node] of nodes.entries()) if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
}

function findingNode(one) {
  const { finding, text, place } = one;
  const { rule, severity, line, column, message } = finding;
  const where = line === null ? "the table" : `line ${line}, column ${column}`;
  const button = element("button", { type: "button", class: "to" }, element("strong", {}, where), ` ${message}`);
  button.addEventListener("click", () => goTo(line, place));
  const more = element("a", { href: `../rules.html#${rule}` }, rule);
  const node = element("li", { "data-severity": severity },
    element("p", { class: "head" }, element("span", { class: "word" }, severity), " ", button, " ", more),
    element("pre", { tabindex: "0", role: "group", "aria-label": `${severity}: ${rule}, ${where}` }, text.trimEnd()));
  return Object.assign(node, { key: JSON.stringify(one) });
}

/** Selects what a finding is about, in the middle of what is seen of the table. */
function goTo(line, place) {
  box.focus();
  const [from, to] = place ?? [0, 0];
  box.setSelectionRange(from, to);
  const height = Number.parseFloat(getComputedStyle(box).lineHeight);
  box.scrollTop = Math.max(0, ((line ?? 1) - 1) * height - box.clientHeight / 2);
  follow();
}

// What it gives.

const shown = { tab: "picture", picture: "svg", skips: false, file: {} };

/** The tabs that there are: what any table has, and its targets. */
function tabs() {
  const made = new Set(known.made?.artifacts.map(({ target }) => target ?? "other"));
  return Object.entries(TABS).filter(([key]) => ["picture", "proofs"].includes(key) || made.has(key));
}

function drawTabs() {
  const there = tabs();
  // A target that is gone takes its tab with it.
  const now = there.some(([key]) => key === shown.tab) ? shown.tab : "picture";
  const had = new Map([...$("tabs").children].map((node) => [node.dataset.key, node]));
  const nodes = there.map(([key, title]) => {
    const node = had.get(key) ?? element("button", { type: "button", role: "tab", id: `tab-${key}`, "data-key": key, "aria-controls": "panel" }, title);
    node.setAttribute("aria-selected", String(key === now));
    node.tabIndex = key === now ? 0 : -1;
    return node;
  });
  if (nodes.length !== had.size || nodes.some((node) => !had.has(node.dataset.key))) $("tabs").replaceChildren(...nodes);
  $("panel").setAttribute("aria-labelledby", `tab-${now}`);
  $("stale").hidden = !known.isStale || known.made === null;
  $("panel").toggleAttribute("data-stale", known.isStale);
  drawPanel(now);
}

function drawPanel(tab) {
  const { made } = known;
  if (made === null) {
    $("choices").replaceChildren();
    $("shown").replaceChildren(element("p", { class: "hint" }, known.problem ? "" : "What a table gives is shown once it has no errors."));
  } else if (tab === "picture") drawPicture(made.pictures);
  else if (tab === "proofs") drawProofs();
  else drawFiles(tab, made.artifacts.filter(({ target }) => (target ?? "other") === tab));
}

function drawPicture(pictures) {
  const skips = element("input", { type: "checkbox" });
  skips.checked = shown.skips;
  skips.addEventListener("change", () => {
    shown.skips = skips.checked;
    drawShownPicture();
  });
  const form = choice("As", Object.entries(PICTURES), shown.picture, (value) => {
    shown.picture = value;
    drawShownPicture();
  });
  const drawShownPicture = () => {
    const { text, error } = known.made.pictures[`${shown.picture}${shown.skips ? "-skips" : ""}`];
    if (error) return $("shown").replaceChildren(element("p", { class: "hint" }, error));
    return shown.picture === "svg" ? $("shown").replaceChildren(element("div", { class: "picture" }, svgOf(text))) : drawText(text, PICTURES[shown.picture]);
  };
  choices(`picture ${Object.keys(pictures)}`, () => [form, element("label", {}, skips, " Skips")]);
  drawShownPicture();
}

function svgOf(text) {
  const read = new DOMParser().parseFromString(text, "image/svg+xml");
  return document.importNode(read.documentElement, true);
}

function drawProofs() {
  choices("proofs", () => []);
  if (known.proven === null) return $("shown").replaceChildren(element("p", { class: "hint" }, known.isStale ? "The proofs of a table are tried once it has no errors." : "Its proofs are being tried…"));
  const { text, summary } = known.proven;
  return drawText(`${text}${nameOf(box.value)}.toml: ${summary}\n`, "Proofs");
}

function drawFiles(tab, files) {
  const paths = files.map(({ path }) => path);
  // Types stand next to what they are of.
  const first = paths.find((one) => !one.endsWith(".d.ts"));
  const path = paths.includes(shown.file[tab]) ? shown.file[tab] : first;
  choices(`${tab} ${paths}`, () => {
    const select = choice("File", paths.map((one) => [one, one]), path, (value) => {
      shown.file[tab] = value;
      drawPanel(tab);
    });
    const copy = element("button", { type: "button", class: "button" }, "Copy");
    copy.addEventListener("click", () => copied(copy, $("shown").textContent, "Copy"));
    return [select, copy];
  });
  drawText(files.find((file) => file.path === path).text, path);
}

/** A text, scrolled to where it was as long as it is the same file. */
function drawText(text, name) {
  const had = $("shown").querySelector("pre");
  if (had?.getAttribute("aria-label") === name) return write(had, text);
  return $("shown").replaceChildren(element("pre", { tabindex: "0", role: "group", "aria-label": name }, text));
}

/** What can be chosen, drawn anew only where it is something else: the focus stays. */
function choices(key, make) {
  if ($("choices").dataset.key === key && $("choices").childElementCount > 0) return;
  $("choices").dataset.key = key;
  $("choices").replaceChildren(...make());
}

function choice(label, options, value, changed) {
  const select = element("select", {}, ...options.map(([key, text]) => element("option", { value: key }, text)));
  select.value = value;
  select.addEventListener("change", () => changed(select.value));
  return element("label", {}, `${label} `, select);
}

$("tabs").addEventListener("click", ({ target }) => {
  const key = target.closest("[role=tab]")?.dataset.key;
  if (key) pick(key);
});

$("tabs").addEventListener("keydown", (event) => {
  const keys = tabs().map(([key]) => key);
  const at = keys.indexOf(document.activeElement.dataset.key);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: keys.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  pick(keys.at(to % keys.length));
  $(`tab-${shown.tab}`).focus();
});

function pick(key) {
  shown.tab = key;
  drawTabs();
  keepSoon();
}

// The address has the table, so that a link shows it to others. It is read by this page only.

const through = (bytes, stream) => new Response(new Blob([bytes]).stream().pipeThrough(stream));

async function packed(text) {
  const bytes = new Uint8Array(await through(text, new CompressionStream("deflate-raw")).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function unpacked(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return through(Uint8Array.from(binary, (char) => char.charCodeAt(0)), new DecompressionStream("deflate-raw")).text();
}

const examples = new Map();

async function example(name) {
  if (!examples.has(name)) examples.set(name, (await fetch(`tables/${name}.toml`)).text());
  return examples.get(name);
}

let keeping = null;

/** Browsers take no more than some addresses a second. */
function keepSoon() {
  clearTimeout(keeping);
  keeping = setTimeout(keep, KEEP);
}

async function keep() {
  clearTimeout(keeping);
  const text = box.value;
  const own = await ownName(text);
  $("example").value = own ?? "";
  const state = new URLSearchParams(own ? { example: own } : { table: await packed(text) });
  if (shown.tab !== "picture") state.set("show", shown.tab);
  if (text === box.value) history.replaceState(null, "", `#${state}`);
}

/** The example that this text is, if it is one. */
async function ownName(text) {
  for (const name of examples.keys()) if ((await examples.get(name)) === text) return name;
  return null;
}

async function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  shown.tab = state.get("show") ?? "picture";
  const name = EXAMPLES.includes(state.get("example")) ? state.get("example") : EXAMPLES[0];
  let text;
  try {
    text = state.has("table") ? await unpacked(state.get("table")) : await example(name);
  } catch {
    text = await example(name);
  }
  set(text);
}

function set(text) {
  box.value = text;
  box.scrollTop = 0;
  number();
  look();
}

async function copied(button, text, name) {
  try {
    await navigator.clipboard.writeText(text);
    write(button, "Copied");
  } catch {
    write(button, "Not copied: the browser does not let it");
  }
  setTimeout(() => write(button, name), 2_000);
}

$("share").addEventListener("click", async () => {
  await keep();
  copied($("share"), location.href, "Copy link");
});
$("example").addEventListener("change", async () => {
  if ($("example").value !== "") set(await example($("example").value));
});
box.addEventListener("input", edited);
box.addEventListener("scroll", follow);
addEventListener("hashchange", restore);

drawTabs();
try {
  await Promise.all([load(), restore()]);
  ask();
} catch (problem) {
  known.problem = `The playground could not be loaded: ${problem.message}.`;
  drawFindings();
}
