/** What version 0.1 called the fields of recipes, run folders and metadata, and what they are called now. */
const NEW_NAMES: Readonly<Record<string, string>> = {
  deviation: "std",
  validationShare: "validationFraction",
  warmupShare: "warmupFraction",
  pictures: "framing",
  fit: "resize",
};

/** More than any of these files nests; what lies deeper is left alone. */
const DEEPEST = 16;

/** Parsed JSON in which the fields that version 0.1 called otherwise have their names of today. */
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
