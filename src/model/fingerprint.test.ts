import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ShapeError } from "./layers/index.js";
import { lenet5 } from "./lenet5.js";
import { fingerprint, initializeParameters } from "./parameters.js";

const MODEL = lenet5({
  input: { channels: 1, height: 28, width: 28 },
  classes: 10,
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0,
});
const NAMES = ["conv1", "conv2", "fc1", "fc2", "fc3"].flatMap((name) => [`${name}.weight`, `${name}.bias`]);

describe("fingerprint", () => {
  it("is the SHA-256 of all values in the model's order, whatever the order of the tensors", async () => {
    const parameters = initializeParameters(MODEL, 3);
    const hash = createHash("sha256");
    for (const name of NAMES) {
      const { data } = parameters.get(name)!;
      const bytes = Buffer.alloc(data.length * 4);
      data.forEach((value, index) => {
        bytes.writeFloatLE(value, index * 4);
      });
      hash.update(bytes);
    }
    const expected = hash.digest("hex");
    expect(await fingerprint(MODEL, parameters)).toBe(expected);
    expect(await fingerprint(MODEL, new Map([...parameters].reverse()))).toBe(expected);
  });

  it("changes with the last bit of any value", async () => {
    const parameters = initializeParameters(MODEL, 3);
    const before = await fingerprint(MODEL, parameters);
    const bits = new Uint32Array(parameters.get("fc3.bias")!.data.buffer);
    bits[9] ^= 1;
    expect(await fingerprint(MODEL, parameters)).not.toBe(before);
  });

  it("refuses an incomplete set of tensors", async () => {
    const incomplete = new Map([...initializeParameters(MODEL, 3)].slice(1));
    await expect(fingerprint(MODEL, incomplete)).rejects.toThrow(
      new ShapeError("the weights have no tensor conv1.weight"),
    );
  });
});
