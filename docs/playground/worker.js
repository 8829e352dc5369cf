// What takes time, next to the page: each question is a run of the program.
import { run } from "./wasi.js";

let module;

addEventListener("message", async ({ data }) => {
  if (data.module) {
    module = data.module;
    return;
  }
  const { number, what, name, text } = data;
  try {
    postMessage({ number, answer: JSON.parse(await run(module, ["phasegate-playground", what, name], text)) });
  } catch (problem) {
    postMessage({ number, problem: problem.message });
  }
});
