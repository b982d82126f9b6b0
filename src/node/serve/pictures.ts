import { DecoderBusyError, type ImageDecoder } from "../images/decoder.js";
import { ImageError } from "../images/header.js";
import { isPlainPng } from "../images/png.js";
import { ItemKind } from "./inferenceMessages.js";
import type { Item } from "./inferencePool.js";
import type { LoadedNetwork } from "./models.js";
import { RequestError } from "./requestError.js";

/**
 * The picture in a request: the body itself, or the first file of a form.
 *
 * @throws RequestError 400 if there is none
 */
export async function pictureIn(body: Buffer, contentType: string | undefined): Promise<Uint8Array> {
  if (!contentType?.toLowerCase().startsWith("multipart/form-data")) {
    if (body.length === 0) throw new RequestError(400, "the request has no body; send the bytes of an image");
    return body;
  }
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
  } catch {
    throw new RequestError(400, "the form cannot be read");
  }
  for (const [, value] of form) if (typeof value !== "string") return new Uint8Array(await value.arrayBuffer());
  throw new RequestError(400, "the form has no file");
}

/**
 * Prepares a picture for a network. Plain PNGs are left to the network's thread, which takes microseconds for them; all
 * others are decoded and fitted in the decoder's threads.
 *
 * @throws RequestError 400 if it cannot be decoded, 413 if it has too many pixels, 429 if too many are waiting
 */
export async function pictureItem(
  bytes: Uint8Array,
  { input, framing }: LoadedNetwork,
  decoder: ImageDecoder,
  invert: boolean,
): Promise<Item> {
  if (isPlainPng(bytes)) return { kind: invert ? ItemKind.invertedPng : ItemKind.png, bytes, images: 1 };
  try {
    const pixels = await decoder.fit(bytes, { shape: input, ...framing }, { invert });
    return { kind: ItemKind.pixels, bytes: pixels, images: 1 };
  } catch (error) {
    if (error instanceof DecoderBusyError) throw new RequestError(429, "too many pictures at once; try again");
    if (!(error instanceof ImageError)) throw error;
    throw new RequestError(error.message.startsWith("too large") ? 413 : 400, error.message);
  }
}
