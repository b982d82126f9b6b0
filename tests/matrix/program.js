// What every engine of the matrix trains: runs in Node, Deno, Bun and browsers, on the built package.
import { generateDigits } from "../../dist/data/index.js";
import { fingerprint, supportsFusedArithmetic, wasmBackend } from "../../dist/engine.js";
import { fit, LeNet5 } from "../../dist/index.js";

export const MOST_THREADS = 5;
const IMAGES = 200;
// Five tiles of eight images: a tile for each thread.
const SETTINGS = { epochs: 2, batchSize: 40 };

/**
 * Trains with every number of threads in both arithmetics, and with an interruption.
 *
 * @param threads gives the threads for a count above 1; undefined if there can be only one thread here
 * @returns fingerprints, or the message of an error in their place
 */
export async function measure(threads) {
  const counts = threads ? Array.from({ length: MOST_THREADS }, (_, index) => index + 1) : [1];
  const dataset = generateDigits({ seed: 0, count: IMAGES, part: "train" });
  const train = async (count, arithmetic, interrupted = false) => {
    // With a backend, exactly this many threads compute. Without one, `fit` takes as many of them as are fast.
    const backend = wasmBackend({ arithmetic, ...(count > 1 && { threads: threads(count) }) });
    const options = { ...SETTINGS, backend };
    let network = LeNet5.create({ classes: dataset.classes, seed: 0 });
    let resumeFrom;
    if (interrupted) {
      for await (const { state } of fit(network, dataset, options)) {
        resumeFrom = structuredClone(state);
        break;
      }
      network = LeNet5.create({ classes: dataset.classes, seed: 0 });
    }
    for await (const _ of fit(network, dataset, { ...options, resumeFrom }));
    return fingerprint(network.model, network.parameters);
  };
  const attempt = (...setting) => train(...setting).catch((error) => `error: ${error.message}`);
  const isError = (text) => text.startsWith("error");
  const each = async (arithmetic) => {
    const results = [];
    for (const count of counts) {
      // Where threads fail, they fail in any number.
      const failure = results.find(isError);
      results.push(failure ?? (await attempt(count, arithmetic)));
    }
    return results;
  };
  const standard = await each(undefined);
  return {
    arithmetic: supportsFusedArithmetic() ? "fused" : "portable",
    standard,
    portable: await each("portable"),
    resumed: await attempt(standard.some(isError) ? 1 : counts.at(-1), undefined, true),
  };
}
