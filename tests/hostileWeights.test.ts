import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writePth } from "../src/formats/pth/pth.js";
import { writeSafetensors } from "../src/formats/safetensors.js";
import { writeStoredZip } from "../src/formats/zip/write.js";

// Files as large as weights may be, built to take as much memory as possible.

const LARGEST_FILE = 31e6;
const MOST_MEGABYTES = 256;

/** Loads a file in a separate process; prints what is wrong with it, and the process's peak memory. */
const LOADER = `
  import { loadWeights } from "${new URL("../dist/node/loadWeights.js", import.meta.url)}";
  const message = await loadWeights(process.argv[1]).then(() => "nothing", (error) => error.message);
  console.log(JSON.stringify({ message, megabytes: process.resourceUsage().maxRSS / 1000 }));
`;

const pickle = (bytes: Uint8Array) => writeStoredZip([["a/data.pkl", bytes]], 64);
const weight = (data: Float32Array | Float64Array) => new Map([["w", { shape: [data.length], data }]]);

/** Half precision, which doubles in size as float32. */
function halves(): Uint8Array {
  const header = Buffer.from(JSON.stringify({ w: { dtype: "F16", shape: [15e6], data_offsets: [0, 30e6] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(30e6)]);
}

/** A protocol buffer of millions of empty fields. */
function emptyFields(tag: number): Uint8Array {
  return Buffer.concat([Buffer.of(0x08, 7), Buffer.alloc(LARGEST_FILE - 2, Buffer.of(tag, 0))]);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each<[string, () => Uint8Array, string]>([
  ["float64.pth", () => writePth(weight(new Float64Array(3.8e6))), "does not say which activation"],
  ["float32.safetensors", () => writeSafetensors(weight(new Float32Array(7.7e6))), "does not say which activation"],
  ["float16.safetensors", halves, "does not say which activation"],
  [
    "dictionaries.pth",
    () => pickle(new Uint8Array(LARGEST_FILE).fill(0x7d)),
    "does not end within 100000 instructions",
  ],
  ["marks.pth", () => pickle(new Uint8Array(LARGEST_FILE).fill(0x28)), "does not end within 100000 instructions"],
  ["metadata.pth", () => writePth(new Map(), { lenet: "[".repeat(LARGEST_FILE) }), "more than 1000000"],
  ["producers.onnx", () => emptyFields(0x12), "onnx: "],
  ["metadata.onnx", () => emptyFields(0x72), "onnx: "],
])("takes little memory: %s", (name, content, message) => {
  const path = join(folder, name);
  writeFileSync(path, content());
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", LOADER, path], { encoding: "utf8" });
  const loaded = JSON.parse(printed);
  expect(loaded.message).toContain(message);
  expect(loaded.megabytes).toBeLessThan(MOST_MEGABYTES);
});
