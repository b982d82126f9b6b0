import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/**
 * Creates a project in an empty folder and installs the package as it would be published, with its dependencies.
 *
 * @returns the folder of the installed package
 */
export function installPacked(folder: string): string {
  const modules = join(folder, "node_modules");
  const target = join(modules, "lenet");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(execFileSync("npm", pack, { cwd: ROOT, encoding: "utf8" }));
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", target, "--strip-components=1"]);
  for (const name of Object.keys(dependencies)) {
    const link = join(modules, name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
  return target;
}

/** Copies an example into a project that has the packages it imports. */
export function copyExample(name: string, folder: string): string {
  const target = join(folder, "examples", name);
  cpSync(join(ROOT, "examples", name), target, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  return target;
}
