/** Text that is already HTML or SVG. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can be inserted into a {@link markup} template. */
export type Content = Markup | string | number | false | undefined | readonly Content[];

/**
 * A tagged template for HTML or SVG. Inserted values are escaped unless they are markup, in text and in double-quoted
 * attributes. Lists are concatenated; undefined and false insert nothing.
 */
export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, part, index) => text + render(contents[index - 1]) + part));
}

function render(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "string" || typeof content === "number") return escapeText(String(content));
  return content.map(render).join("");
}

/** Escapes text for HTML and XML. Removes control characters, which file names may contain but XML may not. */
export function escapeText(text: string): string {
  return text
    .replaceAll(/\p{Control}/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Characters as wide as two letters: Chinese, Japanese and Korean. */
export const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60]/u;

/** The width of a text, in letters. */
export function letters(text: string): number {
  return [...text].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

/** Shortens text to the width of a number of letters, ending with an ellipsis if it was longer. */
export function shortened(text: string, longest: number, ellipsis = "…"): string {
  if (letters(text) <= longest) return text;
  const characters = [...text];
  while (letters(characters.join("")) > longest - ellipsis.length) characters.pop();
  return `${characters.join("")}${ellipsis}`;
}
