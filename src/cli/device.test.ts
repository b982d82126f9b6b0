import { describe, expect, it } from "vitest";
import { fasterDevice } from "./device.js";
import { mayUseCard } from "./supervisor.js";
import { resumeOn } from "./training/train.js";

describe("auto takes", () => {
  const card = { isSoftware: false };
  const training = { images: 4_800_000, batchSize: 32 };
  it.each([
    ["a card for a long training", training, card, "gpu"],
    ["the processor without a card", training, undefined, "cpu"],
    ["the processor rather than a software card", training, { isSoftware: true }, "cpu"],
    ["the processor for little work", { images: 10_000, batchSize: 32 }, card, "cpu"],
    ["the processor for small steps", { images: 4_800_000, batchSize: 4 }, card, "cpu"],
    ["a card for small steps of many networks", { images: 4_800_000, batchSize: 4, networks: 64 }, card, "gpu"],
    ["a card for little work of many networks", { images: 10_000, batchSize: 32, networks: 64 }, card, "gpu"],
  ] as const)("%s, and says why", (_, work, found, device) => {
    const choice = fasterDevice(work, found);
    expect(choice.device).toBe(device);
    expect(choice.reason).toMatch(/^\S.{10,}[^.]$/);
  });
});

it.each([
  ["train --device gpu", true],
  ["eval run --device gpu", true],
  ["eval run --device=gpu", true],
  ["train", true],
  ["sweep --device auto", true],
  ["demo", true],
  ["train --device cpu", false],
  ["train --device=cpu", false],
  ["eval run", false],
  ["predict run a.png --device auto", false],
  ["devices", false],
  ["", false],
])("lenet %s may use a graphics card: %s", (line, may) => {
  expect(mayUseCard(line.split(" "))).toBe(may);
});

it.each([
  [undefined, "wasm-fused", { choice: "cpu", moves: false }],
  ["auto", "wasm-portable", { choice: "cpu", moves: false }],
  [undefined, "webgpu nvidia hopper", { choice: "gpu", moves: false }],
  ["auto", "webgpu nvidia hopper", { choice: "gpu", moves: false }],
  ["cpu", "webgpu nvidia hopper", { choice: "cpu", moves: true }],
  ["gpu", "wasm-fused", { choice: "gpu", moves: true }],
] as const)("--device %s resumes a run of %s", (device, arithmetic, expected) => {
  expect(resumeOn(device, { arithmetic })).toEqual(expected);
});
