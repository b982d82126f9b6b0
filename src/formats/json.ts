import type { z } from "zod";
import { FormatError } from "./errors.js";
import { withNewNames } from "./olderNames.js";

/**
 * Parses JSON, with older names of its fields replaced, and checks it against a schema.
 *
 * @param what what it is, for the message
 * @throws FormatError with one line that names the first fault
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
  throw new FormatError(`${what}: ${issue.path.join(".") || "the whole"}: ${issue.message}`);
}

/** A value as a file of JSON holds it, for people to read, too. */
export function formatJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
