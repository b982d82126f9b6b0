// Completes dist/ after the compiler: `npm run build`.
//
// - dist/vendor: the parts of other packages that src/vendor names, so that nobody installs the rest of them
// - dist/fonts: the two faces that pictures use
// - dist/lab: the built site
// - dist/THIRD-PARTY.txt: the licence of everything that is in these three
// - dist/src: the sources that declarations refer to, for "go to definition"
// Declarations that no entry reaches are removed: nobody can import them.
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = dirname(fileURLToPath(import.meta.url));
const DIST = join(ROOT, "dist");
const FONTS = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];
const { resolve: locate } = createRequire(import.meta.url);

const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
await chmod(join(ROOT, manifest.bin.lenet), 0o755);

const site = await build({ logLevel: "warn" });
const vendor = await build({
  configFile: false,
  root: ROOT,
  publicDir: false,
  logLevel: "warn",
  build: {
    outDir: join(DIST, "vendor"),
    emptyOutDir: false,
    target: "es2022",
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(
        (await readdir(join(ROOT, "src/vendor"))).map((file) => [
          file.replace(/\.ts$/, ""),
          join(ROOT, "src/vendor", file),
        ]),
      ),
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
});

const fonts = dirname(locate("dejavu-fonts-ttf/package.json"));
await mkdir(join(DIST, "fonts"), { recursive: true });
for (const font of FONTS) await copyFile(join(fonts, "ttf", font), join(DIST, "fonts", font));

await writeFile(join(DIST, "THIRD-PARTY.txt"), await licences([site, vendor]));
await removeUnreachable(Object.values(manifest.exports).flatMap((entry) => entry.types ?? []));

/** The licence texts of all packages that builds contain modules of, and of the fonts. */
async function licences(builds) {
  const modules = builds.flat().flatMap(({ output }) => output.flatMap((chunk) => Object.keys(chunk.modules ?? {})));
  const folders = modules.flatMap(
    (path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path.replaceAll("\\", "/")) ?? [],
  );
  const parts = [];
  for (const folder of [...new Set([...folders, fonts])].sort()) {
    const { name, version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new Error(`${name} has no licence file`);
    parts.push(`${name} ${version}\n${"=".repeat(40)}\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`);
  }
  return `This package contains parts of the following ones.\n\n${parts.join("\n\n")}`;
}

/** Removes the declarations that none of the given ones imports, directly or not. */
async function removeUnreachable(entries) {
  const reached = new Set();
  const visit = async (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = await readFile(path, "utf8");
    for (const [, specifier] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)) {
      await visit(resolve(dirname(path), `${specifier}.d.ts`));
    }
  };
  for (const entry of entries) await visit(join(ROOT, entry));
  const foreign = [...reached].filter((path) => relative(DIST, path).startsWith("vendor"));
  if (foreign.length > 0) throw new Error(`the public types need ${foreign.join(", ")}, which refer to other packages`);
  for (const file of await readdir(DIST, { recursive: true })) {
    const path = join(DIST, file);
    if (!/\.d\.ts(\.map)?$/.test(file)) continue;
    if (!reached.has(path.replace(/\.map$/, ""))) await rm(path);
    else if (file.endsWith(".map")) await bringSource(path);
  }
}

/** Copies the source that a map of declarations refers to into dist. */
async function bringSource(map) {
  const content = JSON.parse(await readFile(map, "utf8"));
  const source = resolve(dirname(map), content.sources[0]);
  const copy = join(DIST, "src", relative(join(ROOT, "src"), source));
  await mkdir(dirname(copy), { recursive: true });
  await copyFile(source, copy);
  await writeFile(map, JSON.stringify({ ...content, sources: [relative(dirname(map), copy).replaceAll("\\", "/")] }));
}
