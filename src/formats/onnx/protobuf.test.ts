import { expect, it } from "vitest";
import { BYTES, INTEGER, list, message, readMessage, single, TEXT, writeMessage } from "./protobuf.js";

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
