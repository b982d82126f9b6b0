import type { z } from "zod";
import { FormatError } from "./errors.js";

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
 * Parses JSON, renames the fields of older versions, and checks the result against a schema.
 *
 * @param what what the text is, for the message
 * @throws FormatError naming the first problem
 */
export function parseJson<Result>(text: string, schema: z.ZodType<Result>, what: string): Result {
  let value: unknown;
  try {
    value = withNewNames(JSON.parse(text));
  } catch {
    throw new FormatError(`${what} is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(`${what}: ${issue.path.join(".") || "the top level"}: ${issue.message}`);
}

const LONGEST_SHOWN = 60;
const DEEPEST_SHOWN = 4;

/** A parsed value as short JSON for a message, however long and deep it is. */
export function shown(value: unknown): string {
  const text = JSON.stringify(pruned(value, DEEPEST_SHOWN)) ?? "nothing";
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A copy without what is too deep or too long to be shown: `JSON.stringify` calls itself for each level. */
function pruned(value: unknown, levels: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return "…";
  if (Array.isArray(value)) return value.slice(0, LONGEST_SHOWN).map((item) => pruned(item, levels - 1));
  const entries = Object.entries(value).slice(0, LONGEST_SHOWN);
  return Object.fromEntries(entries.map(([name, field]) => [name, pruned(field, levels - 1)]));
}

/** A value as indented JSON with a final newline. */
export function formatJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
