import { expect, test } from "vitest";
import { LENET5_CONNECTIONS } from "../../../../src/model/index.js";
import { evaluate } from "./expression.js";
import { FULL_C3_PARAMETERS, ORIGINAL_LAYERS } from "./original.js";

test("the network of 1998 has the parameters and connections stated in its paper", () => {
  const parameters = ORIGINAL_LAYERS.map((layer) => evaluate(layer.parameters));
  const connections = ORIGINAL_LAYERS.map((layer) => evaluate(layer.connections));
  expect(parameters).toEqual([156, 12, 1516, 32, 48_120, 10_164]);
  expect(connections).toEqual([122_304, 5880, 151_600, 2000, 48_120, 10_164]);
  expect(parameters.reduce((sum, count) => sum + count)).toBe(60_000);
  expect(evaluate(FULL_C3_PARAMETERS)).toBe(2416);
});

test("the connection table is the paper's: each map of S2 feeds ten maps of C3", () => {
  const rows = Array.from({ length: 6 }, (_, from) =>
    LENET5_CONNECTIONS.map((inputs) => (inputs.includes(from) ? "X" : ".")).join(""),
  );
  expect(rows).toEqual([
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
  ]);
});
