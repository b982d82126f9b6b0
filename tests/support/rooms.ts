import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { type ESTree, parseSync, Visitor } from "vite";

/** A row of the table: a folder without its subfolders, or a single file. */
export interface Room {
  /** Its path from the project's root. */
  readonly name: string;
  /** The rooms it may import. */
  readonly rooms: readonly string[];
  /** The packages it may import; `node:*` means all of Node's modules. */
  readonly packages: readonly string[];
}

const TREES = ["src", "web"];
const CODE = /\.(?:[cm]?[jt]sx?|css)$/;
const TEST = /\.test\.[jt]sx?$/;
const NODE = "node:*";

/** Reads the table of rooms from a Markdown page: room, purpose, allowed rooms, allowed packages. */
export function readRooms(page: string): Room[] {
  const lines = page.split("\n");
  const header = lines.findIndex((line) => /^\| *Room *\|/.test(line));
  if (header === -1) throw new Error("the page has no table that begins with | Room |");
  const rows = lines.slice(header + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end === -1 ? undefined : end).map((row) => {
    const cells = row.split("|").map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    return { name: cells[1][0], rooms: cells[3], packages: cells[4] };
  });
}

/**
 * Checks every import below src/ and web/, except in tests, against the table.
 *
 * @param root the project's folder
 * @returns one line per violation
 */
export function checkRooms(root: string, rooms: readonly Room[]): string[] {
  const table = new Map(rooms.map((room) => [room.name, room]));
  const faults = new Set<string>();
  const found = new Set<string>();
  const used = new Map<string, Set<string>>(rooms.map(({ name }) => [name, new Set()]));
  const roomOf = (path: string) => [path, posix.dirname(path)].find((name) => table.has(name));

  for (const file of codeFiles(root)) {
    const name = roomOf(file);
    const room = name === undefined ? undefined : table.get(name);
    if (!room) {
      faults.add(`${posix.dirname(file)}/ has no row in the table, so ${file} may not exist`);
      continue;
    }
    found.add(room.name);
    if (file.endsWith(".css")) continue;
    for (const specifier of importsOf(file, readFileSync(join(root, file), "utf8"))) {
      if (specifier === undefined) {
        faults.add(`${file} imports a computed path, which cannot be checked`);
        continue;
      }
      const imported = specifier.startsWith(".") ? resolve(root, file, specifier, roomOf) : packageOf(specifier);
      if (imported === undefined) {
        faults.add(`${file} imports "${specifier}", which is not a file of this project`);
        continue;
      }
      if (imported === room.name) continue;
      const allowed = [...room.rooms, ...room.packages];
      if (allowed.includes(imported)) used.get(room.name)?.add(imported);
      else
        faults.add(`${file} imports "${specifier}" (${imported}), but ${room.name} may import only: ${list(allowed)}`);
    }
  }
  for (const [row, { name, rooms: allowed, packages }] of rooms.entries()) {
    if (!found.has(name)) faults.add(`the table has a row for ${name}, which does not exist`);
    for (const one of allowed) {
      const above = rooms.slice(0, row).some((room) => room.name === one);
      if (!above) faults.add(`${name} may import ${one}, which has no row above it`);
    }
    for (const one of [...allowed, ...packages]) {
      if (found.has(name) && !used.get(name)?.has(one)) faults.add(`${name} may import ${one}, but does not`);
    }
  }
  return [...faults];
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.join(", ");
}

/** All files with code or styles, except tests, as paths from the root. */
function codeFiles(root: string): string[] {
  return TREES.filter((tree) => existsSync(join(root, tree)))
    .flatMap((tree) =>
      readdirSync(join(root, tree), { recursive: true, encoding: "utf8" }).map((path) => `${tree}/${path}`),
    )
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => CODE.test(path) && !TEST.test(path))
    .sort();
}

/** All import specifiers of a file; undefined for computed ones. */
function importsOf(file: string, text: string): (string | undefined)[] {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0].message}`);
  const found: (string | undefined)[] = [];
  const add = (expression: ESTree.Node | null | undefined) => {
    if (expression) found.push(...textsOf(expression));
  };
  // A URL relative to the file is an import if it leads to code: workers are started this way.
  const addUrl = (expression: ESTree.Node | undefined) => {
    if (expression) found.push(...textsOf(expression).filter((url) => url === undefined || CODE.test(url)));
  };
  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    TSExternalModuleReference: ({ expression }) => add(expression),
    NewExpression: ({ callee, arguments: [url, base] }) => {
      if (callee.type === "Identifier" && callee.name === "URL" && isOfImportMeta(base)) addUrl(url);
    },
    CallExpression: ({ callee, arguments: [url] }) => {
      if (isOfImportMeta(callee)) addUrl(url);
    },
  }).visit(program);
  return found;
}

/** Whether an expression is a property of `import.meta`. */
function isOfImportMeta(expression: ESTree.Node | undefined): boolean {
  return expression?.type === "MemberExpression" && expression.object.type === "MetaProperty";
}

/** The strings that an expression may evaluate to; undefined if unknown. */
function textsOf(expression: ESTree.Node): (string | undefined)[] {
  if (expression.type === "Literal" && typeof expression.value === "string") return [expression.value];
  if (expression.type === "ConditionalExpression") {
    return [...textsOf(expression.consequent), ...textsOf(expression.alternate)];
  }
  return [undefined];
}

/** The room that a relative import leads to, which may lack a row in the table; dist/ counts as src/. */
function resolve(
  root: string,
  file: string,
  specifier: string,
  roomOf: (path: string) => string | undefined,
): string | undefined {
  const path = posix.join(posix.dirname(file), specifier.replace(/\?.*$/, "")).replace(/^dist\//, "src/");
  if (!TREES.includes(path.split("/")[0])) return undefined;
  const candidates = [path, path.replace(/js$/, "ts"), path.replace(/js$/, "tsx")];
  const target = candidates.find((candidate) => existsSync(join(root, candidate)));
  return target && (roomOf(target) ?? posix.dirname(target));
}

/** The name of an import's package: "preact" for "preact/hooks". */
function packageOf(specifier: string): string | undefined {
  if (/^[/#]/.test(specifier)) return undefined;
  if (isBuiltin(specifier)) return NODE;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
