/** A decoded image: `rgba` is [height][width][4], 0 … 255, with straight (not premultiplied) alpha. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/**
 * The grey value of a colour, as Pillow's convert("L"): ITU-R 601 luma in fixed point with 16 fraction bits, rounded.
 */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** Composites one value over another as Pillow's paste with a mask: opacity 0 … 255, rounded to nearest. */
function compose(value: number, opacity: number, background: number): number {
  const sum = value * opacity + background * (255 - opacity) + 128;
  return ((sum >> 8) + sum) >> 8;
}

/** Inverts an image's colours, leaving the opacity unchanged. */
export function invertImage({ width, height, rgba }: DecodedImage): DecodedImage {
  return { width, height, rgba: rgba.map((value, place) => (place % 4 === 3 ? value : 255 - value)) };
}

/**
 * Composites a decoded image over a background and separates it into the network's channels.
 *
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param background the value behind transparent pixels, 0 … 255 in every channel
 * @returns [channels][height][width]
 */
export function planesFromRgba({ width, height, rgba }: DecodedImage, channels: number, background: number) {
  const pixels = width * height;
  const planes = new Uint8Array(channels * pixels);
  for (let pixel = 0, source = 0; pixel < pixels; pixel++, source += 4) {
    let red = rgba[source];
    let green = rgba[source + 1];
    let blue = rgba[source + 2];
    const opacity = rgba[source + 3];
    if (opacity !== 255) {
      red = compose(red, opacity, background);
      green = compose(green, opacity, background);
      blue = compose(blue, opacity, background);
    }
    if (channels === 1) {
      planes[pixel] = luma(red, green, blue);
    } else {
      planes[pixel] = red;
      planes[pixels + pixel] = green;
      planes[2 * pixels + pixel] = blue;
    }
  }
  return planes;
}
