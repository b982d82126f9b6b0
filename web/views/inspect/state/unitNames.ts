import { type ActivationShape, type PaperLayer, unitPlace } from "../../../../src/model/index.js";
import { messages } from "../messages/index.js";
import { shownNetwork } from "./shownNetwork.js";

/** A unit as people count: "C3, map 7, row 4, column 5". */
export function nameOfUnit(paper: PaperLayer, shape: ActivationShape, unit: number): string {
  const m = messages();
  if (paper.kind === "output") return m.unitOfClass(shownNetwork.value?.classes[unit] ?? String(unit));
  const [map, row, column] = unitPlace(shape, unit);
  return shape.length === 3
    ? m.unitOfMap(paper.term, map + 1, row + 1, column + 1)
    : m.unitOfFeatures(paper.term, unit + 1);
}

/** The same where there is little room: "C3 7 (4, 5)". */
export function shortNameOfUnit(paper: PaperLayer, shape: ActivationShape, unit: number): string {
  if (shape.length === 1) return nameOfUnit(paper, shape, unit);
  const [map, row, column] = unitPlace(shape, unit);
  return messages().shortUnitOfMap(paper.term, map + 1, row + 1, column + 1);
}

/** A map as people count: "C3, map 7"; of features, the unit. */
export function nameOfMap(paper: PaperLayer, shape: ActivationShape, map: number): string {
  if (shape.length === 1) return nameOfUnit(paper, shape, map);
  return messages().mapOf(paper.term, map + 1);
}

/** A value in a few digits: −0.482. */
export function formatValue(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return withMinus(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** A value that is to be compared: seven digits after the point. */
export const formatExact = (value: number): string => withMinus(value, 7);

/** A number with a true minus sign; none before zero. */
export function withMinus(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}
