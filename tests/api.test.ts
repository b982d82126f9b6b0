import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "lenet-api-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every file of a folder, by its path in it. */
function contents(root: string): Record<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

it("has a reference that tells of every public export, made of the code as it is (npm run docs)", () => {
  const { status, stderr } = spawnSync("npm", ["run", "--silent", "docs", "--", "--out", folder], { encoding: "utf8" });
  // Where an export has no doc comment, or one of its types is not exported, it says so and fails.
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(contents("docs/api")).toEqual(contents(folder));
});
