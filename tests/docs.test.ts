import { readdirSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { beforeAll, describe, expect, it } from "vitest";
import { checkPage, listPaths } from "./support/pages.js";

const PAGES = [
  ...[
    "README.md",
    "README.zh-CN.md",
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

describe("every command parses that is written in", () => {
  const commands = new Map<string, () => Command>();
  beforeAll(async () => {
    for (const name of readdirSync("src/cli/commands")) {
      const exports: Record<string, unknown> = await import(/* @vite-ignore */ `../src/cli/commands/${name}`);
      for (const [key, create] of Object.entries(exports)) {
        if (key.endsWith("Command")) commands.set((create as () => Command)().name(), create as () => Command);
      }
    }
  });

  const faultOf = (line: string): string | undefined => {
    const [name, ...args] = wordsOf(line);
    const command = commands.get(name)?.();
    if (!command) return `${line}: there is no such command`;
    let fault: string | undefined;
    const quietly = (each: Command): void => {
      each.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
      each.action(() => {});
      each.commands.forEach(quietly);
    };
    quietly(command);
    try {
      command.parse(args, { from: "user" });
    } catch (error) {
      fault = `${line}: ${(error as Error).message}`;
    }
    return fault;
  };

  it.each([...PAGES, ...listFiles("examples").filter((path) => !path.endsWith(".md"))])("%s", (page) => {
    const lines = commandsIn(readFileSync(page, "utf8"), page.endsWith(".md"));
    expect(lines.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it("finds commands in pages, scripts, images and manifests, and what is wrong with them", () => {
    const found = [
      ...commandsIn("lenet one\n```\nA=1 npx lenet sweep \\\n  --seeds 1-5 # all\n```\n", true),
      ...commandsIn('sweep="npx lenet sweep --index {}"\nsrun npx lenet sweep --index "$ID"', false),
      ...commandsIn('ENTRYPOINT ["node", "dist/cli/main.js", "serve", "--host"]\nCMD ["model=/model"]\n', false),
      ...commandsIn("args:\n  - sweep\n  - --set=lr=1,2\n  - --index=$(I)\nenv: a\n", false),
    ];
    expect(found).toEqual([
      "sweep --seeds 1-5",
      "sweep --index 7",
      'sweep --index "7"',
      "serve --host model=/model",
      "sweep --set=lr=1,2 --index=7",
    ]);
    expect(found.map(faultOf)).toEqual([
      ...[undefined, undefined, undefined],
      "serve --host model=/model: error: missing required argument 'models'",
      undefined,
    ]);
    expect(faultOf("sweep --seed 3")).toMatch(/^sweep --seed 3: error: unknown option '--seed'/);
  });
});

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => `${entry.parentPath}/${entry.name}`);
}

/** The commands of `lenet` in a text, without its name: in the code blocks of a page, or anywhere in another file. */
function commandsIn(text: string, isPage: boolean): string[] {
  const code = isPage ? [...text.matchAll(/^```\w*\n(.*?)^```/gms)].map(([, block]) => block).join("\n") : text;
  const lines = code
    .replace(/\\\n\s*/g, "")
    // What a shell, GNU parallel or Kubernetes puts in.
    .replace(/\$\([^)]*\)|\$\w+|\{\}/g, "7")
    .split("\n");
  const list = (pattern: RegExp) => [...code.matchAll(pattern)].map(([, items]) => items);
  const quoted = (items: string) => [...items.matchAll(/"([^"]*)"/g)].map(([, item]) => item).join(" ");
  const [entry = "", last = ""] = ["ENTRYPOINT", "CMD"].map((name) =>
    list(new RegExp(`^${name} \\[(.*main\\.js", .*|"(?!node).*)\\]$`, "gm"))
      .map(quoted)
      .join(" "),
  );
  const image = `${entry} ${last}`.match(/main\.js (\S.*)/)?.[1];
  const manifest = list(/^ *args:\n((?: *- .*\n)+)/gm).map((items) =>
    items
      .trim()
      .split(/\n? *- /)
      .filter(Boolean)
      .join(" ")
      .replace(/\$\([^)]*\)/g, "7"),
  );
  const shell = lines.flatMap((line) => {
    // Alternatives, of which a user chooses.
    if (/\S\|\S/.test(line)) return [];
    const command = line.match(/(?:^|[\s"'`])(?:npx lenet|\S*main\.js) +([a-z][^"'`#|&;<>]*(?:"[^"]*"[^"'`#|&;<>]*)*)/);
    if (!command) return [];
    // What a command does stands beside it.
    const alone = command[1].replace(/ {2,}(?=[a-z]+ [a-z]+ |\S*[\u4e00-\u9fff]).*/, "").replace(/ +/, " ");
    return [alone.replace(/ {2,}(?=[a-z]).*/, "").trim()];
  });
  return [...shell, ...(image ? [image] : []), ...manifest];
}

/** The words of a shell's line. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ""));
  // What a user puts in is often a folder that exists.
  return words.map((word) => (/^[A-Z][A-Z-]*$/.test(word) ? "docs" : word));
}
