import { formatValue, withMinus } from "../i18n/numbers.js";
import type { Stage, Structure, Unit } from "./arithmetic.js";
import { type Hit, hasMaps } from "./layout.js";
import { messages } from "./messages.js";
import type { Head, Picture } from "./paint.js";

/** A contribution with its sign: +0.89. */
export function formatSigned(value: number): string {
  const text = withMinus(value, Math.abs(value) < 0.0095 ? 3 : 2);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A probability: 95.2 %. */
export function formatSure(share: number): string {
  return share > 0.9995 ? "> 99.9 %" : `${(100 * share).toFixed(1)} %`;
}

/** The names over the columns. */
export function headsOf({ stages }: Structure): Head[] {
  const m = messages();
  return stages.map(({ term, kind, count, height, width }) => {
    if (kind === "input") return { title: m.heads.input, about: m.pixels(height, width) };
    if (kind === "output") return { title: m.heads.output, about: m.classes(count) };
    if (kind === "subsampling") return { title: term, about: m.pooled(height, width) };
    return { title: term, about: height * width > 1 ? m.maps(count, height, width) : m.units(count) };
  });
}

/** What a unit, or the map that it is on, is called. */
export function nameOfUnit({ structure, classes }: Pick<Picture, "structure" | "classes">, unit: Unit): string {
  const stage = structure.stages[unit.stage];
  const map = mapOf(stage, unit.index);
  const m = messages();
  if (stage.kind === "output") return m.output(classes[map] ?? String(map));
  return hasMaps(stage) ? m.map(stage.term, map + 1) : m.unit(stage.term, map + 1);
}

/** The map, or unit, that a value is on. */
export function mapOf({ height, width }: Stage, index: number): number {
  return Math.floor(index / (height * width));
}

/** The unit at a place in the scene. */
export function unitOf({ stages }: Structure, { stage, map, place }: Hit): Unit {
  return { stage, index: map * stages[stage].height * stages[stage].width + place };
}

/** Row and column of a value on its map, counted from 1. */
export function placeOf({ height, width }: Stage, index: number): readonly [row: number, column: number] {
  const place = index % (height * width);
  return [Math.floor(place / width) + 1, (place % width) + 1];
}

/** The place of a map's largest value: the index in its stage. */
export function strongestPlace(values: Float64Array, { height, width }: Stage, map: number): number {
  const size = height * width;
  let best = map * size;
  for (let place = best; place < (map + 1) * size; place++) if (values[place] > values[best]) best = place;
  return best;
}

/** What a map, or a unit, adds to the unit that the picture explains; undefined where nothing leads there. */
export function addedBy({ structure, contributions }: Picture, stage: number, map: number): number | undefined {
  const share = contributions.shares[stage];
  if (!share) return undefined;
  const size = share.length / structure.stages[stage].count;
  return share.subarray(map * size, (map + 1) * size).reduce((sum, value) => sum + value, 0);
}

/** A sentence on what is under the pointer. */
export function describe(picture: Picture, { stage, map, place }: Hit): string {
  const m = messages();
  const { structure, values, probabilities, contributions } = picture;
  const own = structure.stages[stage];
  const parts: string[] = [];
  if (own.kind === "output") {
    parts.push(m.probability(formatSure(probabilities[map]), formatValue(values[stage][map])));
  } else if (hasMaps(own)) {
    const size = own.height * own.width;
    const [row, column] = placeOf(own, place);
    parts.push(m.valueHere(formatValue(values[stage][map * size + place]), m.place(row, column)));
  } else {
    parts.push(m.value(formatValue(values[stage][map])));
  }
  const added = addedBy(picture, stage, map);
  if (added !== undefined) {
    const target = nameOfUnit(picture, contributions.unit);
    const size = formatValue(Math.abs(added));
    parts.push(size === "0" ? m.addsNothing(target) : added > 0 ? m.adds(size, target) : m.takes(size, target));
  }
  return parts.join(" · ");
}
