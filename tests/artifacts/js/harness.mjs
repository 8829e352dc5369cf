// Answers questions about generated modules: a JSON line each way.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const bits = (values, holds) => values.map((value) => (holds(value) ? "1" : "0")).join("");

const answers = {
  pairs({ canBecome }, { values }) {
    return values.map((from) => bits(values, (to) => canBecome(from, to)));
  },
  /** Every pair, nothing first; sequences; and the phases after some histories. */
  judge({ canBecome, initial, transitions, states, stateList, phasesOf }, { sequences, histories }) {
    const values = stateList.map(({ value }) => value);
    const may = (from, to) => (from === undefined ? initial.includes(to) : canBecome(from, to));
    const sequence = (words) => {
      for (const [at, word] of words.entries()) {
        if (may(words[at - 1], word)) continue;
        const legal = at === 0 ? initial : transitions[words[at - 1]];
        return ["rejected", at + 1, ...legal.map((value) => values.indexOf(value)).sort((a, b) => a - b)].join(" ");
      }
      return words.length > 0 && states[words[words.length - 1]].ended ? "complete" : "accepted";
    };
    return {
      pairs: [undefined, ...values].map((from) => bits(values, (to) => may(from, to))),
      sequences: sequences.map(sequence),
      views: answers.phases({ phasesOf }, { histories }),
    };
  },
  facts({ machine, title, meta, fingerprints, initial, phases, stateList, states, transitions }) {
    for (const state of stateList) {
      if (states[state.value] !== state) throw new Error(`${state.value} leads to another state`);
    }
    return { machine, title, meta, fingerprints, initial, phases, states: stateList, next: stateList.map(({ value }) => transitions[value]) };
  },
  phases({ phasesOf }, { histories }) {
    return histories.map(({ history, attempted }) => phasesOf(history, attempted).map(({ view }) => view).join(" "));
  },
  /** Every path to something that can be changed, or that has a prototype to inherit from. */
  loose(module) {
    const found = [];
    const look = (path, value) => {
      if (value === null || typeof value !== "object") return;
      if (!Object.isFrozen(value)) found.push(path);
      for (const key of Reflect.ownKeys(value)) look(`${path}.${String(key)}`, value[key]);
    };
    for (const name of Object.keys(module)) look(name, module[name]);
    for (const name of ["states", "transitions", "fingerprints", "meta"]) {
      if (Object.getPrototypeOf(module[name]) !== null) found.push(`${name} inherits`);
    }
    return found;
  },
  /** Where the guard of the type, or the list of the next ones, says otherwise than the table. */
  guards({ isStatus, next, transitions }, { values }) {
    const none = ["no such state", "hasOwnProperty", "", undefined, null, 1, {}].filter(isStatus);
    const otherwise = values.filter((value) => !isStatus(value) || next(value) !== transitions[value]);
    return [...none, ...otherwise];
  },
  /** What is no string, or no state, is judged without a fault. */
  strange({ canBecome, phasesOf, states, stateList }) {
    const strange = [undefined, null, 0, 1, true, {}, [], Symbol.iterator, "hasOwnProperty", "valueOf", "__proto__", "constructor", "toString", "null", "undefined", "1"];
    const known = new Set(stateList.map(({ value }) => value));
    return strange
      .filter((value) => !known.has(value))
      .flatMap((value) => {
        const said = [];
        if (stateList.some((state) => canBecome(value, state.value) || canBecome(state.value, value))) said.push(`${String(value)} can become`);
        if (typeof value === "string" && states[value] !== undefined) said.push(`${value} is a state`);
        const empty = JSON.stringify(phasesOf([], undefined));
        if (JSON.stringify(phasesOf([value], value)) !== empty) said.push(`${String(value)} moves a phase`);
        return said;
      });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { module, ask, ...rest } = JSON.parse(line);
  const loaded = await import(pathToFileURL(module));
  process.stdout.write(`${JSON.stringify(answers[ask](loaded, rest))}\n`);
}
