import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installPacked } from "./support/packed.js";

/** Of all that the entry exports: training with every layer kind and optimizer. */
const MOST_KILOBYTES = 65;
/** About half of it is the engine, and a quarter the readers of the formats. With esbuild it is 2 kB more (everywhere.mjs). */
const MOST_PREDICTION_KILOBYTES = 49;
const MOST_MEGABYTES = 15;
const MOST_PACKAGES = 10;
const TYPESCRIPT = resolve("node_modules/typescript/bin/tsc");

let folder: string;
let installed: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-package-"));
  installed = installPacked(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = () => JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
const entries = () => Object.keys(manifest().exports).filter((name) => !name.endsWith(".json"));

describe("the package", () => {
  it("contains what it exports, a license, a README and sources, but no tests", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", manifest().bin.lenet]));
    for (const targets of Object.values(manifest().exports)) {
      for (const target of typeof targets === "string" ? [targets] : Object.values(targets as object)) {
        expect(existsSync(join(installed, target)), target).toBe(true);
      }
    }
    expect(files.filter((file) => /\.test\.|^(src|tests|bench|examples|web)\b/.test(file))).toEqual([]);
  });

  it("has the sources that its declarations refer to, and the licence of all that it carries", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    const maps = files.filter((file) => file.endsWith(".d.ts.map"));
    expect(maps.length).toBeGreaterThan(50);
    for (const map of maps) {
      const { sources } = JSON.parse(readFileSync(join(installed, map), "utf8"));
      for (const source of sources) expect(existsSync(join(installed, dirname(map), source)), map).toBe(true);
    }
    const licences = readFileSync(join(installed, "dist/THIRD-PARTY.txt"), "utf8");
    for (const name of ["zod", "d3-scale", "d3-shape", "preact", "fflate", "dejavu-fonts-ttf"]) {
      expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
    }
  });

  it(`takes at most ${MOST_MEGABYTES} MB and ${MOST_PACKAGES} packages`, () => {
    const folders = new Set([installed]);
    for (const folder of folders) {
      const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      for (const name of Object.keys(dependencies)) folders.add(resolve("node_modules", name));
    }
    expect(folders.size).toBeLessThanOrEqual(MOST_PACKAGES);
    // As du counts: in blocks.
    const sizes = [...folders].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => statSync(join(folder, file)).size),
    );
    const kilobytes = sizes.reduce((sum, size) => sum + 4 * Math.ceil(size / 4096), 0);
    expect(kilobytes / 1024).toBeLessThan(MOST_MEGABYTES);
  });

  it("decodes PNG and JPEG out of the box, and names what other images need", () => {
    // Whatever folders above may hold.
    const hooks = `export async function resolve(name, context, next) {
      if (!name.startsWith("@imagemagick/")) return next(name, context);
      throw Object.assign(new Error("not installed"), { code: "ERR_MODULE_NOT_FOUND" });
    }`;
    const program = `
      import { readFileSync } from "node:fs";
      import { register } from "node:module";
      import { decodeImage } from "lenet/node";
      register("data:text/javascript,${encodeURIComponent(hooks)}");
      for (const name of ["color.png", "palette.png", "color.jpg", "progressive.jpg", "color.webp", "cmyk.jpg"]) {
        const bytes = readFileSync("${resolve("tests/fixtures/images")}/" + name);
        console.log(await decodeImage(bytes).then(({ width }) => width, ({ name, message }) => name + ": " + message));
      }
    `;
    const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder });
    const needs = (kind: string) =>
      `MissingDecoderError: ${kind} images need an optional package: npm install @imagemagick/magick-wasm`;
    expect(output.toString().split("\n")).toEqual(["13", "13", "19", "17", needs("WebP"), needs("such JPEG"), ""]);
  });

  it("trains on two threads and decodes in another, installed", () => {
    for (const name of ["program.js", "process.js"]) copyFileSync(join("tests/everywhere", name), join(folder, name));
    copyFileSync("tests/fixtures/images/color.jpg", join(folder, "color.jpg"));
    const output = execFileSync(process.execPath, ["process.js"], { cwd: folder, encoding: "utf8" });
    // docs/platforms.md has the fingerprint of every runtime and bundler.
    const { fingerprint, threads } = JSON.parse(output);
    expect(threads).toBe(2);
    expect(readFileSync("docs/platforms.md", "utf8")).toContain(`\`${fingerprint.slice(0, 16)}\``);
  });

  it("has no install scripts", () => {
    expect(Object.keys(manifest().scripts)).not.toEqual(expect.arrayContaining([expect.stringMatching(/install/)]));
  });

  it("exports its package.json", () => {
    const program = 'console.log(require("lenet/package.json").version)';
    const output = execFileSync(process.execPath, ["--input-type=commonjs", "--eval", program], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toBe(`${manifest().version}\n`);
  });

  it("can be imported in Node, entry by entry", () => {
    expect(entries()).toEqual([".", "./engine", "./data", "./formats", "./node", "./browser"]);
    for (const entry of entries()) {
      const program = `console.log(Object.keys(await import("${entry.replace(".", "lenet")}")).length > 1)`;
      const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder });
      expect(output.toString(), entry).toBe("true\n");
    }
  });
});

/** Uses the main exports of each entry, in Node without DOM types. */
const NODE_PROGRAM = `
import { createDataset, fit, gradients, LeNet5, predict, RECIPES, type Prediction } from "lenet";
import { generateDigits } from "lenet/data";
import { lenet5, wasmBackend } from "lenet/engine";
import { readWeights, writeWeights } from "lenet/formats";
import { decodeImage, loadWeights, threads } from "lenet/node";

const network = LeNet5.create({ ...RECIPES.paper, classes: ["a", "b"] });
const dataset = createDataset({ images: new Uint8Array(784 * 2), labels: [0, 1], classes: network.classes });
for await (const epoch of fit(network, dataset, { recipe: RECIPES.paper, epochs: 1, threads: threads() })) {
  const accuracy: number = epoch.validationAccuracy;
  console.log(accuracy);
}
const one: Prediction = await predict(network, await decodeImage(new Uint8Array(1)));
const several: Prediction[] = await predict(network, [{ width: 1, height: 1, data: Uint8Array.of(0) }]);
const bytes: Uint8Array = writeWeights(network.weights(), "pth");
console.log(one.label, several, LeNet5.from(readWeights(bytes)), LeNet5.from(await loadWeights("file")));
console.log((await gradients(network, [], [])).gradients.get("conv1.weight")?.data[0].toFixed());
console.log(wasmBackend, lenet5, generateDigits({ seed: 0, count: 1, part: "train" }));
// @ts-expect-error a network has classes
LeNet5.create({});
`;

const BROWSER_PROGRAM = `
import { type LeNet5, predict } from "lenet";
import { decodeImage, threads } from "lenet/browser";

export async function all(network: LeNet5, canvas: HTMLCanvasElement, offscreen: OffscreenCanvas, file: File) {
  const contexts = [canvas.getContext("2d")!, offscreen.getContext("2d")!];
  await predict(network, [canvas, offscreen, ...contexts, new ImageData(1, 1), await decodeImage(file)]);
  // @ts-expect-error its pixels cannot be read
  await predict(network, await createImageBitmap(file));
  return threads().count.toFixed();
}
`;

/** A file name, its text, and compiler options. */
type Program = [string, string, string[]];

/** The examples in the README. */
const EXAMPLES = [...readFileSync("README.md", "utf8").matchAll(/```ts\n(.*?)```/gs)].map(([, program]) => program);

describe("its types", () => {
  const RESOLUTIONS = [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ];
  const PROGRAMS: Program[] = [
    ["node", NODE_PROGRAM, ["--lib", "ES2023", "--types", "node"]],
    ["browser", BROWSER_PROGRAM, ["--lib", "ES2023,DOM", "--types", ""]],
    ...EXAMPLES.map(
      (program, index): Program => [`readme${index}`, program, ["--lib", "ES2023,DOM", "--types", "node"]],
    ),
  ];
  beforeAll(() => {
    for (const name of ["@types", "undici-types"]) {
      symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
    }
  });

  it("are checked with the README's examples, too", () => expect(EXAMPLES.length).toBeGreaterThan(1));

  it.each(RESOLUTIONS)("are correct with module %s and moduleResolution %s", (module, resolution) => {
    for (const [name, program, options] of PROGRAMS) {
      writeFileSync(join(folder, `${name}.ts`), program);
      const how = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "ES2022", ...options];
      const command = [TYPESCRIPT, ...how, "--module", module, "--moduleResolution", resolution, `${name}.ts`];
      const { status, stdout } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
      expect({ name, status, stdout }).toEqual({ name, status: 0, stdout: "" });
    }
  });
});

/** An entry with all its exports, bundled and minified. */
function bundled(entry: string): Promise<Rolldown.OutputChunk> {
  return bundledFile(join(installed, manifest().exports[entry].default));
}

async function bundledFile(input: string): Promise<Rolldown.OutputChunk> {
  const result = await build({
    configFile: false,
    root: folder,
    logLevel: "error",
    build: {
      write: false,
      rolldownOptions: { input, preserveEntrySignatures: "strict" },
    },
  });
  const chunks = [result].flat().flatMap((each) => ("output" in each ? each.output : []));
  return chunks.find((chunk) => chunk.type === "chunk" && chunk.isEntry) as Rolldown.OutputChunk;
}

describe("bundled for browsers", () => {
  it(`the core is smaller than ${MOST_KILOBYTES} kB gzipped and has no dependencies`, async () => {
    const { code, imports, dynamicImports, modules, exports } = await bundled(".");
    expect(exports).toEqual(expect.arrayContaining(["LeNet5", "fit", "predict"]));
    expect([...imports, ...dynamicImports]).toEqual([]);
    expect(Object.keys(modules).filter((module) => !module.includes("lenet/dist/"))).toEqual([]);
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(MOST_KILOBYTES * 1000);
  });

  it.each(["./data", "./engine", "./browser"])("%s has no dependencies, either", async (entry) => {
    const { modules } = await bundled(entry);
    expect(Object.keys(modules).filter((module) => !module.includes("lenet/dist/"))).toEqual([]);
  });

  it(`reading weights and predicting takes less than ${MOST_PREDICTION_KILOBYTES} kB gzipped`, async () => {
    const program = join(folder, "prediction.js");
    copyFileSync("tests/everywhere/prediction.js", program);
    const { code, imports, modules } = await bundledFile(program);
    expect(imports).toEqual([]);
    // Recipes, training and what only they need are left out.
    const unneeded =
      /recipes\/recipes|recipeSchema|vendor\/|[tT]raining(Code|Machine)|stepCode|optimizer|checked(Backend|Evaluator)/;
    expect(Object.keys(modules).filter((module) => unneeded.test(module))).toEqual([]);
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(MOST_PREDICTION_KILOBYTES * 1000);
  });

  it("the formats can be bundled", async () => {
    expect((await bundled("./formats")).exports).toEqual(expect.arrayContaining(["readWeights", "writeWeights"]));
  });
});
