import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkRooms, readRooms } from "./support/rooms.js";

describe("the imports of src/ and web/", () => {
  it("are allowed by the table in docs/architecture.md", () => {
    expect(checkRooms(".", readRooms(readFileSync("docs/architecture.md", "utf8")))).toEqual([]);
  });
});

describe("the import check", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  /** The faults of a project with the given rows and files. */
  function faultsOf(rows: readonly string[], files: Readonly<Record<string, string>>): string[] {
    const root = mkdtempSync(join(tmpdir(), "lenet-rooms-"));
    folders.push(root);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const table = ["| Room | What it is for | May import | Packages |", "| --- | --- | --- | --- |", ...rows];
    return checkRooms(root, readRooms(["# A page", "", ...table, "", "The end."].join("\n")));
  }

  const SRC = {
    "src/index.ts": 'export * from "./high/one.js";',
    "src/high/one.ts": 'import { low } from "../low/one.js";\nexport const high = low;',
    "src/low/one.ts": "export const low = 1;",
  };
  const ENTRY = "| `src/index.ts` | entry | `src/high` | |";
  const HIGH = "| `src/high` | high | `src/low` | |";
  const LOW = "| `src/low` | low | | |";
  const TABLE = [LOW, HIGH, ENTRY];

  it("finds nothing if all imports are allowed", () => {
    expect(faultsOf(TABLE, SRC)).toEqual([]);
  });

  it.each([
    ["a static import", 'import { high } from "../high/one.js";\nexport { high };', "../high/one.js"],
    ["a type import", 'import type { high } from "../high/one.js";\nexport type High = typeof high;', "../high/one.js"],
    ["an inline type import", 'export type High = typeof import("../high/one.js");', "../high/one.js"],
    ["a re-export", 'export * from "../high/one.js";', "../high/one.js"],
    ["a re-export by name", 'export { high } from "../high/one.js";', "../high/one.js"],
    ["a dynamic import", 'export const high = () => import("../high/one.js");', "../high/one.js"],
    ["a side-effect import", 'import "../high/one.js";', "../high/one.js"],
    ["the URL of a worker", 'export const worker = new URL("../high/one.js", import.meta.url);', "../high/one.js"],
    [
      "the URL of a built file",
      'export const worker = new URL(true ? "../../dist/high/one.js" : "./one.js", import.meta.url);',
      "../../dist/high/one.js",
    ],
    ["a resolved path", 'export const high = import.meta.resolve("../high/one.js");', "../high/one.js"],
    ["a detour", 'import "../low/../high/one.js";', "../low/../high/one.js"],
  ])("finds %s in src", (_, text, specifier) => {
    expect(faultsOf(TABLE, { ...SRC, "src/low/two.ts": text })).toEqual([
      `src/low/two.ts imports "${specifier}" (src/high), but src/low may import only: nothing`,
    ]);
  });

  it("finds a wrong import in web, in a file with JSX", () => {
    const rows = ["| `web/kit` | components | | `preact` |", "| `web/views` | views | `web/kit` | |"];
    const files = {
      "web/kit/Button.tsx":
        'import "preact/hooks";\nimport { View } from "../views/View.js";\nexport const Button = () => <View />;',
      "web/views/View.tsx": 'import { Button } from "../kit/Button.js";\nexport const View = () => <Button />;',
    };
    expect(faultsOf(rows, files)).toEqual([
      'web/kit/Button.tsx imports "../views/View.js" (web/views), but web/kit may import only: preact',
    ]);
  });

  it("distinguishes a file from a folder of the same name", () => {
    const files = { ...SRC, "src/high.ts": "export const entry = 1;", "src/low/two.ts": 'import "../high.js";' };
    expect(faultsOf([...TABLE, "| `src/high.ts` | entry | | |"], files)).toEqual([
      'src/low/two.ts imports "../high.js" (src/high.ts), but src/low may import only: nothing',
    ]);
  });

  it("finds packages and Node modules", () => {
    const files = {
      ...SRC,
      "src/low/two.ts": 'import "zod/mini";\nimport "node:fs/promises";\nimport "@scope/name/part";',
    };
    expect(faultsOf(TABLE, files)).toEqual([
      'src/low/two.ts imports "zod/mini" (zod), but src/low may import only: nothing',
      'src/low/two.ts imports "node:fs/promises" (node:*), but src/low may import only: nothing',
      'src/low/two.ts imports "@scope/name/part" (@scope/name), but src/low may import only: nothing',
    ]);
    expect(faultsOf(["| `src/low` | low | | `zod`, `node:*`, `@scope/name` |", HIGH, ENTRY], files)).toEqual([]);
  });

  it("finds missing files, files outside src and web, and computed paths", () => {
    const text =
      'import "./three.js";\nimport "../../tests/help.js";\nexport const load = (name: string) => import(name);';
    expect(faultsOf(TABLE, { ...SRC, "src/low/two.ts": text })).toEqual([
      'src/low/two.ts imports "./three.js", which is not a file of this project',
      'src/low/two.ts imports "../../tests/help.js", which is not a file of this project',
      "src/low/two.ts imports a computed path, which cannot be checked",
    ]);
  });

  it("finds folders without a row, even below one with a row", () => {
    const files = { ...SRC, "src/new.ts": "", "src/low/deep/one.ts": "", "web/new/style.css": "" };
    expect(faultsOf(TABLE, files)).toEqual([
      "src/low/deep/ has no row in the table, so src/low/deep/one.ts may not exist",
      "src/ has no row in the table, so src/new.ts may not exist",
      "web/new/ has no row in the table, so web/new/style.css may not exist",
    ]);
  });

  it("finds rows without a room and unused permissions", () => {
    const rows = ["| `src/gone` | gone | | |", "| `src/low` | low | `src/gone` | `zod` |", HIGH, ENTRY];
    expect(faultsOf(rows, SRC)).toEqual([
      "the table has a row for src/gone, which does not exist",
      "src/low may import src/gone, but does not",
      "src/low may import zod, but does not",
    ]);
  });

  it("finds cycles: every room must come after the rooms it imports", () => {
    const files = { ...SRC, "src/low/two.ts": 'import "../index.js";' };
    expect(faultsOf(["| `src/low` | low | `src/index.ts` | |", HIGH, ENTRY], files)).toEqual([
      "src/low may import src/index.ts, which has no row above it",
    ]);
  });

  it("ignores tests", () => {
    expect(faultsOf(TABLE, { ...SRC, "src/low/one.test.ts": 'import "../high/one.js";' })).toEqual([]);
  });
});
