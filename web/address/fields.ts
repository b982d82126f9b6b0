/** One value in the page's address: how to parse and format it, and its value if the address does not contain it. */
export interface Field<Value> {
  readonly initial: Value;
  /** Returns undefined for invalid text; the initial value is used then. */
  parse(text: string): Value | undefined;
  format(value: Value): string;
}

/** The values of fields. */
export type ValuesOf<Of> = { readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never };

/** One of several words. */
export function choice<Option extends string>(options: readonly Option[], initial: Option): Field<Option> {
  return { initial, parse: (text) => options.find((option) => option === text), format: (value) => value };
}

/** One of several words, or none: undefined means the default. */
export function optionalChoice<Option extends string>(options: readonly Option[]): Field<Option | undefined> {
  return {
    initial: undefined,
    parse: (text) => options.find((option) => option === text),
    format: (value) => value ?? "",
  };
}

/** The range a field accepts, both ends included. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

/** Parses a typed number; undefined if it is invalid or out of range. */
export function parseNumber(text: string, { least, most, whole = false }: NumberRange): number | undefined {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
  return fits ? value : undefined;
}

/** A number. */
export function number(range: NumberRange, initial: number): Field<number> {
  return { initial, parse: (text) => parseNumber(text, range), format: String };
}

/** A number, or none: undefined means the default. */
export function optionalNumber(range: NumberRange): Field<number | undefined> {
  return {
    initial: undefined,
    parse: (text) => parseNumber(text, range),
    format: (value) => (value === undefined ? "" : String(value)),
  };
}

/** On or off, also as 1 or 0. */
export function flag(initial: boolean): Field<boolean> {
  return {
    initial,
    parse: (text) => (/^(on|1)$/.test(text) ? true : /^(off|0)$/.test(text) ? false : undefined),
    format: (value) => (value ? "on" : "off"),
  };
}

/**
 * Text in a given form, or none: undefined means the default.
 *
 * @param read returns the text in canonical form, or undefined if it is invalid
 */
export function optionalText(read: (text: string) => string | undefined): Field<string | undefined> {
  return { initial: undefined, parse: read, format: (value) => value ?? "" };
}

/** Folder names, separated by slashes, which no folder name contains. */
export function names(): Field<readonly string[]> {
  return {
    initial: [],
    parse: (text) => text.split("/").filter((name) => name !== ""),
    format: (value) => value.join("/"),
  };
}

/** Reads values from the query part of an address; ignores what it does not know. */
export function readFields<Of extends object>(fields: Of, query: string): ValuesOf<Of> {
  const texts = new URLSearchParams(query);
  const values = Object.entries(fields as Record<string, Field<unknown>>).map(([name, field]) => {
    const text = texts.get(name);
    return [name, (text === null ? undefined : field.parse(text)) ?? field.initial];
  });
  return Object.fromEntries(values);
}

/** Writes values as the query part of an address, omitting initial values. */
export function writeFields<Of extends object>(fields: Of, values: ValuesOf<Of>): string {
  const pairs = Object.entries(fields as Record<string, Field<unknown>>).flatMap(([name, field]) => {
    const value = (values as Record<string, unknown>)[name];
    const text = field.format(value);
    return text === field.format(field.initial) ? [] : [[name, text]];
  });
  // Commas and equals signs need no escaping in a fragment and are easier to read unescaped.
  return new URLSearchParams(pairs).toString().replaceAll("%2C", ",").replaceAll("%3D", "=");
}
