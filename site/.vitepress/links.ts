import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";

/** The links, pictures and scripts of a built site that lead nowhere: a line each, with the page that has them. */
export function brokenLinks(folder: string, base: string): string[] {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".html") && !path.startsWith("lab/"))
    .map((path) => ({ path, html: readFileSync(join(folder, path), "utf8") }));
  const anchors = new Map(
    pages.map(({ path, html }) => [path, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
  );
  return pages.flatMap(({ path, html }) => {
    const targets = [...html.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, target]) => target.replaceAll("&amp;", "&"));
    return [...new Set(targets)]
      .filter((target) => isBroken(target, path))
      .map((target) => `${path} links to ${target}`);
  });

  function isBroken(target: string, page: string): boolean {
    if (/^(https?|mailto|data):/.test(target)) return false;
    const [path, anchor] = decodeURI(target).split("#");
    if (path.startsWith("/") && !path.startsWith(base)) return true;
    const file = fileOf(
      path.startsWith("/") ? path.slice(base.length) : posix.join(posix.dirname(page), path),
      page,
      path,
    );
    if (!existsSync(join(folder, file)) || statSync(join(folder, file)).isDirectory()) return true;
    return !!anchor && file.endsWith(".html") && !file.startsWith("lab/") && !anchors.get(file)?.has(anchor);
  }

  /** The file that a host answers with. */
  function fileOf(target: string, page: string, path: string): string {
    if (path === "") return page;
    if (target === "" || target.endsWith("/")) return `${target}index.html`;
    return existsSync(join(folder, target)) && !statSync(join(folder, target)).isDirectory()
      ? target
      : `${target}.html`;
  }
}
