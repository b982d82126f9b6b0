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

/** Shortens text to a number of characters, ending with an ellipsis if it was longer. */
export function shortened(text: string, longest: number, ellipsis = "…"): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - ellipsis.length).join("")}${ellipsis}`;
}
