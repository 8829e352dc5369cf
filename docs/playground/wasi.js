// Runs a program that reads its input and prints its output: the few calls of WASI that it takes for that.

const [DONE, NO_SUCH_FILE, NO_SUCH_CALL] = [0, 8, 52];

/** What ends a program from within. */
class Exit extends Error {
  constructor(code) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/**
 * Runs a module once, in a memory of its own, with these arguments and this text as its input. Gives what
 * it prints; throws what it says of itself where it fails.
 */
export async function run(module, args, input) {
  const encoder = new TextEncoder();
  const given = encoder.encode(input);
  const printed = { 1: [], 2: [] };
  let read = 0;
  let memory;
  const word = (at, value) => new DataView(memory.buffer).setUint32(at, value, true);
  const bytes = (at, size) => new Uint8Array(memory.buffer, at, size);
  /** The pieces of memory that a list names. */
  const pieces = (list, count) => {
    const view = new DataView(memory.buffer);
    return Array.from({ length: count }, (_, at) => bytes(view.getUint32(list + 8 * at, true), view.getUint32(list + 8 * at + 4, true)));
  };
  /** Texts with their ends, and a table of where each begins. */
  const texts = args.map((text) => encoder.encode(`${text}\0`));

  const calls = {
    args_sizes_get(count, size) {
      word(count, texts.length);
      word(size, texts.reduce((sum, { length }) => sum + length, 0));
      return DONE;
    },
    args_get(table, at) {
      for (const [nth, text] of texts.entries()) {
        word(table + 4 * nth, at);
        bytes(at, text.length).set(text);
        at += text.length;
      }
      return DONE;
    },
    environ_sizes_get(count, size) {
      word(count, 0);
      word(size, 0);
      return DONE;
    },
    environ_get: () => DONE,
    fd_read(file, list, count, size) {
      if (file !== 0) return NO_SUCH_FILE;
      const before = read;
      for (const piece of pieces(list, count)) {
        const part = given.subarray(read, read + piece.length);
        piece.set(part);
        read += part.length;
      }
      word(size, read - before);
      return DONE;
    },
    fd_write(file, list, count, size) {
      if (!printed[file]) return NO_SUCH_FILE;
      let written = 0;
      for (const piece of pieces(list, count)) {
        printed[file].push(piece.slice());
        written += piece.length;
      }
      word(size, written);
      return DONE;
    },
    // It has no files: nothing is open, and nothing is found.
    fd_prestat_get: () => NO_SUCH_FILE,
    clock_time_get(_clock, _precision, at) {
      new DataView(memory.buffer).setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
      return DONE;
    },
    random_get(at, size) {
      // What it prints rests on no chance.
      bytes(at, size).fill(7);
      return DONE;
    },
    proc_exit(code) {
      throw new Exit(code);
    },
  };
  const imports = new Proxy(calls, { get: (known, name) => known[name] ?? (() => NO_SUCH_CALL) });
  const { exports } = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports });
  memory = exports.memory;
  try {
    exports._start();
  } catch (stopped) {
    const said = await textOf(printed[2]);
    if (!(stopped instanceof Exit)) throw new Error(said || stopped.message, { cause: stopped });
    if (stopped.code !== 0) throw new Error(said || stopped.message);
  }
  return textOf(printed[1]);
}

const textOf = (pieces) => new Blob(pieces).text();
