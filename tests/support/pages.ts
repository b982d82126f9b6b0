import { existsSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { slugOf } from "../../site/.vitepress/slug.js";

const TREES = [".ci", "bench", "docs", "examples", "site", "src", "tests", "web"];
const SOURCE = /\.(?:tsx?|mjs|py|css)$/;
/** Names of files and folders; not URLs, options, or patterns such as `paper*.safetensors`. */
const NAME = /^[\w.-]+(?:\/[\w.-]+)*\/?$/;

/** The paths of all files and folders of the repository that pages may name. */
export function listPaths(root: string): ReadonlySet<string> {
  const topLevel = readdirSync(root).filter((name) => statSync(join(root, name)).isFile());
  const below = TREES.filter((tree) => existsSync(join(root, tree))).flatMap((tree) => [
    tree,
    ...readdirSync(join(root, tree), { recursive: true, encoding: "utf8" }).map((path) => posix.join(tree, path)),
  ]);
  return new Set([...topLevel, ...below.filter((path) => !path.includes("node_modules"))]);
}

/**
 * Checks the names of files and folders in a Markdown page: relative links, and in backticks every path that begins with
 * a folder of the repository. Other source files, such as `plan.ts` or `training/plan.ts`, need only be the end of a path.
 *
 * @param page the path of the page from the root
 * @param base the folder that other source files are in, for a page about that folder; their folders are checked, too
 * @returns one line per wrong name
 */
export function checkPage(page: string, text: string, paths: ReadonlySet<string>, base?: string): string[] {
  const prose = withoutCode(text);
  const links = [...prose.matchAll(/\]\(([^)\s#]+)/g)].map(([, target]) => target);
  const names = [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code.split(/\s+/)).filter((n) => NAME.test(n));

  const below = [...paths].filter((path) => base === undefined || path.startsWith(`${base}/`));
  const folders = new Set(below.filter((path) => base && !SOURCE.test(path)).map((path) => posix.basename(path)));
  const isWrong = (name: string) => {
    const path = name.replace(/\/$/, "");
    const [first] = path.split("/");
    if (name.includes("/") && TREES.includes(first)) return !paths.has(path);
    const isInBase = base !== undefined && name.includes("/") && (name.endsWith("/") || folders.has(first));
    if (!isInBase && !SOURCE.test(name)) return false;
    return !paths.has(path) && !below.some((one) => one.endsWith(`/${path}`));
  };
  const wrong = [
    ...links.filter((link) => !/^[a-z]+:/.test(link) && !paths.has(targetOf(page, link))),
    ...names.filter(isWrong),
  ];
  return [...new Set(wrong)].map((name) => `${page} names ${name}, which does not exist`);
}

function targetOf(page: string, link: string): string {
  return posix.join(posix.dirname(page), decodeURI(link)).replace(/\/$/, "");
}

/** A code block of a page. */
export interface CodeBlock {
  /** What follows the opening fence: `ts`, `sh`, … */
  readonly language: string;
  readonly code: string;
  /** Whether nothing but empty lines is between the block before and this one. */
  readonly followsBlock: boolean;
}

/** The code blocks of a Markdown page, in order. */
export function codeBlocks(text: string): CodeBlock[] {
  let end = -1;
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 0: block, 1: language, 2: code, index }) => {
    const followsBlock = end >= 0 && text.slice(end, index).trim() === "";
    end = index + block.length;
    return { language, code, followsBlock };
  });
}

/** The targets of the links and pictures of a Markdown page, as they are written. */
export function linksOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** The anchors of a page: of its headings, as GitHub and the site name them, and those it sets itself. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, heading] of withoutCode(text).matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = slugOf(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    let anchor = slug;
    for (let number = 1; anchors.has(anchor); number++) anchor = `${slug}-${number}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** A page without its code blocks. */
export function withoutCode(text: string): string {
  return text.replaceAll(/^ *```.*?^ *```/gms, "");
}
