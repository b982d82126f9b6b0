import { type ImageShape, receptiveFields, unitBlock } from "../../src/model/index.js";
import type { Contributions, Structure, Unit, UnitSum } from "./arithmetic.js";
import { cssColor, type SceneColors } from "./colors.js";
import { drawJoint } from "./joint.js";
import { type Hit, hasMaps, type Rect, type SceneLayout } from "./layout.js";
import { isOpen, type OpenLayout } from "./openLayout.js";

/** What a scene shows at one moment. */
export interface Picture {
  readonly structure: Structure;
  /** The values of each stage. */
  readonly values: readonly Float64Array[];
  readonly contributions: Contributions;
  readonly probabilities: Float64Array;
  readonly classes: readonly string[];
  /** The chosen unit; undefined while the scene explains the answer, because no other has been chosen. */
  readonly chosen: Unit | undefined;
  /** The chosen unit worked out, if it is a sum. */
  readonly sum: UnitSum | undefined;
  /** The input, if the scene draws it; it does not where a pad stands in its place. */
  readonly input?: ImageData;
}

/** A map, or unit, that is pointed out. */
export interface SceneMark {
  readonly stage: number;
  readonly map: number;
  /** Whether what it shows is hidden: its values, or a class's bar. */
  readonly isCovered?: boolean;
}

/** The names over the columns. */
export interface Head {
  readonly title: string;
  readonly about: string;
}

/** How many edges of a gap are drawn: the strongest. */
const MOST_EDGES = 20;
/** The strength, of the strongest in its gap, below which an edge is not drawn. */
const LEAST_STRENGTH = 0.02;
/** The share of a layer's active values that are drawn in their own colour; the largest are all alike. */
const SATURATION = 0.985;

/** The time in which what is shown comes half as close to what is, in milliseconds. */
const HALF_LIFE = 55;
/** The time that the light takes from one stage to the next. */
const STAGE_MILLISECONDS = 140;

/** What a scene shows at one moment, on its way to a picture. */
export interface SceneState {
  readonly picture: Picture;
  /** −1 … 1, by stage. */
  readonly shown: readonly Float32Array[];
  /** The strength of the edges, −1 … 1, by gap: [to × from]. */
  readonly edges: readonly Float32Array[];
  /** How far the light has come, in stages. */
  readonly light: number;
}

/**
 * Draws a scene on a canvas. What it shows follows the picture with a delay that eases changes, and layers light up one
 * after another at the start.
 */
export class ScenePainter {
  private picture: Picture | undefined;
  /** The values shown, −1 … 1, by stage. */
  private shown: Float32Array[] = [];
  private wanted: Float32Array[] = [];
  /** The strength of the edges shown, −1 … 1, by gap: [to × from]. */
  private edges: Float32Array[] = [];
  private wantedEdges: Float32Array[] = [];
  private bars = new Float32Array(0);
  /** How far the light has come, in stages; beyond the last one, it is over. */
  private light = 0;
  private settled = false;
  /** The pixels of each stage. */
  private readonly pixels: HTMLCanvasElement[] = [];

  /** @param eased whether values ease too; otherwise they change at once, and edges alone ease */
  show(picture: Picture, eased: boolean): void {
    const isOther = !this.picture || !haveSameShape(this.picture.structure, picture.structure);
    this.picture = picture;
    this.settled = false;
    this.wanted = picture.values.map((values, stage) => normalised(values, stage === 0));
    this.wantedEdges = strongest(picture);
    if (isOther) {
      this.edges = this.wantedEdges.map((own) => new Float32Array(own.length));
      this.bars = Float32Array.from(picture.probabilities);
    }
    if (isOther || !eased) this.shown = this.wanted.map((own) => own.slice());
  }

  /** What is shown now; undefined before the first picture. */
  get state(): SceneState | undefined {
    const { picture, shown, edges, light } = this;
    return picture && { picture, shown, edges, light };
  }

  /** Sends light through the network again. */
  relight(): void {
    this.light = 0;
    this.settled = false;
  }

  /** Shows everything as it is. */
  settle(): void {
    this.light = Number.POSITIVE_INFINITY;
    this.shown = this.wanted.map((own) => own.slice());
    this.edges = this.wantedEdges.map((own) => own.slice());
    if (this.picture) this.bars = Float32Array.from(this.picture.probabilities);
    this.settled = true;
  }

  /** Moves on in time. Returns whether there is more to come. */
  advance(milliseconds: number): boolean {
    if (this.settled || !this.picture) return false;
    const share = 1 - 0.5 ** (milliseconds / HALF_LIFE);
    const ease = (shown: Float32Array, wanted: ArrayLike<number>) => {
      let most = 0;
      for (let place = 0; place < shown.length; place++) {
        const distance = wanted[place] - shown[place];
        shown[place] += share * distance;
        most = Math.max(most, Math.abs(distance));
      }
      return most;
    };
    const distances = [
      ...this.shown.map((own, stage) => ease(own, this.wanted[stage])),
      ...this.edges.map((own, gap) => ease(own, this.wantedEdges[gap])),
      ease(this.bars, this.picture.probabilities),
    ];
    this.light += milliseconds / STAGE_MILLISECONDS;
    const isLit = this.light > this.picture.structure.stages.length + 2;
    if (isLit && Math.max(...distances) < 0.004) this.settle();
    return !this.settled;
  }

  /**
   * @param layout where everything stands now
   * @param marks.open the layout with a joint, and how far it has opened, 0 … 1
   * @param marks.hovered its edges stand out
   */
  draw(context: CanvasRenderingContext2D, layout: SceneLayout, colors: SceneColors, marks: Marks): void {
    const { heads, hovered, isFocused, open, pointedOut = [] } = marks;
    const { picture } = this;
    context.clearRect(0, 0, layout.width, layout.height);
    if (!picture) return;
    context.imageSmoothingEnabled = false;
    const frame: Frame = { context, layout, colors, picture };
    const openStage = open?.layout.joint.unit.stage ?? Number.POSITIVE_INFINITY;
    const closed = 1 - (open?.share ?? 0);
    this.drawEdges(frame, hovered, (gap) => (gap >= openStage - 1 ? closed : 1));
    if (picture.input) {
      const { x, y, width, height } = layout.stages[0][0];
      context.drawImage(this.canvasOf(0, picture.input), x, y, width, height);
      frameRect(context, layout.stages[0][0], 0, colors.line, 1);
    }
    for (const [stage, { kind }] of picture.structure.stages.entries()) {
      if (stage === 0) continue;
      context.globalAlpha = this.litShare(stage) * (stage > openStage ? closed : 1);
      if (kind === "output") this.drawOutputs(frame, stage);
      else if (hasMaps(picture.structure.stages[stage])) this.drawMaps(frame, stage);
      else this.drawUnits(frame, stage);
    }
    context.globalAlpha = 1;
    if (open) drawJoint(context, { ...open.layout, stages: layout.stages }, picture.structure, colors, open.share);
    drawChosen(frame, isFocused);
    for (const mark of pointedOut) drawMark(frame, mark);
    if (hovered && layout.stages[hovered.stage]?.[hovered.map]) {
      frameRect(context, layout.stages[hovered.stage][hovered.map], 3 * layout.unit, colors.ink, 1.2 * layout.unit);
    }
    drawHeads(frame, heads, (stage) => (stage > openStage ? closed : 1), openStage);
  }

  /** How bright a stage is while the light comes to it. */
  private litShare(stage: number): number {
    return Math.min(1, Math.max(0.06, this.light - stage + 0.5));
  }

  private drawEdges(frame: Frame, hovered: Hit | undefined, shareOf: (gap: number) => number): void {
    const { context, layout, colors } = frame;
    const { stages } = frame.picture.structure;
    context.lineCap = "round";
    for (const [gap, strengths] of this.edges.entries()) {
      const { count } = stages[gap];
      const areMany = !hasMaps(stages[gap + 1]);
      const lit = this.litShare(gap + 1) * shareOf(gap);
      if (lit === 0) continue;
      // The strongest on top.
      const order = drawnEdges(strengths).sort((one, other) => Math.abs(strengths[one]) - Math.abs(strengths[other]));
      for (const edge of order) {
        const [from, to] = [edge % count, Math.floor(edge / count)];
        const strength = Math.abs(strengths[edge]);
        const path = edgePath(layout, gap, from, to, stages[gap + 1].count);
        if (!path) continue;
        const isOther =
          hovered &&
          !(hovered.stage === gap && hovered.map === from) &&
          !(hovered.stage === gap + 1 && hovered.map === to);
        const width =
          (0.9 + 5 * Math.sqrt(strength) * (areMany ? 0.68 : 1)) * layout.unit * (layout.isVertical ? 0.8 : 1);
        const adds = strengths[edge] > 0;
        context.globalAlpha = lit * (0.2 + 0.6 * strength) * (isOther ? 0.22 : 1);
        context.strokeStyle = adds ? colors.adds : colors.takes;
        context.lineWidth = width;
        // Not by colour alone.
        context.setLineDash(adds ? [] : [2.2 * width, 1.9 * width]);
        context.stroke(path);
        this.drawPulse(frame, path, gap, width);
      }
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** The light on an edge, while it passes. */
  private drawPulse({ context, layout, colors }: Frame, path: Path2D, gap: number, width: number): void {
    const at = this.light - gap - 0.5;
    if (at <= 0 || at >= 1) return;
    const length = 120 * layout.unit;
    context.globalAlpha *= Math.sin(Math.PI * at);
    context.strokeStyle = colors.ground;
    context.lineWidth = 0.5 * width;
    context.setLineDash([0.3 * length, 10 * length]);
    context.lineDashOffset = -1.4 * length * at;
    context.stroke(path);
    context.lineDashOffset = 0;
  }

  private drawMaps({ context, layout, colors, picture }: Frame, stage: number): void {
    const { count, height, width } = picture.structure.stages[stage];
    const values = this.shown[stage];
    const isSigned = values.some((value) => value < 0);
    // Below one another: each change of a canvas's pixels takes time.
    const all = this.canvasOf(stage, imageOf(values, width, count * height, isSigned, colors));
    for (const [map, rect] of layout.stages[stage].entries()) {
      context.drawImage(all, 0, map * height, width, height, rect.x, rect.y, rect.width, rect.height);
      frameRect(context, rect, 0, colors.line, 1);
    }
  }

  /** A canvas with the pixels of a stage. */
  private canvasOf(stage: number, image: ImageData): HTMLCanvasElement {
    this.pixels[stage] ??= document.createElement("canvas");
    const canvas = this.pixels[stage];
    if (canvas.width !== image.width) canvas.width = image.width;
    if (canvas.height !== image.height) canvas.height = image.height;
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    return canvas;
  }

  private drawUnits({ context, layout, colors }: Frame, stage: number): void {
    const values = this.shown[stage];
    const isSigned = values.some((value) => value < 0);
    // Edges end at a unit, not under it.
    const around = 0.7 * layout.unit;
    for (const [index, { x, y, width, height }] of layout.stages[stage].entries()) {
      const value = values[index];
      if (Math.abs(value) < 0.02) {
        context.fillStyle = colors.dot;
        context.fillRect(x + 0.37 * width, y + 0.37 * height, 0.26 * width, 0.26 * height);
        continue;
      }
      context.fillStyle = colors.ground;
      context.fillRect(x - around, y - around, width + 2 * around, height + 2 * around);
      context.fillStyle = isSigned
        ? cssColor(colors.signed, (value + 1) / 2)
        : cssColor(colors.activation, 0.14 + 0.86 * value);
      context.beginPath();
      const inset = Math.min(around, 0.1 * width);
      context.roundRect(x + inset, y + inset, width - 2 * inset, height - 2 * inset, 0.18 * width - inset);
      context.fill();
    }
  }

  private drawOutputs({ context, layout, colors, picture }: Frame, stage: number): void {
    const { classes, probabilities } = picture;
    const { unit, isVertical, bar } = layout;
    const winner = probabilities.indexOf(Math.max(...probabilities));
    const areWords = classes.some((name) => name.length > 2);
    const rects = layout.stages[stage];
    const every = namedClasses(rects, layout);
    for (const [index, { x, y, width, height }] of rects.entries()) {
      const isWinner = index === winner;
      // The names of more classes have no place.
      if (index % every !== 0 && !isWinner) continue;
      const share = this.bars[index] ?? 0;
      const middle = y + height / 2;
      const name = classes[index] ?? String(index);
      if (isOpen(layout)) {
        const font = `${isWinner ? 700 : 400} ${areWords ? 0.26 * height : 0.72 * height}px ${areWords ? colors.sans : colors.serif}`;
        const color = isWinner ? colors.ink : colors.quiet;
        text(context, name, x + width / 2, middle, { font, color, align: "center", most: width });
        continue;
      }
      if (isVertical) {
        const size = areWords ? 9.5 : isWinner ? 19 : 16;
        const font = `${isWinner ? 700 : 400} ${size}px ${areWords ? colors.sans : colors.serif}`;
        text(context, areWords ? shortened(name) : name, x + width / 2, middle, {
          font,
          color: isWinner ? colors.ink : colors.quiet,
          align: "center",
        });
        context.fillStyle = colors.line;
        context.fillRect(x, y + height + 6, width, 4);
        context.fillStyle = colors.accent;
        context.fillRect(x, y + height + 6, Math.max(1.5, width * share), 4);
        continue;
      }
      const size = (areWords ? 15 : isWinner ? 21 : 17) * unit;
      text(context, name, areWords ? x : x + width / 2, middle, {
        font: `${isWinner ? 700 : 400} ${size}px ${areWords ? colors.sans : colors.serif}`,
        color: isWinner ? colors.ink : colors.quiet,
        align: areWords ? "left" : "center",
        most: width,
      });
      const left = x + width + 6 * unit;
      context.fillStyle = colors.line;
      context.fillRect(left, middle - unit, bar, 2 * unit);
      context.fillStyle = colors.accent;
      context.fillRect(left, middle - 4.5 * unit, Math.max(1.5 * unit, bar * share), 9 * unit);
    }
  }
}

/** Of how many classes one has a place for its name and its bar. */
function namedClasses(rects: readonly Rect[], { isVertical, unit }: SceneLayout): number {
  const [first, second = first] = rects;
  const pitch = isVertical ? second.x - first.x : second.y - first.y;
  return pitch > 0 ? Math.ceil((LEAST_PITCH * unit) / pitch) : 1;
}

/** The least distance between the names of two classes, in units of the design. */
const LEAST_PITCH = 14;

/** What stands out in a scene. */
export interface Marks {
  readonly heads: readonly Head[];
  readonly hovered: Hit | undefined;
  readonly isFocused: boolean;
  readonly open: { readonly layout: OpenLayout; readonly share: number } | undefined;
  readonly pointedOut?: readonly SceneMark[];
}

interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly layout: SceneLayout;
  readonly colors: SceneColors;
  readonly picture: Picture;
}

/** Whether the columns of one have the extents of the other's, so that one can become the other. */
function haveSameShape({ stages: own }: Structure, { stages: others }: Structure): boolean {
  return (
    own.length === others.length &&
    own.every(({ count, height, width }, index) => {
      const other = others[index];
      return count === other.count && height === other.height && width === other.width;
    })
  );
}

/** −1 … 1, so that all but the largest values of a stage have their own colour; the input as it is. */
function normalised(values: Float64Array, isInput: boolean): Float32Array {
  if (isInput) return Float32Array.from(values);
  let active = 0;
  for (let place = 0; place < values.length; place++) if (values[place] !== 0) active++;
  const saturated = largestOf(values, active - Math.floor(SATURATION * (active - 1)));
  const most = Math.abs(values[saturated[saturated.length - 1]] ?? 1);
  const shares = new Float32Array(values.length);
  for (let place = 0; place < values.length; place++) shares[place] = Math.max(-1, Math.min(1, values[place] / most));
  return shares;
}

/** The strongest edges of each gap, −1 … 1 by the strongest of them; 0 for all others. */
function strongest({ structure, contributions: { gaps } }: Picture): Float32Array[] {
  return structure.stages.slice(1).map((stage, gap) => {
    const own = gaps[gap] ?? [];
    const shown = new Float32Array(stage.count * structure.stages[gap].count);
    if (own.length === 0) return shown;
    const largest = largestOf(own, MOST_EDGES);
    const most = Math.abs(own[largest[0]] ?? 1);
    for (const edge of largest) shown[edge] = own[edge] / most;
    return shown;
  });
}

/** The indices of the values of largest magnitude, largest first, without zeros; makes no garbage, as pens are fast. */
function largestOf(values: Float64Array, count: number): number[] {
  const found: number[] = [];
  let least = 0;
  for (let place = 0; place < values.length; place++) {
    const size = Math.abs(values[place]);
    if (size <= least) continue;
    let at = found.length;
    while (at > 0 && Math.abs(values[found[at - 1]]) < size) at--;
    found.splice(at, 0, place);
    if (found.length <= count) continue;
    found.pop();
    least = Math.abs(values[found[count - 1]]);
  }
  return found;
}

/** The edges that are strong enough to be drawn. */
export function drawnEdges(strengths: Float32Array): number[] {
  const found: number[] = [];
  for (let edge = 0; edge < strengths.length; edge++) {
    if (Math.abs(strengths[edge]) > LEAST_STRENGTH) found.push(edge);
  }
  return found;
}

/** Undefined if an end has no place. */
function edgePath({ stages, isVertical }: SceneLayout, gap: number, from: number, to: number, ends: number) {
  const [start, end] = [stages[gap][from], stages[gap + 1][to]];
  if (!start || !end) return undefined;
  const path = new Path2D();
  // All edges of the input leave the pad in the order of their ends.
  const spread = gap === 0 ? 0.18 + (0.64 * (to + 0.5)) / ends : 0.5;
  if (isVertical) {
    const [x0, y0] = [start.x + spread * start.width, start.y + start.height];
    const [x1, y1] = [end.x + end.width / 2, end.y];
    const bend = (y1 - y0) / 2;
    path.moveTo(x0, y0);
    path.bezierCurveTo(x0, y0 + bend, x1, y1 - bend, x1, y1);
  } else {
    const [x0, y0] = [start.x + start.width, start.y + spread * start.height];
    const [x1, y1] = [end.x, end.y + end.height / 2];
    const bend = (x1 - x0) / 2;
    path.moveTo(x0, y0);
    path.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
  }
  return path;
}

/** Values −1 … 1, or 0 … 1, as pixels. */
export function imageOf(
  values: ArrayLike<number>,
  width: number,
  height: number,
  isSigned: boolean,
  { activation, signed }: Pick<SceneColors, "activation" | "signed">,
): ImageData {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colors = isSigned ? signed : activation;
  for (let place = 0; place < pixels.length; place++) {
    const share = isSigned ? (values[place] + 1) / 2 : values[place];
    pixels[place] = colors[Math.round(255 * Math.min(1, Math.max(0, share)))];
  }
  return image;
}

/**
 * A network's input as it is shown: grey in the scene's colours, colour as it is.
 *
 * @param pixels bytes [channels][height][width]
 * @param background the byte around what the image shows
 */
export function inputImage(
  pixels: Uint8Array,
  { channels, height, width }: ImageShape,
  background: 0 | 255,
  colors: Pick<SceneColors, "activation" | "signed">,
): ImageData {
  const area = height * width;
  if (channels !== 3) {
    const shares = Float32Array.from(pixels.subarray(0, area), (byte) => Math.abs(byte - background) / 255);
    return imageOf(shares, width, height, false, colors);
  }
  const image = new ImageData(width, height);
  for (let place = 0; place < 4 * area; place++) {
    const channel = place % 4;
    image.data[place] = channel === 3 ? 255 : pixels[channel * area + Math.floor(place / 4)];
  }
  return image;
}

function frameRect(
  context: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  distance: number,
  color: string,
  line: number,
): void {
  context.lineWidth = line;
  context.strokeStyle = color;
  context.strokeRect(x - distance, y - distance, width + 2 * distance, height + 2 * distance);
}

/** Outlines the chosen unit, its map, and the window that it sees in the stages before. */
function drawChosen({ context, layout, colors, picture }: Frame, isFocused: boolean): void {
  const { structure, chosen } = picture;
  if (!chosen) return;
  const { stages, layers } = structure;
  const { unit } = layout;
  const own = stages[chosen.stage];
  const size = own.height * own.width;
  const rect = layout.stages[chosen.stage][Math.floor(chosen.index / size)];
  if (!rect) return;
  frameRect(context, rect, 2.5 * unit, colors.chosen, (isFocused ? 3.5 : 2.5) * unit);
  if (!hasMaps(own)) return;
  const fields = receptiveFields(layers, own.main, unitBlock(layers[own.main].output, chosen.index));
  for (let stage = picture.input ? 0 : 1; stage <= chosen.stage; stage++) {
    const { channels, rows, columns } = fields[stages[stage].last + 1] ?? fields[fields.length - 1];
    const { height, width } = stages[stage];
    // The maps of the input lie upon one another.
    for (let map = channels.first; map <= (stage === 0 ? channels.first : channels.last); map++) {
      const around = layout.stages[stage][map];
      if (!around) continue;
      const [tall, wide] = [around.height / height, around.width / width];
      const window = {
        x: around.x + columns.first * wide,
        y: around.y + rows.first * tall,
        width: (columns.last - columns.first + 1) * wide,
        height: (rows.last - rows.first + 1) * tall,
      };
      frameRect(context, window, 0.5, colors.chosen, (stage === chosen.stage ? 2 : 1.4) * unit);
    }
  }
}

/** Frames what is pointed out, and covers it with a question mark if it is to be guessed. */
function drawMark({ context, layout, colors, picture }: Frame, { stage, map, isCovered }: SceneMark): void {
  const rect = layout.stages[stage]?.[map];
  if (!rect) return;
  const { unit, bar, isVertical } = layout;
  const isOutput = picture.structure.stages[stage].kind === "output";
  if (isCovered) {
    const cover = !isOutput
      ? rect
      : isVertical
        ? { x: rect.x, y: rect.y + rect.height + 4, width: rect.width, height: 8 }
        : { x: rect.x + rect.width + 5 * unit, y: rect.y, width: bar + 2 * unit, height: rect.height };
    context.fillStyle = colors.ground;
    context.fillRect(cover.x, cover.y, cover.width, cover.height);
    const size = 0.6 * Math.min(cover.height, cover.width);
    const font = `600 ${size}px ${colors.serif}`;
    if (!isOutput) {
      const [x, y] = [cover.x + cover.width / 2, cover.y + cover.height / 2];
      text(context, "?", x, y, { font, color: colors.accent, align: "center" });
    }
  }
  if (!isOutput) frameRect(context, rect, 2.5 * unit, colors.accent, 2.5 * unit);
}

function drawHeads(
  { context, layout, colors }: Frame,
  heads: readonly Head[],
  shareOf: (stage: number) => number,
  openStage: number,
): void {
  const { unit, isVertical } = layout;
  for (const [stage, { title, about }] of heads.entries()) {
    const place = layout.heads[stage];
    if (!place || (isVertical && stage === 0)) continue;
    context.globalAlpha = shareOf(stage);
    if (isVertical) {
      context.lineJoin = "round";
      context.lineWidth = 6;
      context.strokeStyle = colors.ground;
      const serif = `600 15px ${colors.serif}`;
      context.font = serif;
      const after = place.x + context.measureText(title).width + 8;
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.strokeText(title, place.x, place.y);
      text(context, title, place.x, place.y, { font: serif, color: colors.ink, align: "left" });
      const sans = `400 13px ${colors.sans}`;
      context.font = sans;
      context.strokeText(about, after, place.y);
      text(context, about, after, place.y, { font: sans, color: colors.quiet, align: "left" });
      continue;
    }
    const [serif, sans] = [`600 ${18 * unit}px ${colors.serif}`, `400 ${13.5 * unit}px ${colors.sans}`];
    const most = headRoom(layout, stage);
    text(context, title, place.x, place.y - 4 * unit, { font: serif, color: colors.ink, align: "center" });
    // Stages that are pushed together have no place for it.
    if (stage > 0 && stage < openStage && openStage < heads.length) continue;
    text(context, about, place.x, place.y + 16 * unit, { font: sans, color: colors.quiet, align: "center", most });
  }
  context.globalAlpha = 1;
}

/** The width that the line under a stage's name has between those of its neighbours. */
function headRoom({ heads, unit }: SceneLayout, stage: number): number {
  const besides = [heads[stage - 1], heads[stage + 1]].filter((one) => one !== undefined && one.y === heads[stage].y);
  return Math.min(...besides.map(({ x }) => Math.abs(x - heads[stage].x) - 8 * unit));
}

function text(
  context: CanvasRenderingContext2D,
  what: string,
  x: number,
  y: number,
  style: { font: string; color: string; align: CanvasTextAlign; most?: number },
): void {
  context.font = style.font;
  context.fillStyle = style.color;
  context.textAlign = style.align;
  context.textBaseline = "middle";
  context.fillText(what, x, y, style.most);
}

/** A name that has its place under a narrow bar. */
function shortened(name: string): string {
  const [first] = name.split(/[ /]/);
  return first.length > 7 ? `${first.slice(0, 6)}…` : first;
}
