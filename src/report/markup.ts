/** Text that is HTML or SVG already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand between the parts of a {@link markup} template. */
export type Content = Markup | string | number | false | undefined | readonly Content[];

/**
 * A template of HTML or SVG. Whatever is put in is escaped, unless it is markup itself, in attributes (between double
 * quotes) as in text; lists are put in one after the other, undefined and false as nothing.
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

/** Text as HTML and XML hold it; control characters, which file names may have and XML may not, are left out. */
export function escapeText(text: string): string {
  return text
    .replaceAll(/\p{Control}/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A text of at most so many characters, which ends with an ellipsis where it was longer. */
export function shortened(text: string, longest: number, ellipsis = "…"): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - ellipsis.length).join("")}${ellipsis}`;
}
