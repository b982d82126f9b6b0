import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "lenet-api-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The Markdown files in a folder, by path. */
function contents(root: string): Record<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

it("has an up-to-date reference of all public exports (npm run api)", () => {
  const { status, stderr } = spawnSync("npm", ["run", "--silent", "api", "--", "--out", folder], { encoding: "utf8" });
  // The command fails if an export has no doc comment, or uses a type that is not exported.
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(contents("docs/api")).toEqual(contents(folder));
});
