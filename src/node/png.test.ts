import { describe, expect, it } from "vitest";
import { svgToPng } from "./png.js";

const SVG = (content: string) => `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">${content}</svg>`;
const text = (family: string, weight = "normal") =>
  SVG(`<text x="2" y="15" font-size="14" font-family="${family}" font-weight="${weight}">abc</text>`);

function size(png: Uint8Array): [number, number] {
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

describe("svgToPng", () => {
  it("renders a PNG of twice the size, or of the given scale", async () => {
    const png = await svgToPng(SVG(""));
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect(size(png)).toEqual([80, 40]);
    expect(size(await svgToPng(SVG(""), 0.5))).toEqual([20, 10]);
  });

  it("draws text in its own font, even if another family is named", async () => {
    const [nothing, sans, bold, other] = await Promise.all(
      [SVG(""), text("DejaVu Sans"), text("DejaVu Sans", "bold"), text("Verdana, sans-serif")].map((svg) =>
        svgToPng(svg),
      ),
    );
    expect(sans).not.toEqual(nothing);
    expect(bold).not.toEqual(sans);
    expect(other).toEqual(sans);
  });

  it("refuses anything but an SVG", async () => {
    await expect(svgToPng("no image")).rejects.toThrow("SVG data parsing failed");
  });
});
