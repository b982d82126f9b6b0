// Runs the benchmark in a worker, because an engine with threads cannot run in a window.

import { runBenchmark } from "../../dist/benchmark/index.js";
import { availableThreads, startThread } from "../../dist/browser/index.js";
import { supportsFusedArithmetic } from "../../dist/engine.js";
import { trainingFingerprints } from "./fingerprint.mjs";

addEventListener("message", async ({ data: { seconds, threads = availableThreads() } }) => {
  try {
    postMessage({ progress: { doing: "fingerprint", done: 0, total: 1 } });
    const result = {
      userAgent: navigator.userAgent,
      isolated: crossOriginIsolated,
      threads,
      fused: supportsFusedArithmetic(),
      fingerprints: await trainingFingerprints(startThread, threads),
    };
    if (seconds > 0) {
      const onProgress = (progress) => postMessage({ progress });
      result.report = await runBenchmark({
        startThread: threads > 1 ? startThread : undefined,
        threads,
        seconds,
        onProgress,
      });
    }
    postMessage({ result });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
