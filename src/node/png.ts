import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { WIDE } from "../report/markup.js";
import type { PageLanguage } from "../report/page/messages/index.js";
import { packageFile } from "./disk/packageFile.js";

const FONT_FAMILY = "DejaVu Sans";
const FONT_FILES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];
/** Of the built package, whether this is run from it or from the sources. */
const FONTS = join(dirname(fileURLToPath(import.meta.url)), "../../dist/fonts");

/** Fonts with Chinese that come with macOS and Windows. */
const CHINESE_FONTS = [
  "/System/Library/Fonts/PingFang.ttc",
  "/System/Library/Fonts/Hiragino Sans GB.ttc",
  "/System/Library/Fonts/STHeiti Light.ttc",
  `${process.env.WINDIR}/Fonts/msyh.ttc`,
  `${process.env.WINDIR}/Fonts/simhei.ttf`,
];

let fonts: Promise<Uint8Array[]> | undefined;
let chineseFont: Promise<string | undefined> | undefined;

/** The system's font with Chinese, if it has one: as fontconfig names it, which Linux has. */
function findChineseFont(): Promise<string | undefined> {
  chineseFont ??= (async () => {
    const file = "%{file}\\n";
    const listed = await promisify(execFile)("fc-list", ["--format", file, ":lang=zh-cn"]).catch(() => undefined);
    const files = listed?.stdout.split("\n").filter(Boolean).sort() ?? [];
    // The plain face of a family without serifs, as far as names tell.
    const plain = files.find((path) => /sans.*regular/i.test(basename(path))) ?? files[0];
    return plain ?? CHINESE_FONTS.find((path) => existsSync(path));
  })();
  return chineseFont;
}

/** The language of the words in a PNG: English where the system has no font for the other. */
export async function languageOfPng(language: PageLanguage): Promise<PageLanguage> {
  return language === "en" || (await findChineseFont()) !== undefined ? language : "en";
}

/** Starts the renderer and reads the fonts, once. */
function prepare(): Promise<Uint8Array[]> {
  fonts ??= (async () => {
    await initWasm(await readFile(packageFile("@resvg/resvg-wasm/index_bg.wasm")));
    return Promise.all(FONT_FILES.map((file) => readFile(join(FONTS, file))));
  })();
  return fonts;
}

/**
 * Renders an SVG as a PNG, with text in DejaVu Sans so that it looks the same on every machine. Chinese, which it lacks, is
 * drawn in the system's font.
 *
 * @param svg the SVG's source; its size is in pixels
 * @param scale PNG pixels per SVG pixel
 * @throws Error if the source is not an SVG
 */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  const fontBuffers = [...(await prepare())];
  const chinese = WIDE.test(svg) ? await findChineseFont() : undefined;
  if (chinese !== undefined) fontBuffers.push(await readFile(chinese));
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
