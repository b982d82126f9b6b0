/**
 * Decodes an image in the browser: a file that was chosen or fetched (`Blob`), an image element, a video's frame, an
 * `ImageBitmap`. It is turned upright as its EXIF orientation says; colour profiles are ignored, as in Node.
 *
 * @throws DOMException where it cannot be decoded
 */
export async function decodeImage(source: ImageBitmapSource): Promise<ImageData> {
  const bitmap = await createImageBitmap(source, { colorSpaceConversion: "none" });
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } finally {
    bitmap.close();
  }
}
