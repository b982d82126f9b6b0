import { describe, expect, it } from "vitest";
import { inkImage } from "./pen.js";

const SHAPE = { channels: 1, height: 28, width: 28 };

/** A seven in the pad's corner, a third of the pad's size. */
const SEVEN = [
  [
    { x: 0.1, y: 0.1 },
    { x: 0.3, y: 0.1 },
    { x: 0.2, y: 0.4 },
  ],
];

function measure(image: Uint8Array, width = 28) {
  const inked = [...image.keys()].filter((place) => image[place] > 127);
  const rows = inked.map((place) => Math.floor(place / width));
  const columns = inked.map((place) => place % width);
  const mass = image.reduce((sum, byte) => sum + byte, 0);
  const mean = (of: (place: number) => number) => image.reduce((sum, byte, place) => sum + byte * of(place), 0) / mass;
  return {
    height: Math.max(...rows) - Math.min(...rows) + 1,
    width: Math.max(...columns) - Math.min(...columns) + 1,
    x: mean((place) => place % width),
    y: mean((place) => Math.floor(place / width)),
  };
}

describe("inkImage", () => {
  it("puts ink where it was drawn, with the pen's thickness", () => {
    const line = [
      [
        { x: 0.25, y: 0.5 },
        { x: 0.75, y: 0.5 },
      ],
    ];
    const { height, width, x, y } = measure(inkImage(line, SHAPE, 0, false));
    expect([height, width]).toEqual([2, 16]);
    // Rows and columns count from 0: the middle of 28 is between 13 and 14.
    expect(x).toBeCloseTo(13.5, 5);
    expect(y).toBeCloseTo(13.5, 5);
  });

  it("centres as MNIST does: 20 of 28 pixels high, the centre of mass in row and column 14", () => {
    const { height, x, y } = measure(inkImage(SEVEN, SHAPE, 0, true));
    expect(height).toBe(20);
    expect(Math.abs(x - 14)).toBeLessThan(0.05);
    expect(Math.abs(y - 14)).toBeLessThan(0.05);
  });

  it("renders the same image for any position and size of the drawing", () => {
    const moved = SEVEN.map((stroke) => stroke.map(({ x, y }) => ({ x: 0.2 + 1.7 * x, y: 0.1 + 1.7 * y })));
    const [one, other] = [SEVEN, moved].map((strokes) => inkImage(strokes, SHAPE, 0, true));
    expect(Math.max(...one.map((byte, place) => Math.abs(byte - other[place])))).toBeLessThanOrEqual(1);
  });

  it("draws dark on light, in every channel, in other shapes", () => {
    const image = inkImage(SEVEN, { channels: 3, height: 32, width: 40 }, 255, true);
    const planes = [0, 1, 2].map((channel) => image.subarray(channel * 1280, (channel + 1) * 1280));
    expect(planes[1]).toEqual(planes[0]);
    expect(planes[2]).toEqual(planes[0]);
    const { x, y } = measure(
      planes[0].map((byte) => 255 - byte),
      40,
    );
    expect(Math.abs(x - 20)).toBeLessThan(0.05);
    expect(Math.abs(y - 16)).toBeLessThan(0.05);
  });

  it("leaves an empty pad empty, and a dot a dot", () => {
    expect(new Set(inkImage([], SHAPE, 0, true))).toEqual(new Set([0]));
    const dot = measure(inkImage([[{ x: 0.2, y: 0.9 }]], SHAPE, 0, true));
    expect(dot.height).toBeLessThanOrEqual(3);
    expect(Math.abs(dot.x - 14)).toBeLessThan(0.05);
  });
});
