import type { Tuning } from "./tuning.js";

export const en = {
  heads: {
    input: "Input",
    output: "Output",
  },
  pixels: (height: number, width: number) => `${height} × ${width} pixels`,
  maps: (count: number, height: number, width: number) => `${count} maps ${height} × ${width}`,
  pooled: (height: number, width: number) => `pooled ${height} × ${width}`,
  units: (count: number) => `${count} units`,
  classes: (count: number) => `${count} classes`,

  map: (stage: string, map: number) => `${stage}, map ${map}`,
  unit: (stage: string, unit: number) => `${stage}, unit ${unit}`,
  output: (name: string) => `Output “${name}”`,
  place: (row: number, column: number) => `row ${row}, column ${column}`,
  strongest: (value: string, place: string) => `strongest ${value}, at ${place}`,
  valueHere: (value: string, place: string) => `${value} at ${place}`,
  value: (value: string) => `value ${value}`,
  probability: (percent: string, logit: string) => `${percent} sure, from a sum of ${logit}`,
  adds: (value: string, target: string) => `adds ${value} to ${target}`,
  takes: (value: string, target: string) => `takes ${value} from ${target}`,
  addsNothing: (target: string) => `gives nothing to ${target}`,
  /** The units of an edge and a bar. */
  theAnswer: (name: string) => `the answer “${name}”`,
  tunings: {
    horizontal: "answers to horizontal strokes",
    vertical: "answers to vertical strokes",
    rising: "answers to rising strokes (/)",
    falling: "answers to falling strokes (\\)",
    ink: "answers to ink in any direction",
    background: "answers to empty paper",
    nothing: "answers to hardly any stroke",
  } satisfies Record<Tuning, string>,
  scene: (classes: string, percent: string) =>
    `The network from the image to the answer, ${classes}, ${percent} sure. Arrow keys choose a part, Escape the answer.`,
  saved: "The network, from the image to the answer",
  joint: {
    seen: "What it sees",
    value: "Value",
    weights: "Its weights",
    products: "Products",
    sum: "Sum",
    total: "products",
    bias: "bias",
    whole: "sum",
    rectified: "after ReLU",
    others: (count: number) => `${count} others together`,
    adds: (from: number, value: string) => `number ${from}: ${value}`,
    all: (count: number) => `Show all ${count}`,
    fewer: "Show the largest",
  },
};
