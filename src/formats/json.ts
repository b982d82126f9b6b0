import type { z } from "zod";
import { FormatError } from "./errors.js";
import { withNewNames } from "./olderNames.js";

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

/** A value as indented JSON with a final newline. */
export function formatJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
