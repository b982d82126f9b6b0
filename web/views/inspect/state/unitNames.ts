import { type ActivationShape, type PaperLayer, unitPlace } from "../../../../src/model/index.js";
import { messages } from "../messages/index.js";
import { shownNetwork } from "./shownNetwork.js";

/** A unit, counted from 1: "C3, map 7, row 4, column 5". */
export function nameOfUnit(paper: PaperLayer, shape: ActivationShape, unit: number): string {
  const m = messages();
  if (paper.kind === "output") return m.unitOfClass(shownNetwork.value?.classes[unit] ?? String(unit));
  const [map, row, column] = unitPlace(shape, unit);
  return shape.length === 3
    ? m.unitOfMap(paper.term, map + 1, row + 1, column + 1)
    : m.unitOfFeatures(paper.term, unit + 1);
}

/** The same in short: "C3 7 (4, 5)". */
export function shortNameOfUnit(paper: PaperLayer, shape: ActivationShape, unit: number): string {
  if (shape.length === 1) return nameOfUnit(paper, shape, unit);
  const [map, row, column] = unitPlace(shape, unit);
  return messages().shortUnitOfMap(paper.term, map + 1, row + 1, column + 1);
}

/** A map, counted from 1: "C3, map 7"; for features, the unit. */
export function nameOfMap(paper: PaperLayer, shape: ActivationShape, map: number): string {
  if (shape.length === 1) return nameOfUnit(paper, shape, map);
  return messages().mapOf(paper.term, map + 1);
}
