/** A plane of ink, drawn with a round pen and read back as antialiased coverage. */
export class InkCanvas {
  readonly height: number;
  readonly width: number;
  /** How deep each pixel's centre lies inside the ink, in pixels; negative outside. */
  private readonly depth: Float32Array;
  private readonly covered: Float64Array;

  constructor(height: number, width: number) {
    this.height = height;
    this.width = width;
    this.depth = new Float32Array(height * width);
    this.covered = new Float64Array(height * width);
  }

  /** Removes all ink. */
  clear(): void {
    this.depth.fill(-1e9);
  }

  /**
   * Draws a line with round ends; the pen's radius changes from radius0 to radius1.
   *
   * @param edge the width of the ink's soft edge in pixels, the same as for `coverage`
   */
  line(x0: number, y0: number, radius0: number, x1: number, y1: number, radius1: number, edge: number): void {
    const { depth, width } = this;
    const reach = Math.max(radius0, radius1) + edge / 2;
    // Pixel centres lie at half-integers.
    const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach - 0.5));
    const right = Math.min(width - 1, Math.floor(Math.max(x0, x1) + reach - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach - 0.5));
    const bottom = Math.min(this.height - 1, Math.floor(Math.max(y0, y1) + reach - 0.5));
    const alongX = x1 - x0;
    const alongY = y1 - y0;
    const squaredLength = alongX * alongX + alongY * alongY;
    const inverse = squaredLength > 0 ? 1 / squaredLength : 0;
    const widening = radius1 - radius0;
    for (let row = top; row <= bottom; row++) {
      const fromY = row + 0.5 - y0;
      for (let column = left; column <= right; column++) {
        const fromX = column + 0.5 - x0;
        const projected = (fromX * alongX + fromY * alongY) * inverse;
        const place = Math.max(0, Math.min(1, projected));
        const offX = fromX - place * alongX;
        const offY = fromY - place * alongY;
        const inside = radius0 + place * widening - Math.sqrt(offX * offX + offY * offY);
        const pixel = row * width + column;
        if (inside > depth[pixel]) depth[pixel] = inside;
      }
    }
  }

  /** The ink in each pixel, 0 … 1, with a soft edge `edge` pixels wide; valid until the next call. */
  coverage(edge: number): Float64Array {
    const { depth, covered } = this;
    for (let pixel = 0; pixel < depth.length; pixel++) {
      covered[pixel] = Math.max(0, Math.min(1, depth[pixel] / edge + 0.5));
    }
    return covered;
  }
}
