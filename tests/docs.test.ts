import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkPage, listPaths } from "./support/pages.js";

const PAGES = [
  ...[
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "bench/README.md",
    "examples/README.md",
    "tests/golden/README.md",
  ],
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Pages about one folder, which name files relative to it. */
const BASES: Readonly<Record<string, string>> = { "docs/architecture.md": "src", "docs/lab.md": "web" };

describe("every file and folder exists that is named in", () => {
  const paths = listPaths(".");
  it.each(PAGES)("%s", (page) => {
    expect(checkPage(page, readFileSync(page, "utf8"), paths, BASES[page])).toEqual([]);
  });
});

describe("the check of names", () => {
  const paths = new Set([
    ...["README.md", "docs", "docs/page.md", "docs/chart.svg", "src", "src/training", "src/training/plan.ts"],
    ...["src/engine", "src/engine/wasm", "src/engine/wasm/kernels", "src/engine/wasm/kernels/assembly.ts", "web"],
  ]);
  const faultsOf = (text: string, base?: string) => checkPage("docs/page.md", text, paths, base);

  it.each([
    ["a relative link", "[plan](../src/training/plan.ts) and [page](page.md#part)"],
    ["an image", "![a chart](chart.svg)"],
    ["a link to a site or a heading", "[site](https://example.org/missing.md) and [part](#part)"],
    ["a file or a folder", "`src/training/plan.ts`, `src/training/` and `src/engine`"],
    ["a file in a command", "`node src/training/plan.ts --epochs 3`"],
    ["the end of a path", "`plan.ts`, `training/plan.ts` and `kernels/assembly.ts`"],
    ["what is not in the repository", "`train/`, `lenet/data`, `model.pth`, `/data/NAME`, `Math.exp`, `src/*.ts`"],
    ["a code block", "```\ncat src/missing.ts\n```"],
  ])("accepts %s", (_, text) => {
    expect(faultsOf(text)).toEqual([]);
  });

  it.each([
    ["a relative link", "[plan](../src/training/plans.ts#part)", "../src/training/plans.ts"],
    ["a link from the wrong folder", "[plan](src/training/plan.ts)", "src/training/plan.ts"],
    ["an image", "![a chart](missing.svg)", "missing.svg"],
    ["a file", "`src/training/plans.ts`", "src/training/plans.ts"],
    ["a folder", "`web/views/`", "web/views/"],
    ["a file in a command", "`node src/plan.ts --epochs 3`", "src/plan.ts"],
    ["a file without its folder", "`plans.ts`", "plans.ts"],
    ["a file in the wrong folder", "`engine/plan.ts`", "engine/plan.ts"],
  ])("finds %s", (_, text, name) => {
    expect(faultsOf(text)).toEqual([`docs/page.md names ${name}, which does not exist`]);
  });

  it("checks folders relative to the base of a page", () => {
    expect(faultsOf("`training/`, `engine/wasm` and `lenet/data`", "src")).toEqual([]);
    expect(faultsOf("`trainings/`, `engine/wasmer`", "src")).toEqual([
      "docs/page.md names trainings/, which does not exist",
      "docs/page.md names engine/wasmer, which does not exist",
    ]);
    expect(faultsOf("`plan.ts`", "web")).toEqual(["docs/page.md names plan.ts, which does not exist"]);
  });
});
