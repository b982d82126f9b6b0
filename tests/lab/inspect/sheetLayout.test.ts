import { describe, expect, it } from "vitest";
import { mapCorner, neighbour, sheetLayout, unitAt } from "../../../web/views/inspect/layers/sheetLayout.js";

const ROOM = { width: 560, height: 190, mostScale: 5, gap: 6 };

describe("sheetLayout", () => {
  it("makes maps as large as fits, in few and full rows", () => {
    expect(sheetLayout(6, 28, 28, ROOM)).toMatchObject({ columns: 6, rows: 1, scale: 3, totalWidth: 534 });
    expect(sheetLayout(16, 10, 10, ROOM)).toMatchObject({ columns: 8, rows: 2, scale: 5, totalHeight: 106 });
    expect(sheetLayout(120, 1, 1, { width: 560, height: 44, mostScale: 14, gap: 1 })).toMatchObject({
      columns: 40,
      scale: 13,
    });
  });

  it("makes units one pixel large if space is short, and does not exceed the width", () => {
    const layout = sheetLayout(64, 20, 20, { ...ROOM, width: 100, height: 50 });
    expect(layout.scale).toBe(1);
    expect(layout.totalWidth).toBeLessThanOrEqual(100);
  });
});

describe("unitAt", () => {
  const layout = sheetLayout(6, 4, 5, { width: 80, height: 100, mostScale: 4, gap: 6 });

  it("finds every unit at its centre, and none in the gaps", () => {
    expect(layout).toMatchObject({ columns: 3, rows: 2, scale: 4 });
    for (let unit = 0; unit < 6 * 20; unit++) {
      const [left, top] = mapCorner(layout, Math.floor(unit / 20));
      const x = left + ((unit % 5) + 0.5) * 4;
      const y = top + ((Math.floor(unit / 5) % 4) + 0.5) * 4;
      expect(unitAt(layout, x, y)).toBe(unit);
    }
    expect(unitAt(layout, 21, 5)).toBeUndefined();
    expect(unitAt(layout, 5, 17)).toBeUndefined();
    expect(unitAt(layout, 79, 5)).toBeUndefined();
    expect(unitAt(layout, -1, 5)).toBeUndefined();
  });

  it("crosses into the map beside or below, and stops at the sheet's edge", () => {
    // Unit (row 1, column 4) of map 0.
    expect(neighbour(layout, 9, 1, 0)).toBe(20 + 5);
    expect(neighbour(layout, 15, 0, 1)).toBe(3 * 20);
    expect(neighbour(layout, 0, -1, 0)).toBe(0);
    expect(neighbour(layout, 2 * 20 + 4, 1, 0)).toBe(2 * 20 + 4);
    expect(neighbour(layout, 5 * 20 + 15, 0, 1)).toBe(5 * 20 + 15);
  });
});
