// Runs scripts of plain statements on PostgreSQL 18 in this process: a line of JSON each way.
import { createInterface } from "node:readline";
import { PGlite } from "@electric-sql/pglite";

const database = new PGlite();

/** What the database says against a statement; null where it lets it through. */
async function refusal(sql) {
  try {
    await database.exec(sql);
    return null;
  } catch (error) {
    if (error.code === undefined) throw error;
    return error.message;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { setup, tries, reads, reset } = JSON.parse(line);
  const answer = { refused: await refusal(setup), tries: [], reads: [] };
  if (answer.refused === null) {
    for (const statement of tries) answer.tries.push(await refusal(statement));
    for (const select of reads) answer.reads.push((await database.query(select, [], { rowMode: "array" })).rows);
  }
  await database.exec(reset);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
