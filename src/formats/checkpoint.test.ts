import { describe, expect, it } from "vitest";
import type { NamedTensors } from "../model/index.js";
import type { TrainingState } from "../training/epochs.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

/** Two tensors of values that a careless writer would change: denormals, -0, the largest float. */
function tensors(seed: number): NamedTensors<Float32Array> {
  return new Map([
    ["conv1.weight", { shape: [2, 3], data: Float32Array.of(seed, -0, 1e-45, 3.4028234663852886e38, 0.1, -seed) }],
    ["conv1.bias", { shape: [2], data: Float32Array.of(1 / seed, 1e-38) }],
  ]);
}

const state: TrainingState = {
  epoch: 12,
  parameters: tensors(3),
  optimizer: { first: tensors(5), second: tensors(7) },
  best: { epoch: 9, validationAccuracy: 0.8967833333333333, parameters: tensors(11) },
};

describe("a checkpoint", () => {
  it("keeps every bit", () => {
    const read = readCheckpoint(writeCheckpoint(state));
    expect(read).toEqual(state);
    expect(Object.is(read.parameters.get("conv1.weight")?.data[1], -0)).toBe(true);
  });

  it("keeps the average of the parameters, if there is one", () => {
    const averaged = { ...state, optimizer: { ...state.optimizer, average: tensors(13) } };
    expect(readCheckpoint(writeCheckpoint(averaged))).toEqual(averaged);
    expect(readCheckpoint(writeCheckpoint(state)).optimizer).not.toHaveProperty("average");
  });

  it("keeps its training's identity, and is refused without a checksum then", () => {
    const identity = { recipe: "ab", seed: "cd" };
    const bytes = writeCheckpoint({ ...state, identity });
    expect(readCheckpoint(bytes)).toEqual({ ...state, identity });
    expect(readCheckpoint(writeCheckpoint(state))).not.toHaveProperty("identity");
    const { tensors: kept, metadata } = readSafetensors(bytes);
    expect([...kept].at(-1)).toEqual(["sha256", { shape: [32], data: new Uint8Array(32) }]);
    const unsealed = new Map([...kept].slice(0, -1));
    expect(() => readCheckpoint(writeSafetensors(unsealed, metadata))).toThrow("the checkpoint has no checksum");
  });

  it.each([
    ["other bytes", () => new TextEncoder().encode("hello, world"), /safetensors|header/],
    ["a truncated file", () => writeCheckpoint(state).subarray(0, 700), /./],
    ["weights", () => writeSafetensors(state.parameters), /^it is a safetensors file, but not a checkpoint$/],
    ["another version", () => withState({ version: 2 }), /^the checkpoint's state: version: /],
    [
      "a best epoch 0",
      () => withState({ bestEpoch: 0 }),
      /^the checkpoint's state: bestEpoch: must be at least 1, not 0$/,
    ],
    [
      "an accuracy that is no number",
      () => withState({ bestValidationAccuracy: "1" }),
      /: bestValidationAccuracy: must be a number/,
    ],
    ["an identity of numbers", () => withState({ identity: { seed: 1 } }), /: identity.seed: must be a string, not 1$/],
    ["an identity that is a list", () => withState({ identity: ["1"] }), /: identity: must be an object, not \["1"\]$/],
    [
      "an unknown tensor",
      () =>
        writeSafetensors(
          new Map([...readSafetensors(writeCheckpoint(state)).tensors, ...tensors(1)]),
          readSafetensors(writeCheckpoint(state)).metadata,
        ),
      /^the checkpoint has an unknown tensor "conv1.weight"$/,
    ],
    ["epoch 0", () => withState({ epoch: 0 }), /^the checkpoint's state: epoch: /],
    ["a state that is not JSON", () => withState("{"), /^the checkpoint's state is not JSON$/],
    ["integers", () => withIntegers(), /^the checkpoint's tensor parameters.conv1.bias is not float32$/],
  ])("refuses %s in one line", (_, bytes, message) => {
    let failure = "";
    try {
      readCheckpoint(bytes());
    } catch (error) {
      failure = (error as Error).message;
    }
    expect(failure).toMatch(message);
    expect(failure).not.toContain("\n");
  });
});

function withState(change: object | string): Uint8Array {
  const { tensors: kept, metadata } = readSafetensors(writeCheckpoint(state));
  const text = typeof change === "string" ? change : JSON.stringify({ ...JSON.parse(metadata.checkpoint), ...change });
  return writeSafetensors(kept, { checkpoint: text });
}

function withIntegers(): Uint8Array {
  const { tensors: kept, metadata } = readSafetensors(writeCheckpoint(state));
  return writeSafetensors(
    new Map([...kept, ["parameters.conv1.bias", { shape: [2], data: Int32Array.of(1, 2) }]]),
    metadata,
  );
}
