import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, posix, resolve } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FILES } from "../site/pictures.mjs";
import { readRecipeFile } from "../src/formats/index.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { anchorsOf, type CodeBlock, checkPage, codeBlocks, linksOf, listPaths, withoutCode } from "./support/pages.js";
import { PROGRAM } from "./support/program.js";

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
  ...pagesIn("docs"),
  ...pagesIn("docs/zh"),
];

/** For contributors, who read them in the repository. */
const CONTRIBUTORS_PAGES = ["docs/architecture.md", "docs/lab-code.md"];

/** The site's pages that are written by hand, the first one first: others use what it trains. */
const SITE_PAGES = pagesIn("docs")
  .filter((page) => !CONTRIBUTORS_PAGES.includes(page))
  .sort((one, other) => Number(other.endsWith("/start.md")) - Number(one.endsWith("/start.md")));
/** Generated from the doc comments. */
const API_PAGES = listFiles("docs/api").sort();

/** Pages about one folder, which name files relative to it. */
const BASES: Readonly<Record<string, string>> = {
  "docs/architecture.md": "src",
  "docs/lab-code.md": "web",
  "docs/lab.md": "web",
  "docs/zh/lab.md": "web",
};

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

describe("every link leads to a page and a heading that exist, in", () => {
  const anchors = new Map<string, Set<string>>();
  const hasAnchor = (page: string, anchor: string) => {
    if (!anchors.has(page)) anchors.set(page, anchorsOf(readFileSync(page, "utf8")));
    return anchors.get(page)!.has(anchor);
  };
  it.each([...PAGES, ...API_PAGES])("%s", (page) => {
    const faults = linksOf(readFileSync(page, "utf8")).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path, anchor] = decodeURI(link).split("#");
      const target = path === "" ? page : posix.join(posix.dirname(page), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && target.endsWith(".md") && !hasAnchor(target, anchor);
    });
    expect(faults).toEqual([]);
  });
});

/**
 * What becomes of a code block, by its language. A `text` block directly behind one that runs is what it prints, `…` for
 * any part of it.
 */
const LANGUAGES: Readonly<Record<string, "shell" | "run" | "printed" | "compiled" | "example" | "json" | "python">> = {
  "": "shell",
  sh: "run",
  ts: "compiled",
  text: "printed",
  js: "example",
  html: "example",
  json: "json",
  // By tests/python/check_pages.py.
  python: "python",
};

describe("the code of the pages", () => {
  const folder = mkdtempSync(join(tmpdir(), "lenet-pages-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What keeps a program of a page from running here: it is only compiled. */
  const NEEDS = [/from "lenet\/browser"/, /nodeGpu\(/];
  /** So that it takes seconds. */
  const SHORTER: readonly (readonly [string, string])[] = [
    ['data: "fashion-mnist"', 'data: "few-digits"'],
    ["const epochs = 100;", "const epochs = 1;"],
  ];

  interface Step {
    readonly kind: "sh" | "ts";
    readonly code: string;
    readonly file: string;
    readonly printed: string | undefined;
  }

  /** What of a page runs. A block without imports goes on with the program before it. */
  function stepsOf(page: string): Step[] {
    const steps: { kind: "sh" | "ts"; code: string; file: string; printed: string | undefined }[] = [];
    const name = page.replaceAll(/[/.]/g, "-");
    for (const { language, code, followsBlock } of codeBlocks(readFileSync(page, "utf8"))) {
      const last = steps.at(-1);
      if (language === "text" && followsBlock && last) last.printed = code;
      else if (language === "ts" && last && !/^import /m.test(code)) {
        const program = steps.findLast(({ kind }) => kind === "ts")!;
        program.code += code;
      } else if (language === "ts" || language === "sh") {
        steps.push({ kind: language, code, file: `${name}-${steps.length}`, printed: undefined });
      }
    }
    return steps;
  }

  /** The text that a program prints as a pattern: `…` is anything, and times and threads are whatever they are. */
  function patternOf(text: string): RegExp {
    const escaped = text.trim().replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    const loose = escaped
      .replaceAll("…", ".*")
      .replaceAll(/\d+\\\.\d+ s\b/g, "\\d+\\.\\d+ s")
      .replaceAll(/\b\d:\d\d\b/g, "\\d+:\\d\\d")
      .replaceAll(/\d+ threads?/g, "\\d+ threads?");
    return new RegExp(`^${loose}$`);
  }

  const paged = [...SITE_PAGES, ...API_PAGES].map((page) => [page, stepsOf(page)] as const);

  beforeAll(async () => {
    mkdirSync(join(folder, "node_modules"));
    for (const name of readdirSync("node_modules").filter((name) => name !== ".bin" && name !== "lenet")) {
      symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
    }
    symlinkSync(resolve("."), join(folder, "node_modules/lenet"));
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    const compilerOptions = {
      ...{ target: "ES2022", module: "NodeNext", lib: ["ES2023", "DOM", "DOM.Iterable"], types: ["node"] },
      ...{ strict: true, skipLibCheck: true, noUnusedLocals: true, outDir: "js", rootDir: ".", preserveSymlinks: true },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    for (const [page, steps] of paged) {
      for (const { kind, code, file } of steps) {
        if (kind !== "ts") continue;
        const shorter = SHORTER.reduce((text, [long, short]) => text.replaceAll(long, short), code);
        writeFileSync(join(folder, `${file}.ts`), `// ${page}\n${shorter}export {};\n`);
      }
    }
    await writeDigitFiles(join(folder, "few-digits"), { train: 200, test: 50 });
  });

  it("compiles", () => {
    const compiler = resolve("node_modules/.bin/tsc");
    const { status, stdout } = spawnSync(compiler, ["-p", "."], { cwd: folder, encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  const isRunHere = ({ kind, code }: Step) => kind === "sh" || !NEEDS.some((need) => need.test(code));
  const machine = resolve("tests/support/machine.mjs");
  const execute = (command: string, args: readonly string[]) => {
    const env = { PATH: process.env.PATH, HOME: folder };
    return spawnSync(command, args, { cwd: folder, encoding: "utf8", env });
  };

  it("runs: the examples of the API reference", () => {
    // In one process, as each takes less time than its start.
    const files = paged.flatMap(([page, steps]) => (API_PAGES.includes(page) ? steps : [])).filter(isRunHere);
    expect(files.length).toBeGreaterThan(15);
    const program = files.map(({ file }) => `await import("./js/${file}.js");`).join("\n");
    writeFileSync(join(folder, "reference.js"), program);
    const { status, stderr } = execute(process.execPath, ["reference.js"]);
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  });

  it.each(paged.filter(([page, steps]) => SITE_PAGES.includes(page) && steps.some(isRunHere)))(
    "runs: %s",
    (_, steps) => {
      for (const { kind, code, file, printed } of steps.filter(isRunHere)) {
        const shell = `npx() { shift; "${process.execPath}" --import "${machine}" "${PROGRAM}" "$@"; }\n${code}`;
        const { status, stdout, stderr } =
          kind === "sh" ? execute("bash", ["-euc", shell]) : execute(process.execPath, [join("js", `${file}.js`)]);
        expect({ status, stderr: status === 0 ? "" : stderr }, code).toEqual({ status: 0, stderr: "" });
        // Progress is printed only by what takes longer than a second.
        const said = stdout.replaceAll(/^.*\d:\d\d left\b.*\n/gm, "").replaceAll(/ +$/gm, "");
        if (printed !== undefined) expect(said.trimEnd()).toMatch(patternOf(printed));
      }
    },
  );

  const blocksOf = (page: string): CodeBlock[] => codeBlocks(readFileSync(page, "utf8"));

  it.each([...SITE_PAGES, ...API_PAGES])("is known, well-formed, or a part of an example: %s", (page) => {
    const unindented = (text: string) => text.replaceAll(/^ +/gm, "");
    const examples = listFiles("examples").map((path) => unindented(readFileSync(path, "utf8")));
    for (const { language, code } of blocksOf(page)) {
      const what = LANGUAGES[language];
      expect(what, `the language "${language}"`).toBeDefined();
      if (what === "example")
        expect(
          examples.some((text) => text.includes(unindented(code))),
          code,
        ).toBe(true);
      if (what === "shell") {
        // Without what a command does, which stands beside it.
        const input = code.replaceAll(/^(np[mx] .*?\S) {2,}(?=[a-z\u4e00-\u9fff]+ \S).*$/gm, "$1");
        const { status, stderr } = spawnSync("bash", ["-n"], { input, encoding: "utf8" });
        expect({ status, stderr }, code).toEqual({ status: 0, stderr: "" });
      }
      if (what === "json") expect(readRecipeFile(code, "recipe.json"), code).toBeDefined();
    }
  });
});

describe("docs/results.md", () => {
  const page = readFileSync("docs/results.md", "utf8");
  const section = page.slice(page.indexOf("## Five seeds"), page.indexOf("## Fashion-MNIST"));
  const [overview, accuracies, fingerprints] = tablesIn(section);

  it("has a fingerprint of each run", () => {
    const runs = (table: string[][]) => table.map(([data, recipe, ...seeds]) => [data, recipe, seeds.length]);
    expect(runs(fingerprints)).toEqual(runs(accuracies));
    const each = fingerprints.flatMap(([, , ...seeds]) => seeds);
    for (const fingerprint of each) expect(fingerprint).toMatch(/^`[0-9a-f]{16}`$/);
    expect(new Set(each).size).toBe(each.length);
  });

  it("has the means and standard deviations of its runs", () => {
    const expected = accuracies.map(([, , ...seeds]) => {
      const percents = seeds.map((percent) => Number.parseFloat(percent));
      const mean = percents.reduce((sum, percent) => sum + percent) / percents.length;
      const squares = percents.reduce((sum, percent) => sum + (percent - mean) ** 2, 0);
      return `${mean.toFixed(2)} % ± ${Math.sqrt(squares / (percents.length - 1)).toFixed(2)} %`;
    });
    expect(overview.map((row) => row.at(-1)!.replaceAll("**", ""))).toEqual(expected);
  });

  it("has what a committed run of ten epochs came to, which .ci/run proves", () => {
    const claim = "tests/fixtures/claims/ten-epochs";
    const { bestValidationAccuracy, test, fingerprint } = JSON.parse(readFileSync(`${claim}/result.json`, "utf8"));
    const percent = (accuracy: number) => `${(100 * accuracy).toFixed(2)} %`;
    expect(page.slice(page.indexOf("## Ten epochs")).replaceAll("\n", " ")).toContain(
      `best validation accuracy ${percent(bestValidationAccuracy)}, test accuracy ${percent(test.accuracy)}, ` +
        `fingerprint \`${fingerprint.slice(0, 16)}\``,
    );
    expect(readFileSync(".ci/run", "utf8")).toContain(`prove ${claim}\n`);
  });
});

it("has the pictures that node site/pictures.mjs draws", () => {
  const drawn = readdirSync("docs/pictures").map((name) => [name, readFileSync(`docs/pictures/${name}`, "utf8")]);
  expect(Object.fromEntries(drawn)).toEqual(FILES);
});

describe("the pages in Chinese", () => {
  /** Where links lead, seen from the English page. */
  const targets = (text: string) =>
    linksOf(text)
      .map((link) =>
        link
          .replace(/^(\.\.\/)+/, "")
          .replace(/\.zh\.svg$/, ".svg")
          .replace("-zh-", "-"),
      )
      .map((link) => (link.startsWith("#") ? "#" : link.replace(/#.*/, "#")))
      .sort();
  /** Millions and ten thousands are written out. */
  const numbers = (text: string) => {
    const written = withoutCode(text)
      .replaceAll(/(\d+) million/g, "$1000000")
      .replaceAll(/(\d+) 万/g, "$10000");
    return [...new Set(written.match(/\d[\d,.]*\d/g))].sort();
  };

  it("are as many as in English", () => {
    expect(pagesIn("docs/zh").map((page) => basename(page))).toEqual(SITE_PAGES.map((page) => basename(page)).sort());
  });

  it.each(SITE_PAGES)("have all headings, tables, links, pictures, numbers and code of %s", (page) => {
    const english = readFileSync(page, "utf8");
    const chinese = readFileSync(page.replace("docs/", "docs/zh/"), "utf8");
    const count = (text: string, pattern: RegExp) => withoutCode(text).match(pattern)?.length;
    expect(withoutCode(chinese).match(/^#+ /gm)).toEqual(withoutCode(english).match(/^#+ /gm));
    expect(count(chinese, /^\|.*\|$/gm)).toBe(count(english, /^\|.*\|$/gm));
    expect(count(chinese, /^ *(?:-|\d\.) /gm)).toBe(count(english, /^ *(?:-|\d\.) /gm));
    expect(count(chinese, /\n\n(?=[^\n])/g)).toBe(count(english, /\n\n(?=[^\n])/g));
    expect(targets(chinese)).toEqual(targets(english));
    expect(numbers(chinese)).toEqual(numbers(english));
    const code = (text: string) => codeBlocks(text).filter(({ language }) => language !== "" && language !== "text");
    expect(code(chinese)).toEqual(code(english));
    expect(codeBlocks(chinese).length).toBe(codeBlocks(english).length);
  });
});

function pagesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => `${entry.parentPath}/${entry.name}`);
}

/** The rows of a page's tables, without their headings. */
function tablesIn(text: string): string[][][] {
  const tables = [...text.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => table.trim().split("\n").slice(2));
  return tables.map((rows) =>
    rows.map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
  );
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
