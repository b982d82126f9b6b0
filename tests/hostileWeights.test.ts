import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataType, MODEL } from "../src/formats/onnx/messages.js";
import { writeMessage } from "../src/formats/onnx/protobufWriter.js";
import { writePickle } from "../src/formats/pth/pickle.js";
import { writePth } from "../src/formats/pth/pth.js";
import { writeSafetensors } from "../src/formats/safetensors.js";
import { type WeightsFormat, writeWeights } from "../src/formats/weightFiles.js";
import { writeStoredZip } from "../src/formats/zip/write.js";
import { elementCount, inferShapes, parameterSpecs } from "../src/model/index.js";
import { constant, edited, lenetWeights, node } from "./support/onnxFiles.js";

// Files as large as weights may be, built to take as much memory as possible.

const LARGEST_FILE = 31e6;
const MOST_MEGABYTES = 256;

/** Loads a file in a separate process; prints what is wrong with it, and the process's peak memory. */
const LOADER = `
  import { loadWeights } from "${new URL("../dist/node/loadWeights.js", import.meta.url)}";
  const message = await loadWeights(process.argv[1]).then(() => "nothing", (error) => error.message);
  console.log(JSON.stringify({ message, megabytes: process.resourceUsage().maxRSS / 1000 }));
`;

const run = promisify(execFile);

/** $LENET_NODE is the path of another version of Node. */
const RUNTIMES: [name: string, program: string, options: string[]][] = [
  ["this Node", process.execPath, []],
  ["a heap of 48 MB", process.execPath, ["--max-old-space-size=48"]],
  ...(process.env.LENET_NODE ? [["$LENET_NODE", process.env.LENET_NODE, []] as [string, string, string[]]] : []),
];

const VERSION = ["a/version", Buffer.from("3\n")] as const;
const pickle = (bytes: Uint8Array) => writeStoredZip([["a/data.pkl", bytes], VERSION], 64);
const zeros = (size: number) => new Uint8Array(Math.floor(LARGEST_FILE / size) * size);
const weight = (data: Float32Array | Float64Array) => new Map([["w", { shape: [data.length], data }]]);

/** A tensor as large as the file allows, of a type that `writeSafetensors` does not write. */
function safetensors(dtype: string, size: number): Uint8Array {
  const data = zeros(size);
  return headed({ w: { dtype, shape: [data.length / size], data_offsets: [0, data.length] } }, data);
}

function headed(header: object | string, data = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A storage as large as the file allows, and views of it with these strides. */
function pth(type: string, size: number, ...views: { shape: number[]; strides: number[] }[]): Uint8Array {
  const data = zeros(size);
  const storage = { persistent: ["storage", { global: `torch.${type}Storage` }, "0", "cpu", data.length / size] };
  const none = { call: "collections.OrderedDict", values: [] };
  const items = views.map(({ shape, strides }, index) => {
    const values = [storage, 0, shape, strides, false, none];
    return [`w${index}`, { call: "torch._utils._rebuild_tensor_v2", values }] as const;
  });
  return writeStoredZip([["a/data.pkl", writePickle({ ...none, items })], ["a/data/0", data], VERSION], 64);
}

/** A view of every element, in the opposite order of axes. */
const across = (count: number) => ({ shape: [1000, Math.floor(count / 1000)], strides: [1, 1000] });

function onnx(data_type: number, size: number): Uint8Array {
  const raw_data = zeros(size);
  const initializer = [{ name: "w", dims: [raw_data.length / size], data_type, raw_data }];
  return writeMessage(MODEL, { ir_version: 7, graph: { initializer }, opset_import: [{ domain: "", version: 13 }] });
}

/** A protocol buffer of millions of empty fields. */
function emptyFields(tag: number): Uint8Array {
  return Buffer.concat([Buffer.of(0x08, 7), Buffer.alloc(LARGEST_FILE - 2, Buffer.of(tag, 0))]);
}

/** A LeNet-5 whose weights take nearly as much memory as is allowed. */
function largest(format: WeightsFormat): Uint8Array {
  const { normalization, model } = lenetWeights();
  const widths: Record<string, number> = { fc1: 16_000, fc2: 460 };
  const layers = model.layers.map((layer) =>
    "name" in layer && layer.name in widths ? { ...layer, outFeatures: widths[layer.name] } : layer,
  );
  const wide = { ...model, layers };
  const parameters = new Map(
    parameterSpecs(inferShapes(wide)).map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(elementCount(shape)) },
    ]),
  );
  return writeWeights({ model: wide, parameters, normalization }, format);
}

/** The same in half precision, transposed and scaled, so that reading it computes other weights. */
function transposed(): Uint8Array {
  return edited(largest("onnx"), ({ graph }) => {
    const matrix = constant(graph, "fc2.weight");
    const [outputs, features] = matrix.dims;
    Object.assign(matrix, {
      dims: [features, outputs],
      data_type: DataType.FLOAT16,
      raw_data: new Uint8Array(2 * outputs * features),
    });
    const gemm = node(graph, "fc2");
    gemm.attribute = [{ name: "alpha", type: 1, f: 2 }] as typeof gemm.attribute;
  });
}

const UNKNOWN = "does not say which activation";
const TOO_MUCH = "far more than a LeNet-5";

const FILES: [name: string, content: () => Uint8Array, message: string][] = [
  ["float64.pth", () => writePth(weight(new Float64Array(3.8e6))), UNKNOWN],
  ["float32.safetensors", () => writeSafetensors(weight(new Float32Array(7.7e6))), UNKNOWN],
  ["float64.safetensors", () => safetensors("F64", 8), UNKNOWN],
  ["float16.safetensors", () => safetensors("F16", 2), TOO_MUCH],
  ["bfloat16.safetensors", () => safetensors("BF16", 2), TOO_MUCH],
  ["float16.pth", () => pth("Half", 2, { shape: [15.5e6], strides: [1] }), TOO_MUCH],
  ["bfloat16.pth", () => pth("BFloat16", 2, { shape: [15.5e6], strides: [1] }), TOO_MUCH],
  ["across-float64.pth", () => pth("Double", 8, across(3.8e6)), UNKNOWN],
  ["across-float32.pth", () => pth("Float", 4, across(7.7e6)), UNKNOWN],
  ["across-bfloat16.pth", () => pth("BFloat16", 2, across(7.7e6)), UNKNOWN],
  ["stride-0-float64.pth", () => pth("Double", 8, { shape: [3.9e6], strides: [0] }), UNKNOWN],
  ["stride-0-float32.pth", () => pth("Float", 4, { shape: [15.5e6], strides: [0] }), TOO_MUCH],
  ["stride-0-float16.pth", () => pth("Half", 2, { shape: [31e6], strides: [0] }), TOO_MUCH],
  ["stride-0-bfloat16.pth", () => pth("BFloat16", 2, { shape: [31e6], strides: [0] }), TOO_MUCH],
  [
    "many-views-bfloat16.pth",
    () => pth("BFloat16", 2, ...Array.from({ length: 1000 }, () => ({ shape: [31_000], strides: [0] }))),
    TOO_MUCH,
  ],
  ["float64.onnx", () => onnx(DataType.DOUBLE, 8), "onnx: "],
  ["float16.onnx", () => onnx(DataType.FLOAT16, 2), TOO_MUCH],
  ["bfloat16.onnx", () => onnx(DataType.BFLOAT16, 2), TOO_MUCH],
  ["largest.pth", () => largest("pth"), "nothing"],
  ["largest.safetensors", () => largest("safetensors"), "nothing"],
  ["largest.onnx", () => largest("onnx"), "nothing"],
  ["transposed-float16.onnx", transposed, "nothing"],
  [
    "dictionaries.pth",
    () => pickle(new Uint8Array(LARGEST_FILE).fill(0x7d)),
    "does not end within 100000 instructions",
  ],
  ["marks.pth", () => pickle(new Uint8Array(LARGEST_FILE).fill(0x28)), "does not end within 100000 instructions"],
  ["metadata.pth", () => writePth(new Map(), { lenet: "[".repeat(LARGEST_FILE) }), "more than 1000000"],
  ["objects.safetensors", () => headed(`${'{"a":'.repeat(160_000)}1${"}".repeat(160_000)}`), "safetensors: "],
  ["producers.onnx", () => emptyFields(0x12), "onnx: "],
  ["metadata.onnx", () => emptyFields(0x72), "onnx: "],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(`takes at most ${MOST_MEGABYTES} MB:`, () => {
  it.each(FILES)("%s", async (name, content, message) => {
    const path = join(folder, name);
    writeFileSync(path, content());
    const load = async ([runtime, program, options]: (typeof RUNTIMES)[number]) => {
      const { stdout } = await run(program, [...options, "--input-type=module", "--eval", LOADER, path]);
      const loaded = JSON.parse(stdout);
      expect(loaded.message, runtime).toContain(message);
      expect(loaded.megabytes, runtime).toBeLessThan(MOST_MEGABYTES);
    };
    await Promise.all(RUNTIMES.map(load));
    rmSync(path);
  });
});
