import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInstrumenter } from "istanbul-lib-instrument";

/** What is fuzzed; the rest of the program is copied as it is. */
const FUZZED = /^(formats|data|runs|model|node\/disk|node\/images)\/.*\.js$/;

/** Copies the built program and the targets to a folder, with counters in every branch and statement. */
export function instrument(program, targets, build) {
  rmSync(build, { recursive: true, force: true });
  const instrumenter = createInstrumenter({ esModules: true, compact: true, coverageVariable: "__coverage__" });
  for (const name of readdirSync(program, { recursive: true })) {
    if (!name.endsWith(".js") || name.startsWith("lab")) continue;
    const from = join(program, name);
    const to = join(build, "dist", name);
    mkdirSync(dirname(to), { recursive: true });
    if (FUZZED.test(name)) writeFileSync(to, instrumenter.instrumentSync(readFileSync(from, "utf8"), name));
    else cpSync(from, to);
  }
  // The targets import the program from two folders above.
  const copied = join(build, "tests", "fuzz", "targets.mjs");
  mkdirSync(dirname(copied), { recursive: true });
  cpSync(targets, copied);
  return copied;
}

/** Which counters of the instrumented program were seen, and with which counts. */
export class Coverage {
  #counters;
  #seen;
  /** The number of (counter, power of two) pairs seen. */
  features = 0;

  constructor() {
    // One array for all counters, of which every file gets views, is reset and compared in microseconds.
    const files = Object.values(globalThis.__coverage__ ?? {});
    const lists = files.flatMap(({ s, f, b }) => [Object.keys(s), Object.keys(f), ...Object.values(b)]);
    this.#counters = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
    this.#seen = new Uint32Array(this.#counters.length);
    let place = 0;
    const next = (length) => {
      place += length;
      return this.#counters.subarray(place - length, place);
    };
    for (const file of files) {
      file.s = next(Object.keys(file.s).length);
      file.f = next(Object.keys(file.f).length);
      for (const key in file.b) file.b[key] = next(file.b[key].length);
    }
  }

  /** Sets all counters to 0. */
  reset() {
    this.#counters.fill(0);
  }

  /** Whether the counters show something that no input did before. */
  isNew() {
    const before = this.features;
    for (let index = 0; index < this.#counters.length; index++) {
      const count = this.#counters[index];
      if (count === 0) continue;
      const bucket = 1 << Math.min(8, 31 - Math.clz32(count));
      if ((this.#seen[index] & bucket) === 0) {
        this.#seen[index] |= bucket;
        this.features++;
      }
    }
    return this.features > before;
  }
}
