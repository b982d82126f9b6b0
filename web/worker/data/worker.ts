// Reads or draws a data set in a worker, to keep the page responsive.

import { type DatasetParts, generateDigits } from "../../../src/data/index.js";
import { shareable } from "./bytes.js";
import { readFiles } from "./dataFiles.js";
import { readKnown } from "./known.js";
import { readImages } from "./labelledImages.js";
import type { DataEvent, DataProgress, DataRequest } from "./protocol.js";

addEventListener("message", async ({ data: request }: MessageEvent<DataRequest>) => {
  try {
    const read = await answer(request);
    if (!read) return report({ type: "missing" });
    const { train } = read.parts;
    const parts = { ...read.parts, train: { ...train, images: shareable(train.images) } };
    report({ type: "ready", parts, skipped: read.skipped ?? [] });
  } catch (error) {
    report({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

type Answer = { readonly parts: DatasetParts; readonly skipped?: readonly string[] } | undefined;

async function answer(request: DataRequest): Promise<Answer> {
  switch (request.type) {
    case "digits":
      return { parts: { train: drawDigits(request.count) } };
    case "known": {
      const parts = await readKnown(request, onProgress);
      return parts && { parts };
    }
    case "files":
      return { parts: await readFiles(request.files) };
    case "images":
      return readImages(request.images, request.settings, onProgress);
  }
}

/** The digits that `lenet train --data digits` draws first. */
function drawDigits(count: number) {
  return generateDigits({
    seed: 0,
    part: "train",
    count,
    onProgress: (done) => onProgress({ task: { type: "drawing" }, done, total: count }),
  });
}

function onProgress(progress: DataProgress): void {
  report({ type: "progress", progress });
}

function report(event: DataEvent): void {
  postMessage(event);
}
