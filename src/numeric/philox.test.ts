import { describe, expect, it } from "vitest";
import { Purpose, permutation, philox4x32, RandomStream } from "./philox.js";

describe("philox4x32", () => {
  // The known-answer tests that the authors publish with Random123 (kat_vectors, philox4x32 10).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("returns the published answer for counter %o", (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox4x32(counter, key, out);
    expect([...out]).toEqual(expected);
  });
});

describe("RandomStream", () => {
  it("depends on seed, purpose, epoch and item", () => {
    const first = (seed: number, epoch: number, item: number, purpose: Purpose = Purpose.order) =>
      new RandomStream(seed, purpose, epoch, item).word();
    const draws = [
      first(1, 2, 3),
      first(2, 2, 3),
      first(1, 3, 3),
      first(1, 2, 4),
      first(1, 2, 3, Purpose.split),
      first(1 + 2 ** 32, 2, 3),
    ];
    expect(new Set(draws).size).toBe(draws.length);
    expect(first(1, 2, 3)).toBe(draws[0]);
  });
});

describe("permutation", () => {
  it("contains every index once, each equally likely in every place", () => {
    const hits = new Float64Array(25);
    for (let item = 0; item < 5000; item++) {
      const order = permutation(new RandomStream(0, Purpose.order, 0, item), 5);
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
      order.forEach((value, place) => {
        hits[place * 5 + value]++;
      });
    }
    // 1,000 expected in each of 25 cells, standard deviation 28.
    for (const count of hits) expect(Math.abs(count - 1000)).toBeLessThan(140);
  });
});
