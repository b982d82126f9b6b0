/** Fraction bits of a coefficient, as in Pillow for 8-bit pixels. */
const FRACTION_BITS = 22;
const ONE = 1 << FRACTION_BITS;
const HALF = 1 << (FRACTION_BITS - 1);

/** How one axis is resampled: each target position is a weighted sum of neighbouring source positions. */
export interface AxisFilter {
  /** The first source position for each target position. */
  readonly starts: Int32Array;
  /** The number of source positions for each target position. */
  readonly counts: Int32Array;
  /** [target position][taps]: the weights, in 22-bit fixed point. */
  readonly weights: Int32Array;
  readonly taps: number;
}

/**
 * The weights of Pillow's Image.resize(BILINEAR) along one axis: a triangle two pixels wide – source pixels if the
 * image grows, target pixels if it shrinks – cut off at the edges and normalised.
 *
 * @param source the length of the source
 * @param scaled the length it is scaled to
 * @param first the first scaled position to compute
 * @param count the number of scaled positions to compute
 */
export function axisFilter(source: number, scaled: number, first: number, count: number): AxisFilter {
  const scale = source / scaled;
  const support = Math.max(1, scale);
  const narrowing = 1 / support;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * taps);
  const exact = new Float64Array(taps);
  for (let place = 0; place < count; place++) {
    const center = (first + place + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(source, Math.trunc(center + support + 0.5));
    let sum = 0;
    for (let tap = 0; tap < end - start; tap++) {
      exact[tap] = Math.max(0, 1 - Math.abs((tap + start - center + 0.5) * narrowing));
      sum += exact[tap];
    }
    starts[place] = start;
    counts[place] = end - start;
    for (let tap = 0; tap < end - start; tap++) {
      weights[place * taps + tap] = Math.trunc(0.5 + (exact[tap] / sum) * ONE);
    }
  }
  return { starts, counts, weights, taps };
}

/** One channel in a larger array: row r begins at offset + r × stride. */
export interface Plane {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly stride: number;
}

/** Filters one row, rounding every sum to a byte. */
function filterRow(filter: AxisFilter, source: Uint8Array, from: number, target: Uint8Array, to: number): void {
  const { starts, counts, weights, taps } = filter;
  for (let column = 0; column < starts.length; column++) {
    const start = from + starts[column];
    const weight = column * taps;
    let sum = HALF;
    for (let tap = 0; tap < counts[column]; tap++) {
      sum = (sum + Math.imul(source[start + tap], weights[weight + tap])) | 0;
    }
    target[to + column] = roundedByte(sum);
  }
}

/** Filters the first `rows` rows of one channel. */
export function filterAcross(across: AxisFilter, rows: number, source: Plane, target: Plane): void {
  for (let row = 0; row < rows; row++) {
    filterRow(
      across,
      source.bytes,
      source.offset + row * source.stride,
      target.bytes,
      target.offset + row * target.stride,
    );
  }
}

/**
 * Filters the columns of one channel, after its rows if `across` is given. Like Pillow, it rounds in between. It reads
 * the source once and keeps sums only for the target, so memory does not grow with the source.
 *
 * @param sums scratch space with one element per target pixel
 */
export function filterDown(
  down: AxisFilter,
  across: AxisFilter | undefined,
  source: Plane,
  target: Plane,
  sums: Int32Array,
): void {
  const { starts, counts, weights, taps } = down;
  const rows = starts.length;
  const columns = sums.length / rows;
  const { bytes } = target;
  sums.fill(HALF);
  const line = across ? new Uint8Array(columns) : source.bytes;
  const end = starts[rows - 1] + counts[rows - 1];
  let first = 0;
  for (let sourceRow = starts[0]; sourceRow < end; sourceRow++) {
    const from = source.offset + sourceRow * source.stride;
    if (across) filterRow(across, source.bytes, from, line, 0);
    const lineStart = across ? 0 : from;
    while (starts[first] + counts[first] <= sourceRow) first++;
    for (let row = first; row < rows && starts[row] <= sourceRow; row++) {
      const weight = weights[row * taps + sourceRow - starts[row]];
      const sum = row * columns;
      for (let column = 0; column < columns; column++) {
        sums[sum + column] = (sums[sum + column] + Math.imul(line[lineStart + column], weight)) | 0;
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    const to = target.offset + row * target.stride;
    for (let column = 0; column < columns; column++) bytes[to + column] = roundedByte(sums[from + column]);
  }
}

/** Converts a weighted sum to a byte. Rounded weights can add up to slightly more than one. */
function roundedByte(sum: number): number {
  return Math.min(255, sum >> FRACTION_BITS);
}
