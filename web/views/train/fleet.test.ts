import { describe, expect, it } from "vitest";
import { Member } from "../../state/member.js";
import { fleetEpochs, rankingOf } from "./fleet.js";

/** A network with the given validation accuracies after its epochs. */
function memberWith(seed: number, ...accuracies: number[]): Member {
  const member = new Member(seed, 8);
  member.epochs.value = accuracies.map((validationAccuracy, index) => ({
    epoch: index + 1,
    trainLoss: 1,
    trainAccuracy: 0.5,
    validationLoss: 1 - validationAccuracy,
    validationAccuracy,
    learningRate: 0.001,
    trainSeconds: 1,
    validationSeconds: 1,
  }));
  member.bestEpoch.value = accuracies.length === 0 ? undefined : accuracies.indexOf(Math.max(...accuracies)) + 1;
  return member;
}

describe("rankingOf", () => {
  it("takes each network's best epoch, and leaves out those without any", () => {
    const members = [memberWith(4, 0.5, 0.8), memberWith(5), memberWith(6, 0.9, 0.7), memberWith(7, 0.1, 0.7)];
    const ranking = rankingOf({ members })!;
    expect(ranking.count).toBe(3);
    expect(ranking.spread.mean).toBeCloseTo(0.8, 12);
    expect(ranking.spread.std).toBeCloseTo(0.1, 12);
    expect([ranking.worst.seed, ranking.best.seed]).toEqual([7, 6]);
  });

  it("is undefined before the first epoch", () => {
    expect(rankingOf({ members: [memberWith(0), memberWith(1)] })).toBeUndefined();
  });
});

describe("fleetEpochs", () => {
  it("has the range of the networks that finished each epoch", () => {
    const epochs = fleetEpochs({ members: [memberWith(0, 0.25, 0.5), memberWith(1, 0.75)] }, "validationAccuracy");
    expect(epochs.map(({ epoch, least, most, values }) => [epoch, least, most, values.length])).toEqual([
      [1, 0.25, 0.75, 2],
      [2, 0.5, 0.5, 1],
    ]);
    expect(epochs[0].spread.mean).toBe(0.5);
  });
});
