import type * as z from "../vendor/zod.js";
import { FormatError } from "./errors.js";
import { mistakesOf } from "./mistakes.js";

/** Fields of recipes, run folders and metadata that were renamed after version 0.1: old name → new name. */
const NEW_NAMES: Readonly<Record<string, string>> = {
  deviation: "std",
  validationShare: "validationFraction",
  warmupShare: "warmupFraction",
  pictures: "framing",
  fit: "resize",
};

/** Deeper than any of these files nests. Anything below is left unchanged. */
const DEEPEST = 16;

/** Parsed JSON with the fields of version 0.1 renamed to their current names. */
export function withNewNames(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth === DEEPEST) return value;
  if (Array.isArray(value)) return value.map((item) => withNewNames(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      Object.hasOwn(NEW_NAMES, name) ? NEW_NAMES[name] : name,
      withNewNames(field, depth + 1),
    ]),
  );
}

/**
 * Parses JSON and renames the fields of older versions.
 *
 * @param what what the text is, for the message
 * @throws FormatError if it is not JSON
 */
export function parsedJson(text: string, what: string): unknown {
  try {
    return withNewNames(JSON.parse(text));
  } catch {
    throw new FormatError(`${what} is not JSON`);
  }
}

/**
 * Parses JSON, renames the fields of older versions, and checks the result against a schema.
 *
 * @param what what the text is, for the message
 * @throws FormatError naming the first problem
 */
export function parseJson<Result>(text: string, schema: z.ZodType<Result>, what: string): Result {
  const parsed = schema.safeParse(parsedJson(text, what), { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new FormatError(`${what}: ${mistakesOf(parsed.error)[0]}`);
}

/** A value as indented JSON with a final newline. */
export function formatJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
