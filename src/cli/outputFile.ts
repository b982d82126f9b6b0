import { existsSync } from "node:fs";
import { extname } from "node:path";
import { Option } from "commander";
import { languageOfPng, svgToPng } from "../node/png.js";
import { language } from "./messages/index.js";
import type { Language } from "./messages/language.js";

export const forceOption = () => new Option("--force", "replace the file if it exists");

/** @throws Error if a file exists that must not be replaced */
export function requireFree(path: string, isForced = false): void {
  if (isForced || !existsSync(path)) return;
  throw new Error(`${path} already exists: choose another file with --out, or replace it with --force`);
}

/** The content of a picture's file, .svg or .png, in the command's language. @param draw returns an SVG */
export async function pictureFor(
  path: string,
  draw: (language: Language) => Promise<string> | string,
): Promise<string | Uint8Array> {
  if (extname(path).toLowerCase() !== ".png") return draw(language);
  return svgToPng(await draw(await languageOfPng(language)));
}
