import { existsSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";

const TREES = [".ci", "bench", "docs", "examples", "src", "tests", "web"];
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
  const prose = text.replaceAll(/^ *```.*?^ *```/gms, "");
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
