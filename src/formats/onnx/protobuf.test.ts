import { expect, it } from "vitest";
import { FormatError } from "../errors.js";
import { BYTES, DOUBLE, FLOAT, INTEGER, list, message, readMessage, single, TEXT } from "./protobuf.js";
import { writeMessage } from "./protobufWriter.js";

const INNER = { text: single(1, TEXT), numbers: list(2, INTEGER) };
const OUTER = { inner: single(1, message(INNER)), bytes: single(2, BYTES) };
const value = { inner: { text: "abc", numbers: [1, 2, 300] }, bytes: Uint8Array.of(9, 8) };

it("reads what it writes", () => {
  expect(readMessage(OUTER, writeMessage(OUTER, value))).toEqual(value);
});

it.each([
  ["a field", [0x12, 3, 1, 2], "a field's length is given as 3, but only 2 bytes follow"],
  ["text within a message", [0x0a, 4, 0x0a, 3, 65, 66], "a field's length is given as 3, but only 2 bytes follow"],
  ["a packed list", [0x0a, 3, 0x12, 2, 1], "a field's length is given as 2, but only 1 bytes follow"],
  ["an unknown field", [0x7a, 1], "a field's length is given as 1, but only 0 bytes follow"],
  ["a length of 2^32", [0x12, 0x80, 0x80, 0x80, 0x80, 0x10, 1], "a field's length is given as 4294967296"],
])("refuses %s that is longer than what follows", (_, bytes, problem) => {
  expect(() => readMessage(OUTER, Uint8Array.from(bytes))).toThrow(problem);
});

it("reads a field that ends with its message, and does not reach beyond it", () => {
  expect(readMessage(OUTER, Uint8Array.of(0x0a, 4, 0x0a, 2, 65, 66)).inner?.text).toBe("AB");
  const beyond = Uint8Array.of(0x0a, 4, 0x0a, 3, 65, 66, 0x12, 0);
  expect(() => readMessage(OUTER, beyond)).toThrow("only 2 bytes follow");
});

/** One field of each kind, each number with the tag that protobuf's documentation gives it. */
const KINDS = {
  integer: single(1, INTEGER),
  double: single(2, DOUBLE),
  text: single(3, TEXT),
  bytes: single(4, BYTES),
  float: single(5, FLOAT),
  integers: list(16, INTEGER),
  floats: list(2048, FLOAT),
};
const EMPTY = { integers: [], floats: [] };

it.each<[string, number[], object]>([
  ["an integer of one byte", [0x08, 0x7f], { integer: 127 }],
  ["an integer of two bytes", [0x08, 0x80, 0x01], { integer: 128 }],
  ["the integer 300", [0x08, 0xac, 0x02], { integer: 300 }],
  ["a negative integer", [0x08, ...new Array(9).fill(0xff), 0x01], { integer: -1 }],
  ["the largest exact integer", [0x08, ...new Array(7).fill(0xff), 0x0f], { integer: Number.MAX_SAFE_INTEGER }],
  ["a double", [0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf], { double: -1.5 }],
  ["a float", [0x2d, 0, 0, 0xc0, 0x3f], { float: 1.5 }],
  ["text", [0x1a, 2, 0xc3, 0xa9], { text: "é" }],
  ["bytes", [0x22, 1, 0xff], { bytes: Uint8Array.of(255) }],
  ["a list of integers", [0x80, 0x01, 1, 0x80, 0x01, 2], { integers: [1, 2] }],
  ["a list of floats with a tag of three bytes", [0x85, 0x80, 0x01, 0, 0, 0x80, 0x3f], { floats: [1] }],
])("writes and reads %s, byte for byte", (_, bytes, fields) => {
  expect([...writeMessage(KINDS, fields)]).toEqual(bytes);
  expect(readMessage(KINDS, Uint8Array.from(bytes))).toEqual({ ...EMPTY, ...fields });
});

it.each<[string, number[], object]>([
  [
    "packed lists",
    [0x82, 0x01, 3, 1, 0xac, 0x02, 0x82, 0x80, 0x01, 4, 0, 0, 0x80, 0x3f],
    { integers: [1, 300], floats: [1] },
  ],
  ["an empty packed list", [0x82, 0x01, 0], {}],
  ["a packed list in two parts", [0x82, 0x01, 1, 1, 0x82, 0x01, 1, 2], { integers: [1, 2] }],
  ["an unknown varint", [0x78, 0x80, 0x01, 0x08, 1], { integer: 1 }],
  ["unknown 64 bits", [0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x08, 1], { integer: 1 }],
  ["unknown 32 bits", [0x7d, 1, 2, 3, 4, 0x08, 1], { integer: 1 }],
  ["unknown bytes", [0x7a, 2, 1, 2, 0x08, 1], { integer: 1 }],
  ["an integer of which bits beyond 64 are set", [0x08, ...new Array(9).fill(0xff), 0x7f], { integer: -1 }],
  ["nothing", [], {}],
])("reads %s", (_, bytes, fields) => {
  expect(readMessage(KINDS, Uint8Array.from(bytes))).toEqual({ ...EMPTY, ...fields });
});

it.each<[string, number[], string]>([
  ["an integer that ends early", [0x08, 0x80], "onnx: the file is damaged: premature end"],
  ["a float that ends early", [0x2d, 0, 0, 0], "onnx: the file is damaged: premature end"],
  ["a double that ends early", [0x11, 0, 0, 0, 0, 0, 0, 0], "onnx: the file is damaged: premature end"],
  ["unknown bits that end early", [0x7d, 1, 2, 3], "onnx: the file is damaged: premature end"],
  ["an integer of eleven bytes", [0x08, ...new Array(10).fill(0x80), 0x01], "damaged: invalid varint"],
  ["the field 0", [0x00, 1], "damaged: illegal tag: field 0, wire type 0"],
  ["an unknown wire type", [0x0e, 1], "damaged: illegal tag: field 1, wire type 6"],
  ["the start of a group", [0x7b], "damaged: it holds a group, which ONNX does not use"],
  ["the end of a group", [0x7c], "damaged: it holds a group, which ONNX does not use"],
  ["text that is not UTF-8", [0x1a, 1, 0xff], "onnx: the file is damaged: "],
  ["a number in place of text", [0x18, 1], "onnx: the field text has wire type 0"],
  ["a packed list in place of a number", [0x0a, 1, 1], "onnx: the field integer has wire type 2"],
  ["a number twice", [0x08, 1, 0x08, 1], "onnx: the field integer occurs twice"],
])("refuses %s", (_, bytes, problem) => {
  expect(() => readMessage(KINDS, Uint8Array.from(bytes))).toThrow(FormatError);
  expect(() => readMessage(KINDS, Uint8Array.from(bytes))).toThrow(problem);
});

it("reads no more than 2^20 items, as 16 of which a text counts, and as 64 a message and bytes", () => {
  const MANY = {
    texts: list(2, TEXT),
    messages: list(3, message({})),
    blocks: list(4, BYTES),
  };
  for (const [tag, items] of [
    [0x12, 16],
    [0x1a, 64],
    [0x22, 64],
  ]) {
    const pairs = (count: number) => Uint8Array.from({ length: 2 * count }, (_, place) => (place % 2 === 0 ? tag : 0));
    expect(() => readMessage(MANY, pairs(2 ** 20 / items)), `${tag}`).not.toThrow();
    expect(() => readMessage(MANY, pairs(2 ** 20 / items + 1)), `${tag}`).toThrow("holds far more than a LeNet-5");
  }
});
