import { expect, it } from "vitest";
import { verdictOf } from "./verdict.js";

const reading = (name: string, answer: string) => ({ name, title: name, answer, sure: "90.0 %" });
const [A3, A5, B3, B5, B8] = [
  reading("A", "3"),
  reading("A", "5"),
  reading("B", "3"),
  reading("B", "5"),
  reading("B", "8"),
];

it.each([
  ["only the first is wrong", A3, B5, "5", { type: "fooled", fooled: A3, other: B5, meant: "5" }],
  ["only the second is wrong", A5, B8, "5", { type: "fooled", fooled: B8, other: A5, meant: "5" }],
  ["both are wrong in the same way", A3, B3, "5", { type: "fooledBoth", meant: "5" }],
  ["both are wrong in different ways", A3, B8, "5", { type: "fooledBoth", meant: "5" }],
  ["both are right", A5, B5, "5", { type: "agree" }],
  ["a drawing is read alike", A3, B3, undefined, { type: "agree" }],
  ["a drawing is not read alike", A3, B8, undefined, { type: "disagree" }],
] as const)("says so if %s", (_, first, second, meant, expected) => {
  expect(verdictOf(first, second, meant)).toEqual(expected);
});
