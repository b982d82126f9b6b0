import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { packageFile } from "./disk/packageFile.js";

const FONT_FAMILY = "DejaVu Sans";
const FONT_FILES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];
/** Of the built package, whether this is run from it or from the sources. */
const FONTS = join(dirname(fileURLToPath(import.meta.url)), "../../dist/fonts");

let fonts: Promise<Uint8Array[]> | undefined;

/** Starts the renderer and reads the fonts, once. */
function prepare(): Promise<Uint8Array[]> {
  fonts ??= (async () => {
    await initWasm(await readFile(packageFile("@resvg/resvg-wasm/index_bg.wasm")));
    return Promise.all(FONT_FILES.map((file) => readFile(join(FONTS, file))));
  })();
  return fonts;
}

/**
 * Renders an SVG as a PNG, with text in DejaVu Sans so that it looks the same on every machine.
 *
 * @param svg the SVG's source; its size is in pixels
 * @param scale PNG pixels per SVG pixel
 * @throws Error if the source is not an SVG
 */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  const fontBuffers = await prepare();
  const font = { fontBuffers, defaultFontFamily: FONT_FAMILY, sansSerifFamily: FONT_FAMILY };
  const rendering = new Resvg(svg, { font, fitTo: { mode: "zoom", value: scale } });
  try {
    const image = rendering.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    rendering.free();
  }
}
