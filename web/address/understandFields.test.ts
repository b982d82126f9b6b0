import { expect, test } from "vitest";
import { formatInput, parseInput } from "./understandFields.js";

test.each(["1x28x28", "3 × 32 × 32", " 16X12x512 "])("accepts %s", (text) => {
  const shape = parseInput(text);
  expect(shape && formatInput(shape)).toBe(text.toLowerCase().replaceAll(" ", "").replaceAll("×", "x"));
});

test.each(["28x28", "0x28x28", "17x28x28", "1x11x28", "1x28x513", "1x28x28x1", "-1x28x28", "1x2.5x28", ""])(
  "rejects %j",
  (text) => expect(parseInput(text)).toBeUndefined(),
);
