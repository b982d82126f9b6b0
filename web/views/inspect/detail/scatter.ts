/** How coordinates become places on a square. */
export interface Frame {
  readonly left: number;
  readonly low: number;
  /** Pixels per unit. */
  readonly scale: number;
  readonly side: number;
}

/** The margin around the points, in pixels. */
const MARGIN = 12;

/** Fits points, [count][2], to a square; both axes have the same scale. */
export function frameOf(points: Float32Array, side: number): Frame {
  let [left, right, low, high] = [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  for (let place = 0; place < points.length; place += 2) {
    left = Math.min(left, points[place]);
    right = Math.max(right, points[place]);
    low = Math.min(low, points[place + 1]);
    high = Math.max(high, points[place + 1]);
  }
  const extent = Math.max(right - left, high - low, 1e-9);
  return {
    left: (left + right - extent) / 2,
    low: (low + high - extent) / 2,
    scale: (side - 2 * MARGIN) / extent,
    side,
  };
}

/** The place of a point, y pointing down. */
export function placeIn({ left, low, scale, side }: Frame, x: number, y: number): readonly [x: number, y: number] {
  return [MARGIN + (x - left) * scale, side - MARGIN - (y - low) * scale];
}

/** The point nearest to a place; undefined if all are farther away than a reach. */
export function nearestPoint(
  points: Float32Array,
  frame: Frame,
  x: number,
  y: number,
  reach: number,
): number | undefined {
  let best: number | undefined;
  let least = reach ** 2;
  for (let point = 0; point < points.length / 2; point++) {
    const [ownX, ownY] = placeIn(frame, points[2 * point], points[2 * point + 1]);
    const distance = (ownX - x) ** 2 + (ownY - y) ** 2;
    if (distance > least) continue;
    least = distance;
    best = point;
  }
  return best;
}

/** The nearest point in a direction, within 45° of it; undefined at the edge. */
export function nextPoint(
  points: Float32Array,
  from: number,
  [right, down]: readonly [right: number, down: number],
): number | undefined {
  let best: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let point = 0; point < points.length / 2; point++) {
    const [x, y] = [points[2 * point] - points[2 * from], points[2 * point + 1] - points[2 * from + 1]];
    const along = right * x - down * y;
    const across = Math.abs(right * y + down * x);
    if (along <= 0 || across > along || along + across >= least) continue;
    least = along + across;
    best = point;
  }
  return best;
}
