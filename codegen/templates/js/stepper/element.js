// The element. It shows what it is given: a snapshot, or what the stream at `events` says.

/** The icon of each view, in a square of 16. Its meaning stands next to it as text. */
const ICONS = Object.freeze({
  done: "m3.5 8.5 3 3 6-7",
  failed: "m4.25 4.25 7.5 7.5m0-7.5-7.5 7.5",
  cancelled: "M5 5h6v6H5z",
  skipped: "M4.5 8h7",
  active: "M8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4",
  between: "M4 8h.01M8 8h.01M12 8h.01",
  unconfirmed: "M5.9 6.1c.1-1.2 1-2 2.2-2s2.1.8 2.1 1.9c0 1.6-2.1 1.6-2.1 3.3m0 2.4v.2",
  upcoming: "",
  forced: "m3.75 4.25 4 3.75-4 3.75m4.5-7.5 4 3.75-4 3.75",
  neutral: "M4.5 6.5h7m-7 3h7",
});

/** The icon of a view, as an SVG element. */
export function icon(view) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", "data-icon": view })) svg.setAttribute(name, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[view] ?? ICONS.neutral);
  svg.append(path);
  return svg;
}

const CSS = `{% include "js/stepper/element.css" %}`;

/** Announcements are at least so far apart, in milliseconds: a reader speaks no faster. */
const PAUSE = 1_000;
/** How long "connected again" is shown, in milliseconds. */
const BRIEF = 5_000;

/** More steps than these stand one below the other. */
const MOST_IN_A_ROW = 6;

/** An element with a part's name. */
function part(name, names, attributes = {}, ...children) {
  const made = document.createElement(name);
  if (names) made.setAttribute("part", names);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Text only where it differs, so that nothing is announced or repainted for its own sake. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A page without a document renders none; the element comes to life in the browser. */
const Base = globalThis.HTMLElement ?? class {};

/**
 * `<phasegate-stepper>`. Attributes: `events` (the address of a row's event stream), `machine` (the
 * address of a status map, where it is not this table's), `snapshot` (JSON), `vertical`, `compact`.
 * Properties: each of those, and `strings`; `view` to read. It fires `phasegate-change` with
 * `{snapshot, view, event}` after each drawing, and `phasegate-line` with `{kind, words}`.
 */
export class PhasegateStepper extends Base {
  static observedAttributes = ["events", "machine", "snapshot", "vertical"];
  /** Loads the status map where no other is named. */
  static own = null;

  #map = null;
  #snapshot = null;
  #view = null;
  /** The map and the snapshot that the view is of. */
  #drawn = null;
  /** One object for good: the line reads its words from it, too. */
  #strings = { ...STRINGS };
  #line = null;
  #kind = null;
  #frame = null;
  #event = null;
  #said = "";
  #spoken = null;
  #pause = null;
  #brief = null;
  #refreshing = null;
  #at = null;
  #parts = null;
  /** Whether the status map could not be loaded. */
  #isWithout = false;

  /** The address of a row's event stream: the attribute. So are `vertical` and `compact`. */
  get events() {
    return this.getAttribute("events");
  }
  set events(path) {
    this.#reflect("events", path ?? null);
  }
  get vertical() {
    return this.hasAttribute("vertical");
  }
  set vertical(is) {
    this.#reflect("vertical", is ? "" : null);
  }
  get compact() {
    return this.hasAttribute("compact");
  }
  set compact(is) {
    this.#reflect("compact", is ? "" : null);
  }

  #reflect(name, value) {
    if (value === null) this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  /** The status map: the generated module. Frameworks set properties for attributes: a text is its address. */
  get machine() {
    return this.#map;
  }
  set machine(map) {
    if (typeof map === "string") {
      this.#reflect("machine", map);
      return;
    }
    this.#map = map;
    this.#isWithout = false;
    this.#later();
  }

  /** What is shown: a snapshot as the backend answers it. */
  get snapshot() {
    return this.#snapshot;
  }
  set snapshot(given) {
    const snapshot = typeof given === "string" ? (parsed(given) ?? null) : given;
    if (snapshot?.id !== this.#snapshot?.id) this.#spoken = this.#view = null;
    this.#snapshot = snapshot;
    this.#event = null;
    this.#later();
  }

  /** Other texts than `STRINGS`, as many of them as differ. */
  get strings() {
    return this.#strings;
  }
  set strings(strings) {
    const given = { ...strings };
    Object.assign(this.#strings, STRINGS, given);
    // Other words for what was read out are no news.
    if (this.#spoken !== null && this.#spoken === this.#view) this.#spoken = this.#view = viewOf(...this.#drawn, this.#strings);
    this.#later();
  }

  /** What is drawn, as `viewOf` gives it; nothing before there is a map and a snapshot. */
  get view() {
    return this.#view;
  }

  connectedCallback() {
    // What was set before the element was defined hides the properties.
    for (const name of ["events", "machine", "snapshot", "strings", "vertical", "compact"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#build();
    this.#load();
    this.#follow();
    this.#later();
  }

  disconnectedCallback() {
    this.#line?.close();
    this.#line = null;
    for (const timer of [this.#pause, this.#brief, this.#refreshing]) clearTimeout(timer);
    this.#pause = this.#brief = this.#refreshing = null;
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    if (name === "snapshot") this.snapshot = value ?? null;
    // Before it stands in a page and after, nothing is loaded.
    if (this.#parts === null || !this.isConnected) return;
    if (name === "machine") {
      this.#map = null;
      this.#load();
      this.#later();
    }
    if (name === "events") this.#follow();
    if (name === "vertical") this.#later();
  }

  async #load() {
    const address = this.getAttribute("machine");
    if (address === null && this.#map !== null) return;
    const own = this.constructor.own;
    const loading = address !== null ? import(new URL(address, document.baseURI).href) : own?.();
    if (!loading) return;
    try {
      const map = await loading;
      if (this.getAttribute("machine") === address) this.machine = map;
    } catch (problem) {
      if (this.getAttribute("machine") !== address || this.#map !== null) return;
      console.error(problem);
      this.#isWithout = true;
      this.#announce(this.#strings.noMap);
      this.#later();
    }
  }

  #follow() {
    const path = this.getAttribute("events");
    if (path === this.#at && this.#line) return;
    this.#line?.close();
    // What only moved in its page shows on what it has.
    if (this.#at !== null && this.#at !== path) this.snapshot = null;
    this.#line = null;
    this.#at = path;
    this.#kind = null;
    if (path === null) return;
    const on = { snapshot: (snapshot) => this.#take(snapshot, null), transition: (event) => this.#move(event) };
    this.#line = follow(path, on, (line) => this.#say(line), this.#strings);
    this.#later();
  }

  /** A newer snapshot replaces an older one; never the other way round. */
  #take(snapshot, event) {
    if (this.#snapshot && snapshot.seq < this.#snapshot.seq) return;
    this.#snapshot = snapshot;
    this.#event = event;
    this.#later();
  }

  /** An event carries what is shown; a log, or what the backend calls a state, is only in the whole. */
  #move(event) {
    const snapshot = this.#snapshot && next(this.#snapshot, event);
    if (snapshot === this.#snapshot && snapshot !== null) return;
    if (snapshot) this.#take({ ...snapshot, run_url: event.run_url ?? snapshot.run_url }, event);
    const state = this.#map?.states[event.to];
    if (!snapshot || !state || state.ended) this.refresh();
  }

  /** Fetches the whole snapshot, at most once a second. */
  refresh() {
    const path = this.#at;
    if (path === null || this.#refreshing !== null) return;
    const whole = path.replace(/\/events(?=$|\?)/, "");
    if (whole === path) return;
    this.#refreshing = setTimeout(() => (this.#refreshing = null), PAUSE);
    fetch(whole, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(LIMIT) })
      .then((response) => (response.ok ? response.json() : null))
      .then((snapshot) => snapshot && path === this.#at && this.#take(snapshot, this.#event))
      // The line says what is wrong, and a break of it brings the whole snapshot.
      .catch(() => {});
  }

  /** What becomes of the line, in words; what is shown is dimmed while nothing is heard. */
  #say({ kind, words }) {
    const isDown = (one) => !["opening", "live"].includes(one);
    const wasDown = this.#kind !== null && isDown(this.#kind);
    this.#kind = kind;
    clearTimeout(this.#brief);
    const isBack = kind === "live" && wasDown;
    const text = isBack ? this.#strings.connectedAgain : fill(words, { noun: this.#map?.title.toLowerCase() ?? "row" });
    this.toggleAttribute("data-stale", isDown(kind));
    this.#tell(text, isDown(kind));
    if (text !== "") this.#announce(text);
    if (isBack) {
      this.refresh();
      this.#brief = setTimeout(() => this.#tell("", false), BRIEF);
    }
    this.#parts.loading.hidden = this.#snapshot !== null || this.#isWithout || isDown(kind);
    this.dispatchEvent(new CustomEvent("phasegate-line", { detail: { kind, words: text } }));
  }

  #tell(text, isLost) {
    this.#parts.line.toggleAttribute("data-lost", isLost);
    write(this.#parts.line, text);
  }

  /** What has changed since it was last read out, and what becomes of the line: together, now or soon. */
  #announce(text = "") {
    if (text !== "") this.#said = text;
    if (this.#pause !== null) return;
    const speak = () => {
      this.#pause = null;
      const view = this.#view;
      // What the alert says is not said a second time.
      const isAlert = view?.status.state.outcome === "failure";
      const changes = view === null || isAlert ? "" : changesOf(this.#spoken, view);
      this.#spoken = view;
      const words = [this.#said, changes].filter(Boolean).join(" ");
      this.#said = "";
      if (words === "") return;
      write(this.#parts.live, words);
      this.#pause = setTimeout(speak, PAUSE);
    };
    speak();
  }

  /** One drawing a frame, however much came. */
  #later() {
    if (this.#parts === null || this.#frame !== null) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  #build() {
    if (this.#parts !== null) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.#parts = {
      live: part("p", "", { role: "status", class: "hidden-text" }),
      loading: part("p", "loading"),
      status: part("p", "status"),
      steps: part("ol", "steps", { role: "list" }),
      // What comes and goes stands below: it moves no step.
      line: part("p", "line"),
      older: part("p", "older"),
      alert: part("p", "summary alert", { role: "alert" }),
      summary: part("p", "summary"),
    };
    this.#parts.loading.hidden = true;
    root.append(...Object.values(this.#parts));
  }

  #draw() {
    const { status, steps, alert, summary, older, loading } = this.#parts;
    const words = this.#strings;
    write(loading, words.loading);
    loading.hidden = this.#snapshot !== null || this.#isWithout || this.#at === null || this.#kind === null || !["opening", "live"].includes(this.#kind);
    for (const node of [status, steps]) node.hidden = !this.#map || !this.#snapshot;
    if (!this.#map || !this.#snapshot) {
      for (const node of [alert, summary]) write(node, "");
      write(older, this.#isWithout ? words.noMap : "");
      return;
    }
    const view = viewOf(this.#map, this.#snapshot, words);
    steps.hidden = view.steps.length === 0;
    const failed = view.status.state.outcome === "failure";
    const said = failed ? view.summary || `${view.status.title}.` : "";
    this.#view = view;
    this.#drawn = [this.#map, this.#snapshot];
    status.dataset.view = view.status.view;
    if (status.textContent !== view.status.title) status.replaceChildren(icon(view.status.view), part("span", "", {}, view.status.title));
    this.#drawSteps(steps, view.steps);
    write(older, view.status.known ? "" : words.olderPage);
    write(alert, said);
    write(summary, failed ? "" : view.summary);
    this.#announce();
    const detail = { snapshot: this.#snapshot, view, event: this.#event };
    this.dispatchEvent(new CustomEvent("phasegate-change", { detail }));
  }

  #drawSteps(list, steps) {
    list.setAttribute("aria-label", this.#strings.steps);
    list.classList.toggle("stacked", this.hasAttribute("vertical") || steps.length > MOST_IN_A_ROW);
    while (list.children.length > steps.length) list.lastChild.remove();
    while (list.children.length < steps.length) {
      const text = part("span", "text", {}, part("strong", "title"), part("span", "view"), part("span", "detail"), part("span", "time"));
      list.append(part("li", "step", { role: "listitem" }, part("span", "badge"), text));
    }
    for (const [at, step] of steps.entries()) {
      const node = list.children[at];
      const [badge, { children: [title, view, detail, time] }] = node.children;
      if (node.dataset.view !== step.view) badge.replaceChildren(icon(step.view));
      Object.assign(node.dataset, { view: step.view, phase: step.name });
      node.setAttribute("part", `step step-${step.view}`);
      if (step.current) node.setAttribute("aria-current", "step");
      else node.removeAttribute("aria-current");
      write(title, step.title);
      write(view, step.label);
      write(detail, step.detail);
      write(time, timeOf(step, this.#strings));
      if (step.began) time.title = utc(step.began);
      else time.removeAttribute("title");
    }
  }
}

/** The recorded times of a step, in words. */
function timeOf({ began, took }, strings) {
  if (took !== null) return fill(strings.took, { duration: duration(took, strings) });
  return began === null ? "" : fill(strings.since, { time: clock(began) });
}
