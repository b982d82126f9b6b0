// What the pages in docs/, which are written for readers of the repository too, need to become pages of the site.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarkdownRenderer } from "vitepress";

const DOCS = fileURLToPath(new URL("../../docs", import.meta.url));
/** Pages for contributors, who read them in the repository. */
export const REPOSITORY_PAGES = ["architecture.md", "lab-code.md"];
/** Where the repository's files can be read, if this is known. */
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
const REPOSITORY = GITHUB_REPOSITORY && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/blob/main`;

type State = Parameters<Parameters<MarkdownRenderer["core"]["ruler"]["push"]>[1]>[0];
type Token = State["tokens"][number];

export function pageRules(md: MarkdownRenderer): void {
  md.core.ruler.push("side_by_side", placeSideBySide);
  md.core.ruler.push("repository_links", linkToRepository);
  md.core.ruler.push("inline_pictures", inlinePictures);
  md.core.ruler.push("screenshots", (state) => chooseScreenshots(state, md.utils.escapeHtml));
  md.core.ruler.push("chinese_lines", joinChineseLines);
  // Braces in code are no templates.
  md.renderer.rules.code_inline = (tokens, index) => `<code v-pre>${md.utils.escapeHtml(tokens[index].content)}</code>`;
}

/** Puts a block of Python and the block that follows it directly beside each other. */
function placeSideBySide(state: State): void {
  const html = (content: string) => Object.assign(new state.Token("html_block", "", 0), { content });
  state.tokens = state.tokens.flatMap((token, index, tokens) => {
    const isPython = (other: Token | undefined) => other?.type === "fence" && other.info.startsWith("python");
    const isLeft = isPython(token) && tokens[index + 1]?.type === "fence";
    const isRight = token.type === "fence" && isPython(tokens[index - 1]);
    if (isLeft) return [html('<div class="side-by-side">'), token];
    return isRight ? [token, html("</div>")] : [token];
  });
}

/** Links to files that are no pages lead to the repository; if it is unknown, they are no links. */
function linkToRepository(state: State): void {
  for (const { children } of state.tokens) {
    if (!children) continue;
    let drop = false;
    for (const token of [...children]) {
      if (token.type === "link_open") {
        const target = outsideOf(state.env.relativePath, token.attrGet("href") ?? "");
        drop = target !== undefined && !REPOSITORY;
        if (target !== undefined && REPOSITORY) token.attrSet("href", `${REPOSITORY}/${target}`);
      }
      if (drop && (token.type === "link_open" || token.type === "link_close")) {
        children.splice(children.indexOf(token), 1);
        drop = token.type === "link_open";
      }
    }
  }
}

/** The path in the repository of a link's target, unless the site has it. */
function outsideOf(page: string, href: string): string | undefined {
  if (/^([a-z]+:|#|\/)/.test(href)) return undefined;
  const [path] = href.split("#");
  const target = posix.join("docs", posix.dirname(page), path);
  const isPage = /^docs\/.*\.md$/.test(target) && !REPOSITORY_PAGES.includes(target.slice("docs/".length));
  return isPage ? undefined : target + href.slice(path.length);
}

/** Puts our own drawings into the page, so that they take its colours. */
function inlinePictures(state: State): void {
  for (const token of state.tokens) {
    const image = token.children?.length === 1 && token.children[0].type === "image" ? token.children[0] : undefined;
    const source = image?.attrGet("src");
    if (!image || !source?.includes("pictures/")) continue;
    const path = join(DOCS, dirname(state.env.relativePath), source);
    if (!existsSync(path)) throw new Error(`${state.env.relativePath} shows ${source}, which does not exist`);
    const svg = readFileSync(path, "utf8").replace(/<title>.*<\/style>/s, "");
    const label = image.content.replaceAll('"', "&quot;");
    const inlined = new state.Token("html_inline", "", 0);
    inlined.content = `<span class="picture" tabindex="0">${svg.replace("<svg ", `<svg role="img" aria-label="${label}" `)}</span>`;
    token.children = [inlined];
  }
}

/** Shows a screenshot of the lab in the page's colours, and on a phone that of a phone; the others are not loaded. */
function chooseScreenshots(state: State, escapeHtml: (text: string) => string): void {
  for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
    const path = token.type === "image" ? token.attrGet("src") : null;
    if (!path?.endsWith("-desktop-light.webp")) continue;
    const files = (device: string, theme: string) => {
      const file = path.replace("desktop-light", `${device}-${theme}`);
      // The header of a WebP's single frame has 14 bits for each side.
      const header = readFileSync(join(DOCS, dirname(state.env.relativePath), file));
      const [width, height] = [26, 28].map((place) => header.readUInt16LE(place) & 0x3fff);
      return { source: file.startsWith(".") ? file : `./${file}`, size: `width="${width}" height="${height}"` };
    };
    const picture = (theme: string) => {
      const [phone, desktop] = [files("phone", theme), files("desktop", theme)];
      const alt = escapeHtml(token.content);
      return `<picture class="in-${theme}"><source media="(max-width: 639px)" srcset="${phone.source}" ${phone.size}>
<img src="${desktop.source}" ${desktop.size} alt="${alt}" loading="lazy"></picture>`;
    };
    const html = new state.Token("html_inline", "", 0);
    Object.assign(token, html, { content: picture("light") + picture("dark") });
  }
}

/** Joins lines between Chinese characters, which browsers would put a space between. */
function joinChineseLines(state: State): void {
  const isChinese = (character = "") => /[\p{Script=Han}\u3000-\u303f\uff00-\uffef“”‘’…—]/u.test(character);
  for (const { children } of state.tokens) {
    for (const [index, token] of (children ?? []).entries()) {
      if (token.type !== "softbreak") continue;
      const before = children?.slice(0, index).findLast(({ content }) => content !== "");
      const after = children?.slice(index).find(({ content }) => content !== "");
      if (isChinese(before?.content.at(-1)) && isChinese(after?.content[0])) {
        Object.assign(token, { type: "text", content: "" });
      }
    }
  }
}
