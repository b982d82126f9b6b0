import { describe, expect, it } from "vitest";
import { lenet5 } from "../../../src/model/index.js";
import { structureOf } from "../arithmetic.js";
import { type Camera, fittedCamera, hitInSpace, projected, spaceOf, viewOf } from "./spaceLayout.js";

const STRUCTURE = structureOf(
  lenet5({
    input: { channels: 1, height: 28, width: 28 },
    classes: 10,
    activation: "relu",
    pooling: "maxPool2d",
    dropout: 0,
  }),
);
const SPACE = spaceOf(STRUCTURE);
const ASPECT = 1.6;

describe("a network in space", () => {
  it("has a place of its own in the atlas for every value", () => {
    const taken = new Set<number>();
    for (const { texels } of SPACE.stages.flat()) {
      expect(texels.x + texels.width).toBeLessThanOrEqual(SPACE.atlas.width);
      expect(texels.y + texels.height).toBeLessThanOrEqual(SPACE.atlas.height);
      for (let row = 0; row < texels.height; row++) {
        for (let column = 0; column < texels.width; column++) {
          taken.add((texels.y + row) * SPACE.atlas.width + texels.x + column);
        }
      }
    }
    const values = STRUCTURE.stages.reduce((sum, { count, height, width }) => sum + count * height * width, 0);
    expect(taken.size).toBe(values);
  });

  it("has its maps beside one another", () => {
    for (const plates of SPACE.stages.slice(1)) {
      for (const [index, one] of plates.entries()) {
        for (const other of plates.slice(index + 1)) {
          const apart = [
            Math.abs(one.centre[1] - other.centre[1]) - (one.height + other.height) / 2,
            Math.abs(one.centre[2] - other.centre[2]) - (one.width + other.width) / 2,
          ];
          expect(Math.max(...apart)).toBeGreaterThan(0);
        }
      }
    }
  });

  it.each([0.2, 0.7, 1.2])("is hit where the camera shows it, from a yaw of %d", (yaw) => {
    const camera: Camera = { yaw, pitch: 0.3, distance: 3 * SPACE.radius, target: SPACE.centre };
    const { origin, matrix, rayThrough } = viewOf(camera, ASPECT);
    // Nothing stands between the camera and the first layer, or the largest of what is behind it.
    for (const plate of SPACE.stages[1]) {
      const [x, y] = projected(matrix, plate.centre)!;
      expect(hitInSpace(SPACE, STRUCTURE, origin, rayThrough(x, y))).toMatchObject({ stage: 1, map: plate.map });
    }
    expect(hitInSpace(SPACE, STRUCTURE, origin, rayThrough(0, 0.999))).toBeUndefined();
  });

  it("fills a part of the window as far as it fits", () => {
    const room = { left: -0.6, right: 0.7, bottom: -0.8, top: 0.6 };
    const camera = fittedCamera(SPACE, { yaw: 0.6, pitch: 0.25 }, ASPECT, room);
    const { origin, matrix, rayThrough } = viewOf(camera, ASPECT);
    const corners = SPACE.stages
      .flat()
      .flatMap(({ centre: [x, y, z], width, height }) =>
        [-1, 1].flatMap((up) => [-1, 1].map((aside) => [x, y + (up * height) / 2, z + (aside * width) / 2] as const)),
      );
    const points = corners.map((corner) => projected(matrix, corner)!);
    const [across, up] = [points.map(([x]) => x), points.map(([, y]) => y)];
    expect(Math.min(...across)).toBeGreaterThan(room.left - 1e-6);
    expect(Math.max(...across)).toBeLessThan(room.right + 1e-6);
    expect(Math.min(...up)).toBeGreaterThan(room.bottom - 1e-6);
    expect(Math.max(...up)).toBeLessThan(room.top + 1e-6);
    const fills = [
      (Math.max(...across) - Math.min(...across)) / (room.right - room.left),
      (Math.max(...up) - Math.min(...up)) / (room.top - room.bottom),
    ];
    expect(Math.max(...fills)).toBeCloseTo(1, 3);
    // Where it is moved to, it is hit, too.
    const [plate] = SPACE.stages[1];
    const [x, y] = projected(matrix, plate.centre)!;
    expect(hitInSpace(SPACE, STRUCTURE, origin, rayThrough(x, y))).toMatchObject({ stage: 1, map: 0 });
  });

  it("is seen whole from a distance, the input at the left and the answer at the right", () => {
    const camera: Camera = { yaw: 0.6, pitch: 0.25, distance: 4 * SPACE.radius, target: SPACE.centre };
    const { matrix } = viewOf(camera, ASPECT);
    const all = SPACE.stages.flat().map(({ centre }) => projected(matrix, centre)!);
    for (const [x, y] of all) {
      expect(Math.abs(x)).toBeLessThan(1);
      expect(Math.abs(y)).toBeLessThan(1);
    }
    expect(all[0][0]).toBeLessThan(all[all.length - 1][0]);
  });
});
