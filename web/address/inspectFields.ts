import { choice, optionalChoice, optionalNumber, optionalText } from "./fields.js";

export const SOURCES = ["draw", "data", "file", "camera"] as const;
export const PARTS = ["validation", "train", "test"] as const;
export const MOMENTS = ["after", "before"] as const;
export const PANELS = ["sum", "filters", "excites", "why", "learn", "fool", "embedding"] as const;
export const FILTER_KINDS = ["weights", "gradients", "change"] as const;
export const REASONS = ["occlusion", "gradient", "product"] as const;

export type Source = (typeof SOURCES)[number];
export type Part = (typeof PARTS)[number];
export type Reason = (typeof REASONS)[number];

const encoded = (text: string) => (/^[\w-]+$/.test(text) ? text : undefined);

const index = { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true };

/** The fields of the Look inside view; their names start with the view's. */
export const inspectFields = {
  /** Where the image comes from. Default: depends on the classes. */
  inspectSource: optionalChoice(SOURCES),
  inspectPart: choice(PARTS, "validation"),
  /** An index into all images of the part's data set. */
  inspectIndex: optionalNumber(index),
  /** Show only images of this class. */
  inspectClass: optionalNumber(index),
  /** Whether drawings are centred as in MNIST. Default: if the classes are characters. */
  inspectCentre: optionalChoice(["on", "off"] as const),
  /** The selected layer, by its term ("C3"), and unit. Default: one where there is something to see. */
  inspectLayer: optionalText((term) => (/^[A-Z]\w*$/.test(term) ? term : undefined)),
  inspectUnit: optionalNumber(index),
  /** Whether maps show values before or after their activation. */
  inspectMoment: choice(MOMENTS, "after"),
  inspectPanel: choice(PANELS, "sum"),
  inspectFilters: choice(FILTER_KINDS, "weights"),
  inspectReason: choice(REASONS, "occlusion"),
  /** The class to explain. Default: the predicted one. */
  inspectFor: optionalNumber(index),
  /** The class that the image is to be taken for. Default: any other. */
  inspectTarget: optionalNumber(index),
  /** In links: a drawing, and a network by its parameters or as a run of `lenet lab`. The view takes them out again. */
  inspectDrawing: optionalText(encoded),
  inspectNetwork: optionalText(encoded),
  inspectRun: optionalText((name) => (name.includes("/") ? undefined : name)),
};
