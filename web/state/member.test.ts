import { describe, expect, it } from "vitest";
import { keepSnapshot, Member } from "./member.js";

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

describe("Member", () => {
  const parameters = new Map();
  const progress = { phase: "train", total: 100, images: 0, totalImages: 1000, seconds: 1, means: [] } as const;
  const means = (loss: number) => ({ loss, accuracy: 1 - loss, samples: 10 });

  it("has a point of the curve per twentieth of an epoch, the mean of what came before", () => {
    const member = new Member(3, 8);
    member.receiveMeans(means(1), { ...progress, epoch: 1, done: 4 });
    expect(member.curve.value).toEqual([]);
    member.receiveMeans(means(0.5), { ...progress, epoch: 1, done: 8 });
    expect(member.curve.value).toEqual([{ epoch: 0.08, loss: 0.75, accuracy: 0.25 }]);
  });

  it("goes back to an epoch and forgets what came after it", () => {
    const member = new Member(3, 8);
    const marked = (epoch: number) => ({ epoch, parameters, fingerprint: `${epoch}` });
    member.keep(marked(0));
    for (const epoch of [1, 2]) member.receiveMeans(means(1 / epoch), { ...progress, epoch, done: 100 });
    member.keep(marked(1));
    member.receiveLive({ epoch: 1.5, parameters });
    member.goBack(marked(1));
    expect(member.weights.value?.fingerprint).toBe("1");
    expect(member.live.value).toBeUndefined();
    expect(member.timeline.value.map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect(member.curve.value.map(({ epoch }) => epoch)).toEqual([1]);
  });
});
