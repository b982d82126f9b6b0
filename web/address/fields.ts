/** One value of the page's address: how it is read and written, and what it is where the address does not say. */
export interface Field<Value> {
  readonly initial: Value;
  /** Undefined where the text is none of the field's values: the initial one is taken then. */
  parse(text: string): Value | undefined;
  format(value: Value): string;
}

/** The values of fields. */
export type ValuesOf<Of> = { readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never };

/** One of some words. */
export function choice<Option extends string>(options: readonly Option[], initial: Option): Field<Option> {
  return { initial, parse: (text) => options.find((option) => option === text), format: (value) => value };
}

/** One of some words, or none, which leaves it to what the field stands over. */
export function optionalChoice<Option extends string>(options: readonly Option[]): Field<Option | undefined> {
  return {
    initial: undefined,
    parse: (text) => options.find((option) => option === text),
    format: (value) => value ?? "",
  };
}

/** The numbers that a field takes, ends included. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

/** A number in a range, as it is typed; undefined where it is none. */
export function parseNumber(text: string, { least, most, whole = false }: NumberRange): number | undefined {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
  return fits ? value : undefined;
}

/** A number. */
export function number(range: NumberRange, initial: number): Field<number> {
  return { initial, parse: (text) => parseNumber(text, range), format: String };
}

/** A number, or none, which leaves it to what the field stands over. */
export function optionalNumber(range: NumberRange): Field<number | undefined> {
  return {
    initial: undefined,
    parse: (text) => parseNumber(text, range),
    format: (value) => (value === undefined ? "" : String(value)),
  };
}

/** On or off. */
export function flag(initial: boolean): Field<boolean> {
  return {
    initial,
    parse: (text) => (text === "on" ? true : text === "off" ? false : undefined),
    format: (value) => (value ? "on" : "off"),
  };
}

/**
 * A text of a form of its own, or none, which leaves it to what the field stands over.
 *
 * @param read the text as it is written; undefined where it has not that form
 */
export function optionalText(read: (text: string) => string | undefined): Field<string | undefined> {
  return { initial: undefined, parse: read, format: (value) => value ?? "" };
}

/** Names of folders; a slash parts them, which no such name has. */
export function names(): Field<readonly string[]> {
  return {
    initial: [],
    parse: (text) => text.split("/").filter((name) => name !== ""),
    format: (value) => value.join("/"),
  };
}

/** Reads values from the text behind the "?" of an address; what is unknown there is passed over. */
export function readFields<Of extends object>(fields: Of, query: string): ValuesOf<Of> {
  const texts = new URLSearchParams(query);
  const values = Object.entries(fields as Record<string, Field<unknown>>).map(([name, field]) => {
    const text = texts.get(name);
    return [name, (text === null ? undefined : field.parse(text)) ?? field.initial];
  });
  return Object.fromEntries(values);
}

/** Writes values as the text behind the "?" of an address, without those that are the initial ones. */
export function writeFields<Of extends object>(fields: Of, values: ValuesOf<Of>): string {
  const pairs = Object.entries(fields as Record<string, Field<unknown>>).flatMap(([name, field]) => {
    const value = (values as Record<string, unknown>)[name];
    const text = field.format(value);
    return text === field.format(field.initial) ? [] : [[name, text]];
  });
  // Commas and equals signs need no escape in a fragment and are easier to read without.
  return new URLSearchParams(pairs).toString().replaceAll("%2C", ",").replaceAll("%3D", "=");
}
