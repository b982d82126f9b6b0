import type { ImageShape } from "../../src/model/index.js";

export function writeDigitFiles(
  folder: string,
  counts: { train: number; test: number },
  shape?: ImageShape,
): Promise<void>;
