/**
 * Decodes an image in the browser: a chosen or fetched file (`Blob`), an image element, a video frame, an
 * `ImageBitmap`. EXIF orientation is applied; colour profiles are ignored, as in Node.
 *
 * @throws DOMException if the image cannot be decoded
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
