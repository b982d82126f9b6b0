import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { blackPng } from "../../tests/support/images.js";
import type { ImageSettings } from "../data/images/resize.js";
import { sha256 } from "./disk/checkedFile.js";
import { type ImageFolderOptions, loadImageFolder } from "./imageFolder.js";
import { encodePng } from "./images/png.js";

const SIZE = 6;
const settings: ImageSettings = { shape: { channels: 1, height: SIZE, width: SIZE }, resize: "stretch", background: 0 };

let folder: string;
let root: string;
let decoded: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-images-"));
  root = join(folder, "animals");
  mkdirSync(root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** An image of one grey value, by which it can be identified. */
async function image(path: string, value: number, size = SIZE): Promise<void> {
  put(path, await encodePng(new Uint8Array(size * size).fill(value), size, size));
}

async function images(prefix: string, count: number, firstValue: number): Promise<void> {
  for (let index = 0; index < count; index++) await image(`${prefix}/${index}.png`, firstValue + index);
}

/** Loads the folder and counts the decoded files. */
function load(options: ImageFolderOptions = {}) {
  decoded = 0;
  const onProgress = ({ done }: { done: number }) => {
    decoded = done;
  };
  return loadImageFolder(root, settings, { cache: join(folder, "cache"), onProgress, ...options });
}

/** The grey value of each image. */
const values = (dataset: { images: Uint8Array } | undefined) =>
  Array.from({ length: (dataset?.images.length ?? 0) / SIZE ** 2 }, (_, index) => dataset?.images[index * SIZE ** 2]);

describe("the layouts", () => {
  it("holds out a fixed fifth of each class, whatever the folder's name", async () => {
    await images("dog", 10, 100);
    await images("cat", 5, 10);
    await image("Zebra/deep/er/1.png", 200);
    await image("Zebra/2.PNG", 201);
    const { parts, skipped, warnings } = await load();
    const { train, test } = parts;
    expect(train).toMatchObject({ name: "animals", classes: ["Zebra", "cat", "dog"], channels: 1, generated: false });
    expect([train.labels.length, test?.labels.length]).toEqual([13, 4]);
    expect([...test!.labels]).toEqual([0, 1, 2, 2]);
    expect([...values(train), ...values(test)].sort()).toEqual(
      [...Array(10).keys()]
        .map((n) => 100 + n)
        .concat([10, 11, 12, 13, 14, 200, 201])
        .sort(),
    );
    const classOf = (value: number) => (value >= 200 ? 0 : value < 100 ? 1 : 2);
    expect(values(train).map((value) => classOf(value!))).toEqual([...train.labels]);
    expect(train.checksum).toBe(sha256(train.images, train.labels));
    expect(parts.validationCount).toBeUndefined();
    expect(skipped).toEqual([]);
    expect(warnings).toEqual(['the classes are uneven: "dog" has 8 training images, "Zebra" only 1']);
    const again = await load({ cache: join(folder, "another") });
    expect(again.parts).toEqual(parts);
  });

  it.each(["val", "valid", "validation", "Val"])("uses train, %s and test as they are", async (name) => {
    for (const [part, first] of [
      ["train", 0],
      ["test", 50],
      [name, 100],
    ] as const) {
      await images(`${part}/a`, 2, first);
      await images(`${part}/b`, 3, first + 10);
    }
    const { parts } = await load();
    expect(values(parts.train)).toEqual([0, 1, 10, 11, 12, 100, 101, 110, 111, 112]);
    expect([...parts.train.labels]).toEqual([0, 0, 1, 1, 1, 0, 0, 1, 1, 1]);
    expect(parts.validationCount).toBe(5);
    expect(values(parts.test)).toEqual([50, 51, 60, 61, 62]);
  });

  it("has no test set with only train and val, and holds one out with only train", async () => {
    await images("train/a", 5, 0);
    await images("train/b", 5, 10);
    expect((await load()).parts.test?.labels.length).toBe(2);
    await images("val/a", 1, 100);
    await images("val/b", 1, 110);
    const { parts } = await load();
    expect(parts).not.toHaveProperty("test");
    expect(parts.validationCount).toBe(2);
    expect(parts.train.labels.length).toBe(12);
  });

  it("treats a folder called train as a class if it holds images", async () => {
    await images("train", 2, 0);
    await images("bus", 2, 10);
    expect((await load()).parts.train.classes).toEqual(["bus", "train"]);
  });

  it("skips hidden files, and follows links but not loops", async () => {
    await images("a", 1, 0);
    await images("b", 1, 10);
    await image(".hidden/1.png", 20);
    await image("__MACOSX/1.png", 20);
    put("a/.DS_Store", "x");
    await image("../elsewhere/1.png", 30);
    symlinkSync(join(folder, "elsewhere"), join(root, "b", "more"));
    symlinkSync(root, join(root, "a", "loop"));
    symlinkSync(join(root, "b"), join(folder, "elsewhere", "back"));
    symlinkSync(join(root, "nowhere"), join(root, "a", "dangling.png"));
    const { parts, skipped } = await load();
    expect(parts.train.classes).toEqual(["a", "b"]);
    expect([...values(parts.train), ...values(parts.test)].map(Number).sort((x, y) => x - y)).toEqual([0, 10, 30]);
    expect([...parts.train.labels, ...parts.test!.labels].sort()).toEqual([0, 1, 1]);
    expect(skipped).toEqual([{ path: "a/dangling.png", reason: "cannot read it: no such file or folder" }]);
  });
});

describe("errors, in one line", () => {
  const failure = async (options?: ImageFolderOptions) => {
    const error = await load(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message.replaceAll(root, "ROOT");
  };

  it("says what the folder lacks", async () => {
    expect(await failure()).toMatch(/^ROOT has no class folders: expected a folder for each class/);
    await images("a", 2, 0);
    expect(await failure()).toBe('ROOT has only one class, "a": expected a folder for each of at least 2 classes');
    put("b/readme.txt", "no image");
    expect(await failure()).toBe(
      'ROOT: the class "b" has no readable image ' +
        "(b/readme.txt: not a supported image (JPEG, PNG, WebP, GIF, BMP or TIFF))",
    );
    for (let index = 0; index < 256; index++) mkdirSync(join(root, `c${index}`));
    expect(await failure()).toBe("ROOT has 258 class folders; at most 256 are supported");
    rmSync(root, { recursive: true });
    expect(await failure()).toMatch(/^ROOT does not exist: /);
    writeFileSync(root, "a file");
    expect(await failure()).toMatch(/^ROOT is not a folder: /);
  });

  it("names classes that the parts do not share", async () => {
    await images("train/a", 1, 0);
    await images("train/b", 1, 10);
    await images("test/a", 1, 20);
    expect(await failure()).toBe('ROOT: the test part lacks the class "b", which the train part has');
    await images("test/b", 1, 30);
    await images("test/c", 1, 40);
    expect(await failure()).toBe('ROOT: the test part has a class "c", which the train part lacks');
    rmSync(join(root, "train"), { recursive: true });
    expect(await failure()).toMatch(/^ROOT has a folder test but no folder "train": /);
  });

  it("names a class without images in a part, with the reason from that part", async () => {
    for (const part of ["train", "test"]) for (const name of ["a", "b"]) await images(`${part}/${name}`, 1, 1);
    put("test/b/broken.png", "x");
    put("train/b/0.png", "");
    expect(await failure()).toBe(
      'ROOT: the class "b" has no readable image in the train part (train/b/0.png: the file is empty)',
    );
  });

  it("throws at the first skipped file if strict", async () => {
    await images("a", 2, 0);
    await images("b", 2, 10);
    put("a/broken.png", "x");
    expect(await failure({ strict: true })).toMatch(/^ROOT\/a\/broken.png: not a supported image \([^)]*\)$/);
    put("a/empty.jpg", "");
    put("notes.txt", "x");
    expect(await failure({ strict: true })).toMatch(/^ROOT\/a\/broken.png: .* \(and 2 more that cannot be used\)$/);
  });
});

describe("skipped files and warnings", () => {
  it("skips unusable files, each with its reason", async () => {
    await images("a", 2, 0);
    await images("b", 2, 10);
    put("a/bomb.png", blackPng(30_000, 30_000, 1000));
    put("a/cut.png", (await encodePng(new Uint8Array(400), 20, 20)).subarray(0, 60));
    put("b/empty.jpg", "");
    put("labels.csv", "a,b");
    const { skipped, parts } = await load();
    expect(skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      "a/bomb.png: too large: 30000x30000 pixels, the limit is 50 million",
      expect.stringMatching(/^a\/cut.png: damaged: /),
      "b/empty.jpg: the file is empty",
      "labels.csv: it is not in a class folder",
    ]);
    expect(parts.train.labels.length + parts.test!.labels.length).toBe(4);
  });

  it.skipIf(process.getuid?.() === 0)("skips unreadable files, and reads them once they are readable", async () => {
    await images("a", 2, 0);
    await images("b", 2, 10);
    chmodSync(join(root, "a/1.png"), 0);
    expect((await load()).skipped).toEqual([{ path: "a/1.png", reason: "cannot read it: permission denied" }]);
    chmodSync(join(root, "a/1.png"), 0o644);
    expect((await load()).skipped).toEqual([]);
    expect(decoded).toBe(1);
  });

  it("warns of images in two parts and of very uneven sizes", async () => {
    for (const part of ["train", "val", "test"]) {
      await images(`${part}/a`, 2, part.length * 10);
      await images(`${part}/b`, 2, part.length * 10 + 5);
    }
    await image("val/a/0.png", 55);
    await image("test/a/0.png", 50, 25);
    const { warnings } = await load();
    expect(warnings).toEqual([
      expect.stringMatching(
        /^2 images of the test and validation are also among the training images, such as train\/a\/0.png and test\/a\/0.png: /,
      ),
      "the images' sizes are very uneven, from 6x6 (train/a/0.png) to 25x25 (test/a/0.png); all are resized to 1x6x6",
    ]);
  });
});

describe("the cache", () => {
  beforeEach(async () => {
    await images("a", 4, 0);
    await images("b", 4, 10);
    put("b/broken.png", "x");
  });
  const cacheFile = () => {
    const place = join(folder, "cache", "images");
    const [name, ...others] = readdirSync(place);
    expect(others).toEqual([]);
    return join(place, name);
  };

  it("decodes nothing the second time, then only new and changed files", async () => {
    const first = await load();
    expect(decoded).toBe(9);
    const second = await load();
    expect(decoded).toBe(0);
    expect(second).toEqual(first);

    await image("a/new.png", 99);
    await image("b/1.png", 88, 7);
    const third = await load();
    expect(decoded).toBe(2);
    const all = [...values(third.parts.train), ...values(third.parts.test)].map(Number).sort((x, y) => x - y);
    expect(all).toEqual([0, 1, 2, 3, 10, 12, 13, 88, 99]);

    // Of the same length: only its time differs.
    const [path, content] = [join(root, "a/2.png"), readFileSync(join(root, "a/3.png"))];
    writeFileSync(path, content);
    utimesSync(path, 1, 1);
    await load();
    expect(decoded).toBe(1);

    rmSync(join(root, "a/3.png"));
    expect((await load()).parts.train.labels.length).toBe(6);
    expect(decoded).toBe(0);
    await load();
    expect(decoded).toBe(0);
  });

  it("is separate for other settings", async () => {
    await load();
    await loadImageFolder(root, { ...settings, background: 255 }, { cache: join(folder, "cache") });
    expect(readdirSync(join(folder, "cache", "images")).length).toBe(2);
  });

  it.each([
    ["flipped", (bytes: Buffer) => bytes.fill(bytes[bytes.length - 9] ^ 1, bytes.length - 9, bytes.length - 8)],
    ["truncated", (bytes: Buffer) => bytes.subarray(0, bytes.length - 5)],
    ["empty", () => Buffer.alloc(0)],
    ["of another format", () => Buffer.from("lenet images 0\n and something else that is long enough")],
  ])("is rebuilt if it is %s", async (_, damage) => {
    const first = await load();
    writeFileSync(cacheFile(), damage(readFileSync(cacheFile())));
    expect(await load()).toEqual(first);
    expect(decoded).toBe(9);
    await load();
    expect(decoded).toBe(0);
  });

  it.runIf(process.platform === "linux")("is rebuilt if a pipe has its name", async () => {
    const first = await load();
    const path = cacheFile();
    rmSync(path);
    execFileSync("mkfifo", [path]);
    expect(await load()).toEqual(first);
    expect(decoded).toBe(9);
  });

  it("is optional: if it cannot be written, everything is decoded again", async () => {
    writeFileSync(join(folder, "cache"), "a file in its place");
    await load();
    await load();
    expect(decoded).toBe(9);
  });

  it("is in the common cache folder by default", async () => {
    vi.stubEnv("XDG_CACHE_HOME", join(folder, "xdg"));
    await load({ cache: undefined });
    expect(readdirSync(join(folder, "xdg", "lenet", "images")).length).toBe(1);
  });
});

it("throws the signal's reason", async () => {
  await images("a", 2, 0);
  await images("b", 2, 10);
  await expect(load({ signal: AbortSignal.abort(new Error("interrupted")) })).rejects.toThrow("interrupted");
});
