import { UnknownLayersError } from "../../src/formats/errors.js";
import { MOST_WEIGHTS_BYTES, readWeights } from "../../src/formats/weightFiles.js";
import type { Weights } from "../../src/model/index.js";
import { parseRun } from "../../src/runs/record.js";
import { RUN_FILES } from "../../src/runs/runFolderFiles.js";
import type { PlacedFile } from "../kit/DropZone.js";
import { takeNumber } from "../state/runs.js";
import { askLayers } from "./layersQuestion.js";
import { addOpenedFile, addOpenedRun, networkOf } from "./opened.js";

/** Whether a file is one of weights or of a run folder, judging by its name. */
export function isNetwork(path: string): boolean {
  return WEIGHTS.test(path) || baseOf(path) === RUN_FILES.config;
}

const WEIGHTS = /\.(pth|pt|safetensors|onnx)$/i;

/**
 * Opens run folders and weights files, one after the other.
 *
 * @returns one line per item that could not be opened
 */
export async function openFiles(files: readonly PlacedFile[]): Promise<string[]> {
  const folders = files.filter(({ path }) => baseOf(path) === RUN_FILES.config).map(({ path }) => folderOf(path));
  const loose = files.filter(({ path }) => WEIGHTS.test(path) && !folders.includes(folderOf(path)));
  if (folders.length === 0 && loose.length === 0 && files.length > 0) {
    return [`${files[0].path}: neither weights (.pth, .safetensors, .onnx) nor a run folder with ${RUN_FILES.config}`];
  }
  const failures: string[] = [];
  const attempt = async (name: string, open: () => Promise<void>) => {
    try {
      await open();
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  };
  for (const folder of folders) {
    const own = files.filter(({ path }) => folderOf(path) === folder);
    await attempt(folder || RUN_FILES.config, () => openFolder(baseOf(folder) || "run", own));
  }
  for (const { file } of loose) await attempt(file.name, () => openFile(file));
  return failures;
}

async function openFolder(name: string, files: readonly PlacedFile[]): Promise<void> {
  const find = (wanted: string) => files.find(({ path }) => baseOf(path) === wanted)?.file;
  const text = async (wanted: string) => find(wanted)?.text();
  const record = parseRun(name, {
    config: (await text(RUN_FILES.config)) ?? "",
    history: await text(RUN_FILES.history),
    result: await text(RUN_FILES.result),
  });
  addOpenedRun({
    name,
    isServed: false,
    isGrowing: false,
    record,
    readWeights: async () => {
      const file = find(RUN_FILES.safetensors);
      if (!file) throw new Error(`${name} has no ${RUN_FILES.safetensors}`);
      return readWeights(await bytesOf(file));
    },
  });
}

async function openFile(file: File): Promise<void> {
  const bytes = await bytesOf(file);
  const described = describedWeights(bytes);
  // Asks for the layers that the file does not describe.
  const answer = described ? undefined : await askLayers(file.name);
  const weights = described ?? (answer && readWeights(bytes, answer.layers));
  if (!weights) return;
  const origin = { number: takeNumber(), name: file.name };
  addOpenedFile(origin, await networkOf(origin, weights, answer?.classes));
}

/**
 * A weights file that describes its layers; undefined if it does not.
 *
 * @throws FormatError if the file is damaged, unsafe or not a LeNet-5
 */
function describedWeights(bytes: Uint8Array): Weights | undefined {
  try {
    return readWeights(bytes);
  } catch (error) {
    if (!(error instanceof UnknownLayersError)) throw error;
    return undefined;
  }
}

async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size > MOST_WEIGHTS_BYTES) {
    throw new Error(`it has ${Math.ceil(file.size / 1e6)} MB; the limit is ${MOST_WEIGHTS_BYTES / 1e6} MB`);
  }
  return new Uint8Array(await file.arrayBuffer());
}

const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/");
const baseOf = (path: string): string => path.split("/").at(-1) ?? "";
