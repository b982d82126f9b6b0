import { FormatError } from "./errors.js";
import { shown } from "./mistakes.js";

/*
 * Checks of parsed JSON in weight files. Run folders and recipes have zod's schemas; a page that reads weights does
 * without, which saves it 8 kB.
 */

/**
 * Returns a value as what it must be, without unknown fields.
 *
 * @param path where the value is
 * @throws Mistake if it is something else
 */
export type Check<Result> = (value: unknown, path: Path) => Result;

type Path = readonly (string | number)[];

/** A value is not what it must be. */
export class Mistake extends Error {
  readonly path: Path;
  /** What is wrong with the value there. */
  readonly complaint: string;

  constructor(path: Path, complaint: string) {
    super(path.length > 0 ? `${path.join(".")}: ${complaint}` : complaint);
    this.path = path;
    this.complaint = complaint;
  }
}

/**
 * @param what what the value is, for the message
 * @throws FormatError naming the first problem
 */
export function checked<Result>(check: Check<Result>, value: unknown, what: string): Result {
  try {
    return check(value, []);
  } catch (error) {
    throw error instanceof Mistake ? new FormatError(`${what}: ${error.message}`) : error;
  }
}

function mistake(path: Path, allowed: string, value: unknown): Mistake {
  const found = value === undefined ? `is missing: it must be ${allowed}` : `must be ${allowed}, not ${shown(value)}`;
  return new Mistake(path, found);
}

/** The bounds of a number. */
interface Bounds {
  readonly least?: number;
  readonly above?: number;
  readonly most?: number;
}

export function number({ least, above, most }: Bounds = {}, kind = "a number"): Check<number> {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value)) throw mistake(path, kind, value);
    if (least !== undefined && value < least) throw mistake(path, `at least ${least}`, value);
    if (above !== undefined && value <= above) throw mistake(path, `above ${above}`, value);
    if (most !== undefined && value > most) throw mistake(path, `at most ${most}`, value);
    return value;
  };
}

/** A whole number, by default from 0. */
export function whole({ least = 0, most = Number.MAX_SAFE_INTEGER }: Omit<Bounds, "above"> = {}): Check<number> {
  const kind = "a whole number";
  const inBounds = number({ least, most }, kind);
  return (value, path) => {
    if (!Number.isInteger(value)) throw mistake(path, kind, value);
    return inBounds(value, path);
  };
}

export function text(most: number): Check<string> {
  return (value, path) => {
    if (typeof value !== "string") throw mistake(path, "a string", value);
    if (value.length > most) throw mistake(path, `at most ${most} characters long`, value);
    return value;
  };
}

export function oneOf<const Value extends string | number>(values: readonly Value[]): Check<Value> {
  return (value, path) => {
    if (values.includes(value as Value)) return value as Value;
    throw mistake(path, values.map((each) => JSON.stringify(each)).join(" or "), value);
  };
}

export function list<Item>(item: Check<Item>, { least = 0, most = Number.POSITIVE_INFINITY } = {}): Check<Item[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw mistake(path, "a list of numbers", value);
    if (value.length < least) throw mistake(path, `a list of at least ${least}`, value);
    if (value.length > most) throw mistake(path, `a list of at most ${most}`, value);
    return value.map((each, index) => item(each, [...path, index]));
  };
}

/** One value for all, as a list of one, or a list. */
export function oneOrMore(item: Check<number>): Check<number[]> {
  const items = list(item, { least: 1 });
  return (value, path) => {
    if (Array.isArray(value)) return items(value, path);
    if (typeof value !== "number") throw mistake(path, "a number or a list of numbers", value);
    return [item(value, path)];
  };
}

/** Strings by name. */
export const texts: Check<Record<string, string>> = (value, path) => {
  const each = text(Number.POSITIVE_INFINITY);
  return Object.fromEntries(
    Object.entries(anObject(value, path)).map(([key, one]) => [key, each(one, [...path, key])]),
  );
};

export function optional<Result>(check: Check<Result>): Check<Result | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

/** What each field of an object must be. */
type Fields<Result> = { readonly [Name in keyof Result]-?: Check<Result[Name]> };

/** @param strict whether further fields are mistakes. Default: they are left out */
export function object<Result>(fields: Fields<Result>, strict = false): Check<Result> {
  return (value, path) => {
    const given = anObject(value, path);
    const names = Object.keys(fields);
    const unknown = strict && Object.keys(given).find((name) => !names.includes(name));
    if (unknown) throw new Mistake(path, unknownField(unknown, names));
    const entries = Object.entries<Check<unknown>>(fields).flatMap(([name, check]) => {
      const field = check(Object.hasOwn(given, name) ? given[name] : undefined, [...path, name]);
      return field === undefined ? [] : [[name, field]];
    });
    return Object.fromEntries(entries);
  };
}

/** An object whose `type` decides which. */
export function byType<Result>(kinds: Readonly<Record<string, Check<Result>>>): Check<Result> {
  const type = oneOf(Object.keys(kinds));
  return (value, path) => kinds[type(anObject(value, path).type, [...path, "type"])](value, path);
}

function anObject(value: unknown, path: Path): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw mistake(path, "an object", value);
  return value as Record<string, unknown>;
}

/** What to say of an unknown field. */
export function unknownField(name: string, known: readonly string[]): string {
  return `there is no field "${name}"; there are ${known.join(", ")}`;
}
