/** The question whether one of the names was meant, as commander asks it; empty if none is similar. */
export function suggestion(text: string, names: readonly string[]): string {
  const bare = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const written = bare(text);
  const similar =
    names.find((name) => written.length > 2 && isShortFor(written, bare(name))) ??
    names.find((name) => editDistance(written, bare(name)) <= Math.min(2, written.length / 2));
  return similar === undefined ? "" : ` (Did you mean ${similar}?)`;
}

/** Whether a text is a name with letters left out, as in "fmnist". */
function isShortFor(text: string, name: string): boolean {
  let place = 0;
  for (const letter of name) if (letter === text[place]) place++;
  return text[0] === name[0] && place === text.length;
}

/** The number of letters to insert, delete or replace, or of neighbours to exchange, between two texts. */
function editDistance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = rows[i - 1][j - 1] + Number(one[i - 1] !== other[j - 1]);
      row[j] = Math.min(replaced, rows[i - 1][j] + 1, row[j - 1] + 1);
      const areExchanged = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (areExchanged) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[one.length][other.length];
}

/** Control and format characters, line separators and halves of characters: they can move the cursor or hide text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes what is not printable in one line of untrusted text, such as names from files: `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** Escapes what is not printable in each line of a text. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/**
 * A value as JSON that is printable as it is. `JSON.stringify` escapes only some of the control characters.
 *
 * @param indent the number of spaces for each level; omitted: everything in one line
 */
export function toJson(value: object | string, indent?: number): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, undefined, indent).replace(UNPRINTABLE, (character) =>
    character === "\n" ? character : character.split("").map(escaped).join(""),
  );
}

/** The end of a long path, which identifies the file better than its start. */
export function endOf(path: string, longest: number): string {
  const characters = [...path];
  return characters.length <= longest ? path : `…${characters.slice(1 - longest).join("")}`;
}

/** Quotes a path for the shell if necessary. */
export function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
