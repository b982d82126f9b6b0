import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mutate } from "../../../tests/support/mutate.js";
import { edited, insert, lenetWeights, type Node, sizes } from "../../../tests/support/onnxFiles.js";
import { Purpose, RandomStream } from "../../numeric/philox.js";
import { FormatError } from "../errors.js";
import { readOnnx, writeOnnx } from "./index.js";
import { integer } from "./links.js";

const MUTATIONS = 10_000;

/** The one-line reason for refusing a file; undefined if it is read. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    readOnnx(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof FormatError) || !/^[^\r\n]+$/.test(error.message)) throw error;
    return error.message;
  }
}

describe("read or refused in one line, however damaged:", () => {
  it.each([
    "paper.legacy.onnx",
    "paper.legacy-padded.onnx",
    "half.legacy.onnx",
    "improved.dynamo-view.onnx",
    "written-with-preprocessing.onnx",
  ])("%s", (name) => {
    const original = readFileSync(`tests/fixtures/onnx/${name}`);
    let refused = 0;
    for (let item = 0; item < MUTATIONS; item++) {
      try {
        if (refusal(mutate(original, new RandomStream(1998, Purpose.test, 0, item))) !== undefined) refused++;
      } catch (error) {
        throw new Error(`mutation ${item} of ${name}`, { cause: error });
      }
    }
    expect(refused).toBeGreaterThan(MUTATIONS / 10);
    expect(refused).toBeLessThan(MUTATIONS);
  });
});

const MEGABYTE = 2 ** 20;

function concatenated(...parts: readonly Iterable<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A length as a varint. */
function varint(value: bigint): number[] {
  return value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)];
}

/** A field that holds bytes. */
function field(number: number, content: Uint8Array): Uint8Array {
  const head = [...varint(BigInt(number * 8 + 2)), ...varint(BigInt(content.length))];
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return bytes;
}

function model(graph: Uint8Array): Uint8Array {
  const head = [0x08, 0x08, 0x42, 0x02, 0x10, 13];
  const rest = field(7, graph);
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head);
  bytes.set(rest, head.length);
  return bytes;
}

/** A short pattern, repeated. */
function repeated(pattern: readonly number[], bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes - (bytes % pattern.length) }, (_, index) => pattern[index % pattern.length]);
}

const MUCH = /^onnx: the file holds far more than a LeNet-5\n$/;

describe("refuses in little memory:", () => {
  const bombs: readonly (readonly [string, RegExp, Uint8Array])[] = [
    ["empty nodes", MUCH, model(repeated([0x0a, 0x00], 16 * MEGABYTE))],
    ["empty attributes", MUCH, model(field(1, repeated([0x2a, 0x00], 16 * MEGABYTE)))],
    ["inputs without a name", MUCH, model(field(1, repeated([0x0a, 0x00], 16 * MEGABYTE)))],
    ["one-byte integers, packed", MUCH, model(field(5, field(7, repeated([1], 16 * MEGABYTE))))],
    ["one-byte integers, unpacked", MUCH, model(field(5, repeated([0x08, 1], 16 * MEGABYTE)))],
    ["floats, packed", MUCH, model(field(5, field(4, repeated([0, 0, 128, 63], 16 * MEGABYTE))))],
    ["unknown fields", MUCH, model(repeated([0xf8, 0x01, 0x00], 16 * MEGABYTE))],
    ["nested groups", /^onnx: .* holds a group/, model(repeated([0xfb, 0x01], 16 * MEGABYTE))],
    [
      "a name that fills the file",
      /^onnx: the graph's inputs are none/,
      model(field(2, repeated([0x61], 16 * MEGABYTE))),
    ],
  ];

  it.each(bombs)("%s", (_, message, bytes) => {
    // In a separate process, which fails if it exceeds its memory limit.
    const script = `
      import { readFileSync } from "node:fs";
      import { readOnnx } from "./dist/formats/onnx/index.js";
      try { readOnnx(readFileSync(0)); } catch (error) { console.log(error.message); }`;
    const limits = ["--max-old-space-size=128", "--input-type=module", "-e", script];
    const output = execFileSync(process.execPath, limits, { input: bytes, encoding: "utf8" });
    expect(output).toMatch(message);
  });
});

describe("refuses", () => {
  it.each([63n, 62n, 32n, 31n])("a length of 2^%d", (exponent) => {
    const file = concatenated([0x08, 0x08, 0x3a], varint(2n ** exponent), [0x0a, 0x00]);
    expect(refusal(file)).toMatch(/^onnx: a field's length is given as \d+, but only 2 bytes follow$/);
  });

  it("deeply nested graphs", () => {
    let attribute = new Uint8Array(0);
    for (let depth = 0; depth < 2000; depth++) attribute = new Uint8Array(field(5, field(6, field(1, attribute))));
    expect(refusal(model(field(1, attribute)))).toBe("onnx: the field g is not supported");
  });

  it("a duplicate field", () => {
    const graph = new Uint8Array(0);
    expect(refusal(concatenated(model(graph), field(7, graph)))).toBe("onnx: the field graph occurs twice");
  });

  it("a list that keeps doubling", () => {
    const file = edited(writeOnnx(lenetWeights()), ({ graph }) => {
      graph.initializer.push(sizes("list0", 1));
      for (let turn = 0; turn < 60; turn++) {
        const [input, output] = [`list${turn}`, `list${turn + 1}`];
        const attribute = [integer("axis", 0)];
        insert(graph, "conv1", { op_type: "Concat", input: [input, input], output: [output], attribute });
      }
    });
    expect(refusal(file)).toBe('onnx: node "list4" (Concat): it makes a list of 16, expected at most 8');
  });
});

it("reads thousands of nodes that do nothing", () => {
  const file = edited(writeOnnx(lenetWeights()), ({ graph }) => {
    const nodes = Array.from({ length: 5000 }, (_, turn) => ({
      op_type: "Transpose",
      input: [turn === 0 ? "stored" : `turned${turn}`],
      output: [turn === 4999 ? "fc1.weight" : `turned${turn + 1}`],
      attribute: [],
    }));
    graph.initializer.find(({ name }) => name === "fc1.weight")!.name = "stored";
    graph.node.unshift(...(nodes as unknown as Node[]));
  });
  expect(refusal(file)).toBeUndefined();
});
