import type * as z from "../vendor/zod.js";

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with a value that a schema refused: one line per mistake, naming the field and what is allowed. Parse
 * with `reportInput`, so that the lines can also name what was found.
 */
export function mistakesOf({ issues }: z.core.$ZodError): string[] {
  return issues.flatMap((issue) => describe(issue, []));
}

function describe(issue: Issue, parents: readonly PropertyKey[]): string[] {
  const path = [...parents, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The alternative of the right kind gives a more useful message than a list of alternatives.
    const meant = issue.errors.find((alternative) => !alternative.some((each) => isOfAnotherKind(each)));
    if (meant) return meant.flatMap((each) => describe(each, path));
  }
  const field = path.length > 0 ? `${path.join(".")}: ` : "";
  return [`${field}${complaint(issue)}`];
}

function isOfAnotherKind({ code, path }: Issue): boolean {
  return (code === "invalid_type" || code === "invalid_value") && path.length === 0;
}

function complaint(issue: Issue): string {
  if (issue.code === "unrecognized_keys" || issue.code === "custom") return issue.message;
  if (issue.code === "invalid_format") return `${issue.message}, not ${shown(issue.input)}`;
  const allowed = `must be ${expectation(issue)}`;
  const found = inputOf(issue);
  return found === undefined ? `is missing: it ${allowed}` : `${allowed}, not ${shown(found)}`;
}

/** What was found. For an object of an unknown `type`, that type. */
function inputOf(issue: Issue): unknown {
  const { input } = issue;
  if (issue.code !== "invalid_union" || issue.discriminator === undefined) return input;
  return (input as Record<string, unknown>)[issue.discriminator];
}

const KINDS: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a string",
  boolean: "true or false",
  object: "an object",
  array: "a list of numbers",
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? issue.expected;
    case "invalid_value":
      return listed(issue.values.map((value) => JSON.stringify(value)));
    case "too_small":
      if (issue.origin === "array") return `a list of at least ${issue.minimum}`;
      if (issue.origin === "string") return `at least ${issue.minimum} characters long`;
      return `${issue.inclusive ? "at least" : "above"} ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "array") return `a list of at most ${issue.maximum}`;
      if (issue.origin === "string") return `at most ${issue.maximum} characters long`;
      return `${issue.inclusive ? "at most" : "below"} ${issue.maximum}`;
    case "invalid_union":
      if ("options" in issue) return listed((issue.options ?? []).map((option) => JSON.stringify(option)));
      return listed(issue.errors.map(([each]) => expectation(each)));
    default:
      return "another value";
  }
}

function listed(alternatives: readonly string[]): string {
  return alternatives.join(" or ");
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
