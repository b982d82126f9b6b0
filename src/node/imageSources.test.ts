import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findImages } from "./imageSources.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-sources-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The names found, relative to the folder. */
async function found(...paths: string[]) {
  const { sources, passedOver, unreachable } = await findImages(paths.map((path) => join(folder, path)));
  const inFolder = (path: string) => path.slice(folder.length + 1);
  expect(sources.every(({ name, image }) => name === image)).toBe(true);
  const names = sources.map(({ name }) => inFolder(name));
  return { names, passedOver, unreachable: unreachable.map(({ path, reason }) => [inFolder(path), reason]) };
}

it("lists folders in a fixed order, and skips hidden files and other formats", async () => {
  mkdirSync(join(folder, "shoes/b"), { recursive: true });
  mkdirSync(join(folder, "shoes/.git"));
  for (const name of [
    "10.png",
    "9.PNG",
    "a.jpeg",
    ".hidden.png",
    "b/damaged.webp",
    "notes.txt",
    "Thumbs.db",
    ".git/x.png",
  ]) {
    writeFileSync(join(folder, "shoes", name), "no image");
  }
  copyFileSync("tests/fixtures/images/color.png", join(folder, "shoes/b/image"));
  symlinkSync("..", join(folder, "shoes/b/loop"));
  symlinkSync("nowhere.png", join(folder, "shoes/gone.png"));
  expect(await found("shoes")).toEqual({
    names: ["shoes/10.png", "shoes/9.PNG", "shoes/a.jpeg", "shoes/b/damaged.webp", "shoes/b/image"],
    passedOver: 2,
    unreachable: [["shoes/gone.png", "cannot read it: no such file or folder"]],
  });
});

it("takes every file given by name, in the given order, repeated or not", async () => {
  mkdirSync(join(folder, "empty"));
  writeFileSync(join(folder, "notes.txt"), "no image");
  expect(await found("notes.txt", "empty", "nowhere.png", "notes.txt")).toEqual({
    names: ["notes.txt", "nowhere.png", "notes.txt"],
    passedOver: 0,
    unreachable: [],
  });
});

it("lists the images of an IDX file, as many as they are", async () => {
  const count = 300_000;
  const header = Buffer.from([
    0,
    0,
    8,
    3,
    ...[count, 1, 2].flatMap((extent) => [0, extent >> 16, extent >> 8, extent]),
  ]);
  writeFileSync(join(folder, "train-images-idx3-ubyte"), Buffer.concat([header, Buffer.alloc(2 * count, 1)]));
  const { sources } = await findImages([join(folder, "train-images-idx3-ubyte")]);
  expect(sources).toHaveLength(count);
  expect(sources.at(-1)?.image).toEqual({ width: 2, height: 1, data: Uint8Array.of(1, 1) });
});
