import { AUGMENTATIONS, type Augmentation } from "./augmentation.js";

/** A key in the text of an augmentation: the field it sets and the values it accepts. */
interface Key {
  readonly field: Exclude<keyof Augmentation, "background">;
  readonly most: number;
  /** Integers only. */
  readonly integer?: boolean;
}

const KEYS = new Map<string, Key>([
  ["crop", { field: "cropPadding", most: 64, integer: true }],
  ["flip", { field: "flip", most: 1 }],
  ["degrees", { field: "degrees", most: 180 }],
  ["shift", { field: "shift", most: 1 }],
  ["scale", { field: "scale", most: 0.9 }],
  ["shear", { field: "shear", most: 80 }],
  ["squeeze", { field: "squeeze", most: 0.9 }],
  ["brightness", { field: "brightness", most: 1 }],
  ["erase", { field: "erase", most: 1 }],
]);

/** An augmentation as the user requested it. */
export interface ParsedAugmentation {
  readonly augmentation: Augmentation;
  /** Whether the text sets flip explicitly, rather than through a preset. */
  readonly flipGiven: boolean;
}

/**
 * Parses the name of a preset, `key=value,…`, or both: `strong,flip=0`. Without a preset, all other keys are 0.
 *
 * @throws RangeError with one line: what is wrong and what is allowed
 *
 * @example
 * ```ts
 * import { formatAugmentation, parseAugmentation } from "lenet/data";
 *
 * const { augmentation } = parseAugmentation("light,degrees=5");
 * console.log(augmentation.degrees, formatAugmentation(augmentation));
 * ```
 */
export function parseAugmentation(text: string): ParsedAugmentation {
  const [first, ...others] = text.split(",").map((part) => part.trim());
  const preset = first.includes("=") ? undefined : first;
  if (preset !== undefined && !isPreset(preset)) {
    throw new RangeError(
      `unknown augmentation ${JSON.stringify(preset)}; use ${list(Object.keys(AUGMENTATIONS))}, or key=value with the keys ${list([...KEYS.keys()])}`,
    );
  }
  const values = new Map<Key["field"], number>();
  for (const part of preset === undefined ? [first, ...others] : others) {
    const { field, value } = parseValue(part);
    if (values.has(field)) throw new RangeError(`${JSON.stringify(part)} repeats a key`);
    values.set(field, value);
  }
  const augmentation = { ...AUGMENTATIONS[preset ?? "none"], ...Object.fromEntries(values) };
  return { augmentation, flipGiven: values.has("flip") };
}

/** Formats an augmentation as {@link parseAugmentation} reads it: "crop=2,flip=0.5,degrees=10", or "none". */
export function formatAugmentation(augmentation: Augmentation): string {
  const parts = [...KEYS].flatMap(([name, { field }]) =>
    augmentation[field] > 0 ? [`${name}=${augmentation[field]}`] : [],
  );
  return parts.join(",") || "none";
}

/**
 * Formats an augmentation as the most similar preset and the changes to it: "light,crop=1". Only what is written counts as
 * given, so a preset's flip still does not apply to characters.
 */
export function formatAsPreset(augmentation: Augmentation): string {
  const texts = Object.entries(AUGMENTATIONS).map(([preset, base]) => {
    const changes = [...KEYS].filter(([, { field }]) => augmentation[field] !== base[field]);
    return [preset, ...changes.map(([name, { field }]) => `${name}=${augmentation[field]}`)];
  });
  return texts.reduce((best, text) => (text.length < best.length ? text : best)).join(",");
}

function isPreset(name: string): name is keyof typeof AUGMENTATIONS {
  return Object.hasOwn(AUGMENTATIONS, name);
}

function parseValue(part: string): { field: Key["field"]; value: number } {
  const [name, number, ...rest] = part.split("=").map((side) => side.trim());
  if (number === undefined || rest.length > 0) {
    throw new RangeError(`${JSON.stringify(part)} is not key=value; a preset can only come first`);
  }
  const key = KEYS.get(name);
  if (!key)
    throw new RangeError(`unknown augmentation key ${JSON.stringify(name)}; the keys are ${list([...KEYS.keys()])}`);
  const { field, most, integer = false } = key;
  const value = number === "" ? Number.NaN : Number(number);
  if (!(value >= 0 && value <= most) || (integer && !Number.isInteger(value))) {
    throw new RangeError(
      `${name} must be ${integer ? "an integer" : "a number"} from 0 to ${most}, not ${JSON.stringify(number)}`,
    );
  }
  return { field, value };
}

function list(names: readonly string[]): string {
  return names.join(", ");
}
