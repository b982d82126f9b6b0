import type { DecodedPicture } from "../../../src/index.js";

/** A picture's pixels, turned as its file says. @throws where the browser cannot decode it */
export async function decode(picture: Blob | ImageBitmap): Promise<DecodedPicture> {
  const bitmap = picture instanceof Blob ? await createImageBitmap(picture) : picture;
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no pixels of pictures");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, rgba: new Uint8Array(data.buffer) };
}
