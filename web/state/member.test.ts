import { describe, expect, it } from "vitest";
import { keepSnapshot } from "./member.js";

const at = (epoch: number) => ({ epoch, parameters: new Map() });

describe("keepSnapshot", () => {
  it("keeps the first, the newest and a limited number in between", () => {
    let timeline = keepSnapshot([], at(0), 128);
    for (let epoch = 1; epoch <= 1000; epoch++) {
      timeline = keepSnapshot(timeline, at(epoch), 128);
      expect(timeline[0].epoch).toBe(0);
      expect(timeline.at(-1)?.epoch).toBe(epoch);
      expect(timeline.length).toBeLessThanOrEqual(128);
    }
    expect(timeline.length).toBeGreaterThan(60);
    const epochs = timeline.map(({ epoch }) => epoch);
    expect(epochs).toEqual([...epochs].sort((one, other) => one - other));
  });

  it("keeps the newer of two snapshots of the same moment", () => {
    const newer = at(1);
    expect(keepSnapshot([at(0), at(1)], newer, 128).map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect(keepSnapshot([at(0), at(1)], newer, 128)[1].parameters).toBe(newer.parameters);
  });
});
