import type { Stage, Structure } from "../arithmetic.js";
import { type Hit, hasMaps } from "../layout.js";

export type Vector = readonly [x: number, y: number, z: number];

/** A map, or a unit, in space: a rectangle across the flow, which goes along x; its columns go along z. */
export interface Plate {
  readonly stage: number;
  readonly map: number;
  readonly centre: Vector;
  /** Along z. */
  readonly width: number;
  /** Along y. */
  readonly height: number;
  /** Where its values are in the atlas, in texels. */
  readonly texels: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** Where everything of a network stands in space. */
export interface SpaceLayout {
  /** By stage, then by map. */
  readonly stages: readonly (readonly Plate[])[];
  /** The top of each stage, in its middle. */
  readonly tops: readonly Vector[];
  readonly atlas: { readonly width: number; readonly height: number };
  readonly centre: Vector;
  /** The half of the longest extent. */
  readonly radius: number;
}

const ATLAS_WIDTH = 256;
/** The distance between stages, besides what their own sizes take. */
const GAP = 22;

/** Places a network in space. */
export function spaceOf({ stages }: Structure): SpaceLayout {
  const shelf = { x: 0, y: 0, height: 0 };
  const texelsOf = ({ width, height }: Stage) => {
    if (shelf.x + width > ATLAS_WIDTH) {
      shelf.y += shelf.height;
      shelf.x = 0;
      shelf.height = 0;
    }
    const texels = { x: shelf.x, y: shelf.y, width, height };
    shelf.x += width;
    shelf.height = Math.max(shelf.height, height);
    return texels;
  };
  let x = 0;
  const placed = stages.map((stage, index): Plate[] => {
    const { across, size, pitch } = gridOf(stage);
    const down = Math.ceil(stage.count / across);
    if (index > 0) x += GAP + 0.3 * Math.min(across, 4) * pitch;
    const [tall, wide] = [size * stage.height, size * stage.width];
    return Array.from({ length: stage.count }, (_, map) => ({
      stage: index,
      map,
      centre:
        index === 0
          ? [x + 3 * map, 0, 0]
          : [x, ((down - 1) / 2 - Math.floor(map / across)) * pitch, ((map % across) - (across - 1) / 2) * pitch],
      width: wide,
      height: tall,
      texels: texelsOf(stage),
    }));
  });
  const tops = placed.map((plates): Vector => {
    const top = Math.max(...plates.map(({ centre, height }) => centre[1] + height / 2));
    return [plates[0].centre[0], top, 0];
  });
  const tallest = Math.max(...tops.map(([, y]) => y));
  return {
    stages: placed,
    tops,
    atlas: { width: ATLAS_WIDTH, height: 2 ** Math.ceil(Math.log2(shelf.y + shelf.height)) },
    centre: [x / 2, 0, 0],
    radius: Math.max(x / 2, tallest),
  };
}

/** How a stage's maps stand beside and above one another; `size` is that of a pixel. */
function gridOf(stage: Stage): { readonly across: number; readonly size: number; readonly pitch: number } {
  const { count, kind, height, width } = stage;
  if (kind === "output") return { across: 1, size: 5.6, pitch: 7.6 };
  if (!hasMaps(stage)) return { across: Math.ceil(Math.sqrt(count) * 0.8), size: 3.3, pitch: 4.5 };
  const side = Math.max(height, width);
  // Small maps have larger pixels.
  const size = (kind === "input" ? 46 : 9 + 0.72 * side) / side;
  return { across: Math.ceil(Math.sqrt(0.8 * count)), size, pitch: size * side * 1.12 + 1 };
}

/** What a ray meets first. */
export function hitInSpace(
  { stages: placed }: SpaceLayout,
  { stages }: Structure,
  origin: Vector,
  direction: Vector,
): Hit | undefined {
  let nearest: { readonly distance: number; readonly hit: Hit } | undefined;
  for (const plate of placed.slice(1).flat()) {
    const distance = (plate.centre[0] - origin[0]) / direction[0];
    if (!(distance > 0) || (nearest && nearest.distance <= distance)) continue;
    const across = (origin[2] + distance * direction[2] - plate.centre[2]) / plate.width + 0.5;
    const down = 0.5 - (origin[1] + distance * direction[1] - plate.centre[1]) / plate.height;
    if (across < 0 || across >= 1 || down < 0 || down >= 1) continue;
    const { height, width } = stages[plate.stage];
    const place = Math.floor(down * height) * width + Math.floor(across * width);
    nearest = { distance, hit: { stage: plate.stage, map: plate.map, place } };
  }
  return nearest?.hit;
}

/** A camera that looks at a point from an angle. */
export interface Camera {
  /** From where the light goes, to the side of it; radians. */
  readonly yaw: number;
  readonly pitch: number;
  readonly distance: number;
  readonly target: Vector;
  /** How far the picture is moved in the window, whose half is 1. Default: not at all. */
  readonly shift?: readonly [right: number, up: number];
}

/** The vertical angle of view. */
const VIEW_ANGLE = 0.3;

/** A camera's place, its axes, and its matrix, column by column. */
export function viewOf({ yaw, pitch, distance, target, shift = [0, 0] }: Camera, aspect: number) {
  const back: Vector = [-Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch)];
  const right = unit(cross([0, 1, 0], back));
  const up = cross(back, right);
  const origin = target.map((value, axis) => value + distance * back[axis]) as unknown as Vector;
  const focal = 1 / Math.tan(VIEW_ANGLE / 2);
  const [near, far] = [1, 4 * distance];
  const rows = [
    [right, focal / aspect],
    [up, focal],
    [back, (near + far) / (near - far)],
    [back, -1],
  ] as const;
  const matrix = new Float32Array(16);
  for (const [row, [axis, scale]] of rows.entries()) {
    for (let column = 0; column < 3; column++) matrix[4 * column + row] = scale * axis[column];
    matrix[12 + row] = -scale * dot(axis, origin) + (row === 2 ? (2 * near * far) / (near - far) : 0);
  }
  for (const [row, by] of shift.entries()) {
    for (let column = 0; column < 4; column++) matrix[4 * column + row] += by * matrix[4 * column + 3];
  }
  /** The direction of a ray through a point of the window, −1 … 1. */
  const rayThrough = (x: number, y: number): Vector =>
    [0, 1, 2].map(
      (axis) => ((x - shift[0]) * aspect * right[axis] + (y - shift[1]) * up[axis]) / focal - back[axis],
    ) as unknown as Vector;
  return { origin, matrix, rayThrough };
}

/** The part of the window, −1 … 1, that a network is to fill. */
export interface Room {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** The camera that sees all of a network in a part of the window, as large as it fits. */
export function fittedCamera(
  layout: SpaceLayout,
  angle: Pick<Camera, "yaw" | "pitch">,
  aspect: number,
  room: Room,
): Camera {
  const corners = layout.stages
    .flat()
    .flatMap(({ centre: [x, y, z], width, height }) =>
      [-1, 1].flatMap((up) => [-1, 1].map((aside): Vector => [x, y + (up * height) / 2, z + (aside * width) / 2])),
    );
  const boxAt = (distance: number) => {
    const { matrix } = viewOf({ ...angle, distance, target: layout.centre }, aspect);
    const points = corners.map((corner) => projected(matrix, corner));
    if (points.includes(undefined)) return undefined;
    const along = (axis: 0 | 1) => {
      const own = points.map((point) => point![axis]);
      return [Math.min(...own), Math.max(...own)] as const;
    };
    return [along(0), along(1)] as const;
  };
  let [near, far] = [0.1 * layout.radius, 30 * layout.radius];
  for (let step = 0; step < 24; step++) {
    const distance = (near + far) / 2;
    const box = boxAt(distance);
    const fits =
      box !== undefined &&
      box[0][1] - box[0][0] <= room.right - room.left &&
      box[1][1] - box[1][0] <= room.top - room.bottom;
    if (fits) far = distance;
    else near = distance;
  }
  const [[left, right], [bottom, top]] = boxAt(far)!;
  const shift = [(room.left + room.right - left - right) / 2, (room.bottom + room.top - bottom - top) / 2] as const;
  return { ...angle, distance: far, target: layout.centre, shift };
}

/** Where a point is in the window, −1 … 1; undefined behind the camera. */
export function projected(matrix: Float32Array, [x, y, z]: Vector): readonly [number, number] | undefined {
  const of = (row: number) => matrix[row] * x + matrix[4 + row] * y + matrix[8 + row] * z + matrix[12 + row];
  const depth = of(3);
  return depth <= 0 ? undefined : [of(0) / depth, of(1) / depth];
}

function dot(one: Vector, other: Vector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

function cross([a, b, c]: Vector, [x, y, z]: Vector): Vector {
  return [b * z - c * y, c * x - a * z, a * y - b * x];
}

function unit(vector: Vector): Vector {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length) as unknown as Vector;
}
