import { readFile } from "node:fs/promises";
import type { DecodedImage } from "../../data/images/color.js";
import { packageFile } from "../disk/packageFile.js";
import { ImageError, isCommonJpeg } from "./header.js";

/** The parts that are used of a module that Emscripten made of MozJPEG, a libjpeg. */
interface Decoder {
  /** @returns null if libjpeg cannot read the header */
  decode(
    bytes: Uint8Array,
    appliesOrientation: boolean,
  ): { data: Uint8ClampedArray; width: number; height: number } | null;
  readonly HEAPU8: Uint8Array;
}

const PROGRAM = "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";

/** libjpeg only warns and fills in the rest. */
const CUT_OFF = /premature end/i;

let program: WebAssembly.Module | undefined;
let started: Decoder | undefined;
/** What libjpeg has said of the image at hand. */
let messages: string[] = [];

async function start(): Promise<Decoder> {
  const { default: create } = await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js");
  program ??= await WebAssembly.compile(new Uint8Array(await readFile(packageFile(PROGRAM))));
  const compiled = program;
  return create({
    noInitialRun: true,
    printErr: (message: string) => messages.push(message),
    instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => {
      const instance = new WebAssembly.Instance(compiled, imports);
      done(instance);
      return instance.exports;
    },
  });
}

/** The decoder's memory in this thread, in bytes; 0 if it has not been needed. It never shrinks. */
export function jpegDecoderMemory(): number {
  return started?.HEAPU8.byteLength ?? 0;
}

/**
 * Decodes a JPEG with libjpeg's defaults, as Pillow and ImageMagick do, and applies its EXIF orientation.
 *
 * @returns undefined if it is of a rare kind, see `isCommonJpeg`
 * @throws ImageError if it is damaged or cut off
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<DecodedImage | undefined> {
  if (!isCommonJpeg(bytes)) return undefined;
  started ??= await start();
  messages = [];
  let image: ReturnType<Decoder["decode"]>;
  try {
    image = started.decode(bytes, true);
  } catch {
    // libjpeg gave up within the image and freed nothing.
    started = undefined;
    image = null;
  }
  if (messages.some((message) => CUT_OFF.test(message))) throw new ImageError("damaged: it is cut off");
  if (!image) throw new ImageError(`damaged: ${messages[0]?.toLowerCase() ?? "it cannot be decoded"}`);
  const { data, width, height } = image;
  return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
