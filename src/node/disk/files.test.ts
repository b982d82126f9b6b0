import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openFiles } from "../../../tests/support/openFiles.js";
import { CATALOG, type CatalogEntry, type CatalogFile, type IdxEntry } from "../../data/catalog.js";
import { readChecked, readStored, sha256, storedLimit } from "./checkedFile.js";
import { archiveFiles, folderFiles, namesInFolder } from "./fileSet.js";
import {
  createFolderExclusive,
  createFolders,
  DamagedFileError,
  describeFileError,
  errorCode,
  FolderExistsError,
  isFile,
  isFolder,
  readFileBounded,
  removeTemporaries,
  renameDurably,
  writeFileAtomic,
} from "./files.js";
import { unpackGzip } from "./gzip.js";
import { packageFile } from "./packageFile.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("writeFileAtomic", () => {
  it("writes bytes and text, replaces the old file and leaves nothing else", async () => {
    const path = join(folder, "model.bin");
    await writeFileAtomic(path, Uint8Array.of(0, 128, 255));
    expect([...(await readFile(path))]).toEqual([0, 128, 255]);
    await writeFileAtomic(path, "é");
    expect([...(await readFile(path))]).toEqual([0xc3, 0xa9]);
    expect(await readdir(folder)).toEqual(["model.bin"]);
  });

  it("writes pieces in order", async () => {
    await writeFileAtomic(join(folder, "file"), [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
    expect([...(await readFile(join(folder, "file")))]).toEqual([1, 2, 3]);
  });

  it("keeps the old file under another name on request", async () => {
    const [path, before] = [join(folder, "last"), join(folder, "previous")];
    for (const content of ["1", "2", "3"]) await writeFileAtomic(path, content, before);
    expect(await readFile(path, "utf8")).toBe("3");
    expect(await readFile(before, "utf8")).toBe("2");
    expect((await readdir(folder)).sort()).toEqual(["last", "previous"]);
  });

  it("leaves the old file and no temporary one if it fails", async () => {
    const path = join(folder, "taken");
    await mkdir(path);
    await expect(writeFileAtomic(path, "new")).rejects.toThrow(new Error(`cannot write ${path}: it is a folder`));
    expect(await readdir(folder)).toEqual(["taken"]);
  });

  it("makes the content survive a power cut, then the name, if the file system can", async () => {
    const path = join(folder, "file");
    const flushed: string[] = [];
    const handle = await open(folder, "r");
    const sync = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, "sync");
    await handle.close();
    try {
      sync.mockImplementation(async function (this: FileHandle) {
        flushed.push((await this.stat()).isDirectory() ? "folder" : "file");
      });
      await writeFileAtomic(path, "1");
      expect(flushed).toEqual(["file", "folder"]);
      const failing = (code: string) => async () => {
        throw Object.assign(new Error(code), { code });
      };
      const whole = async () => {};
      for (const code of ["EINVAL", "ENOTSUP", "EISDIR", "EPERM"]) {
        sync.mockImplementationOnce(whole).mockImplementationOnce(failing(code));
        await writeFileAtomic(path, code);
        expect(await readFile(path, "utf8")).toBe(code);
      }
      sync.mockImplementationOnce(whole).mockImplementationOnce(failing("EIO"));
      await expect(writeFileAtomic(path, "2")).rejects.toThrow(`cannot write ${path}: the device reports an error`);
      // A file that cannot be flushed does not get its name.
      sync.mockImplementationOnce(failing("EINVAL"));
      await expect(writeFileAtomic(path, "3")).rejects.toThrow(`cannot write ${path}: EINVAL`);
      expect(await readFile(path, "utf8")).toBe("2");
    } finally {
      sync.mockRestore();
    }
  });

  it("says in one line that the folder is missing or is a file", async () => {
    const missing = join(folder, "missing", "a");
    const failure = await writeFileAtomic(missing, "").catch((error: unknown) => error);
    expect(failure).toEqual(new Error(`cannot write ${missing}: no such file or folder`));
    expect(failure).toMatchObject({ cause: { code: "ENOENT" } });
    await writeFile(join(folder, "file"), "");
    const inside = join(folder, "file", "a");
    await expect(writeFileAtomic(inside, "")).rejects.toThrow(
      new Error(`cannot write ${inside}: a part of the path is not a folder`),
    );
  });
});

describe("describeFileError", () => {
  it("explains system error codes, and takes the first line of other messages", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    expect(describeFileError(full, "write a")).toBe("cannot write a: no space left on the device");
    expect(describeFileError(new Error("odd\n  at x"), "read b")).toBe("cannot read b: odd");
    expect(describeFileError("thrown", "read b")).toBe("cannot read b: thrown");
    const unknown = Object.assign(new Error("EXOTIC: an odd one, read"), { code: "EXOTIC" });
    expect(describeFileError(unknown, "read b")).toBe("cannot read b: EXOTIC: an odd one, read");
    expect(errorCode(unknown)).toBe("EXOTIC");
    for (const error of [
      new Error("x"),
      Object.assign(new Error("x"), { code: 7 }),
      { code: "ENOENT" },
      "ENOENT",
      null,
    ]) {
      expect(errorCode(error)).toBeUndefined();
    }
  });
});

describe("readFileBounded", () => {
  it("reads a file of at most as many bytes", async () => {
    const path = join(folder, "file");
    await writeFile(path, "abc");
    expect(new TextDecoder().decode(await readFileBounded(path, 3))).toBe("abc");
    await expect(readFileBounded(path, 2)).rejects.toThrow(
      new Error(`cannot read ${path}: it has 1 MB; the limit is 0.000002 MB`),
    );
    await truncate(path, 1_234_000_001);
    await expect(readFileBounded(path, 32e6)).rejects.toThrow(
      new Error(`cannot read ${path}: it has 1,235 MB; the limit is 32 MB`),
    );
  });

  it("refuses what is no file", async () => {
    await expect(readFileBounded(folder, 9)).rejects.toThrow(new Error(`cannot read ${folder}: it is a folder`));
    const missing = join(folder, "missing");
    const failure = await readFileBounded(missing, 9).catch((error: unknown) => error);
    expect(failure).toEqual(new Error(`cannot read ${missing}: no such file or folder`));
    expect(failure).toMatchObject({ cause: { code: "ENOENT" } });
  });

  // The kernel says that it has 4096 bytes.
  const SHORTER = "/sys/devices/system/cpu/online";
  it.runIf(existsSync(SHORTER))("reads a file that has become shorter", async () => {
    const text = new TextDecoder().decode(await readFileBounded(SHORTER, 10_000));
    expect(text).toBe(readFileSync(SHORTER, "utf8"));
  });

  it.runIf(process.platform === "linux")("refuses a pipe without waiting for its other end", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(readFileBounded(pipe, 9)).rejects.toThrow(new Error(`cannot read ${pipe}: it is not a regular file`));
  });

  it.runIf(process.platform === "linux")("does not keep files open, nor does writing", async () => {
    const path = join(folder, "file");
    await writeFile(path, "abc");
    await readFileBounded(path, 3);
    await readFileBounded(path, 2).catch(() => {});
    await writeFileAtomic(path, "abc");
    expect(openFiles(folder)).toEqual([]);
  });
});

describe("paths", () => {
  it("are folders, files or neither", async () => {
    await writeFile(join(folder, "file"), "");
    await symlink(folder, join(folder, "link"));
    const kinds = { ".": [true, false], link: [true, false], file: [false, true], none: [false, false] };
    for (const [name, [aFolder, aFile]] of Object.entries(kinds)) {
      expect([await isFolder(join(folder, name)), await isFile(join(folder, name))], name).toEqual([aFolder, aFile]);
    }
  });

  it("get their missing parents, unless a file is in the way", async () => {
    const deep = join(folder, "a", "b", "c");
    for (let round = 0; round < 2; round++) await createFolders(deep);
    expect(await isFolder(deep)).toBe(true);
    await writeFile(join(folder, "file"), "");
    await expect(createFolders(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(createFolders(join(folder, "file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  it("get another name, and the older file a third one", async () => {
    const [first, second, third] = ["1", "2", "3"].map((name) => join(folder, name));
    await writeFile(first, "new");
    await renameDurably(first, second, third);
    expect(await readdir(folder)).toEqual(["2"]);
    await writeFile(first, "newer");
    await mkdir(third);
    await expect(renameDurably(first, second, third)).rejects.toMatchObject({ code: "EISDIR" });
    expect(await readFile(second, "utf8")).toBe("new");
  });
});

describe("unpackGzip", () => {
  const content = Uint8Array.from({ length: 3000 }, (_, index) => (index * index) % 251);
  const packed = new Uint8Array(gzipSync(content));

  it("unpacks what begins like a gzip file, at any offset of a buffer", async () => {
    expect(Buffer.compare(await unpackGzip(packed, "a", 3000), content)).toBe(0);
    const shifted = new Uint8Array(packed.length + 3);
    shifted.set(packed, 3);
    expect(Buffer.compare(await unpackGzip(shifted.subarray(3), "a", 3000), content)).toBe(0);
    for (const bytes of [[], [0x1f], [0x1f, 0x8c, 8], [0x1e, 0x8b, 8]].map((each) => Uint8Array.from(each))) {
      expect(await unpackGzip(bytes, "a", 3000)).toBe(bytes);
    }
    expect(await unpackGzip(new Uint8Array(gzipSync("")), "a", 1)).toHaveLength(0);
  });

  it.each([
    ["too much", packed, 2999, "a is not the right file: it unpacks to more than 2999 bytes"],
    ["its start", packed.subarray(0, 2), 3000, "a is truncated: the packed file ends after 2 bytes"],
    ["a part", packed.subarray(0, 99), 3000, "a is truncated: the packed file ends after 99 bytes"],
    ["another method", packed.with(2, 9), 3000, "a is damaged: it cannot be unpacked (unknown compression method)"],
    [
      "another checksum",
      packed.with(-8, packed.at(-8)! ^ 1),
      3000,
      "a is damaged: it cannot be unpacked (incorrect data",
    ],
  ])("refuses %s", async (_, bytes, limit, message) => {
    await expect(unpackGzip(bytes, "a", limit)).rejects.toThrow(DamagedFileError);
    await expect(unpackGzip(bytes, "a", limit)).rejects.toThrow(message);
  });
});

describe("a file of the catalog", () => {
  const content = Buffer.from("content");
  const hash = createHash("sha256").update(content).digest("hex");
  const known = (of: CatalogFile["known"], bytes = content.length): CatalogFile => ({
    name: "a.gz",
    known: of,
    bytes,
    sha256: hash,
  });

  it("has a checksum over all its pieces", () => {
    expect(sha256(content.subarray(0, 3), content.subarray(3))).toBe(hash);
  });

  it("may be packed if its content is known", async () => {
    const path = join(folder, "a.gz");
    expect(await readChecked(path, known("content"))).toBeUndefined();
    for (const stored of [content, gzipSync(content)]) {
      await writeFile(path, stored);
      expect(await readChecked(join(path, "below"), known("content"))).toBeUndefined();
      expect(Buffer.from((await readChecked(path, known("content")))!).equals(content)).toBe(true);
    }
    await expect(readChecked(path, known("file"))).rejects.toThrow(
      `${path} is not the right file: expected at most 7 bytes, found 27 bytes`,
    );
    await writeFile(path, "Content");
    await expect(readChecked(path, known("file"))).rejects.toThrow(
      new DamagedFileError(
        `${path} is not the right file: expected 7 bytes with sha256 ${hash}, found 7 bytes with sha256 ${sha256(Buffer.from("Content"))}`,
      ),
    );
    await writeFile(path, content);
    expect(Buffer.from((await readChecked(path, known("file")))!).equals(content)).toBe(true);
    await expect(readStored(path, 6)).rejects.toThrow("expected at most 6 bytes, found 7 bytes");
    await expect(readStored(folder, 6)).rejects.toThrow(new DamagedFileError(`${folder} is not a file`));
    await expect(readStored("a\0b", 6)).rejects.toThrow(DamagedFileError);
  });

  it("is named if it is there in the place of another", async () => {
    const path = join(folder, "a.gz");
    const other = Buffer.from("another");
    await writeFile(path, other);
    const images: CatalogFile = { name: "images.gz", known: "file", bytes: 7, sha256: sha256(other) };
    const entry = { ...CATALOG.find(({ format }) => format === "idx")!, title: "Other-MNIST" } as IdxEntry;
    const { test, train } = entry.parts;
    (CATALOG as CatalogEntry[]).push({ ...entry, parts: { train, test: { ...test, images } } });
    try {
      await expect(readChecked(path, known("file"))).rejects.toThrow(
        `found 7 bytes with sha256 ${sha256(other)}, which is images.gz of Other-MNIST`,
      );
    } finally {
      (CATALOG as CatalogEntry[]).pop();
    }
  });

  it("may take a thousandth and a kilobyte more if it cannot be compressed", () => {
    expect(storedLimit(known("file", 5000))).toBe(5000);
    expect(storedLimit(known("content", 5000))).toBe(5000 + 5 + 1024);
    expect(storedLimit(known("content", 5001))).toBe(5001 + 6 + 1024);
  });
});

describe("a set of files", () => {
  const files = { b: "second", "a.gz": gzipSync("first"), long: "123456789" };

  it("is a folder", async () => {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    const set = (await folderFiles(folder, 30))!;
    expect(set).toMatchObject({ path: folder, names: ["a.gz", "b", "long"] });
    const read = async (name: string) => {
      const { bytes, what } = await set.read(name);
      return [new TextDecoder().decode(bytes), what];
    };
    expect(await read("a.gz")).toEqual(["first", join(folder, "a.gz")]);
    expect(await read("b")).toEqual(["second", join(folder, "b")]);
    await rm(join(folder, "b"));
    await expect(set.read("b")).rejects.toThrow(new DamagedFileError(`${join(folder, "b")} was removed`));
    await expect((await folderFiles(folder, 8))!.read("long")).rejects.toThrow("expected at most 8 bytes, found 9");
    for (const none of [join(folder, "none"), join(folder, "long"), join(folder, "long", "below")]) {
      expect(await folderFiles(none, 30)).toBeUndefined();
      expect(await namesInFolder(none)).toBeUndefined();
    }
    const many = Array.from({ length: 40 }, (_, index) => String(index));
    await mkdir(join(folder, "many"));
    for (const name of many) await writeFile(join(folder, "many", name), "");
    expect(await namesInFolder(join(folder, "many"))).toEqual(many.sort());
    await expect(namesInFolder("a\0b")).rejects.toThrow(/^cannot read the folder a\0b: /);
  });

  it("is an archive, packed or not", async () => {
    const tar = createTar(Object.entries(files).map(([name, data]) => ({ name, data: Buffer.from(data) })));
    for (const stored of [tar, gzipSync(tar)]) {
      const set = await archiveFiles(stored, "x.tar", tar.length);
      expect(set).toMatchObject({ path: "x.tar", names: ["a.gz", "b", "long"] });
      const { bytes, what } = await set.read("a.gz");
      expect([new TextDecoder().decode(bytes), what]).toEqual(["first", "a.gz in x.tar"]);
      await expect(set.read("c")).rejects.toThrow(new DamagedFileError("x.tar holds no c"));
    }
    await expect(archiveFiles(gzipSync(tar), "x.tar", tar.length - 1)).rejects.toThrow("it unpacks to more than");
    await expect(archiveFiles(tar.subarray(0, 515), "x.tar", tar.length)).rejects.toThrow(DamagedFileError);
  });
});

it("finds a file of an installed package", () => {
  expect(packageFile("vitest/package.json")).toBe(realpathSync("node_modules/vitest/package.json"));
  expect(() => packageFile("not-installed/index.js")).toThrow();
});

describe("removeTemporaries", () => {
  it("removes files named like interrupted writes, and nothing else", async () => {
    const kept = [
      ...[".lenet-12-0123abcd.lock", ".lenet-12-0123abcd.tmp.gz", "lenet-12-0123abcd.tmp", "model.tmp"],
      ...["x.lenet-12-0123abcd.tmp", ".lenet--0123abcd.tmp", ".lenet-x-0123abcd.tmp", ".lenet-12-0123abc.tmp"],
    ];
    for (const name of [...kept, ".lenet-12-0123abcd.tmp", ".lenet-99999-ffffffff.tmp"]) {
      await writeFile(join(folder, name), "");
    }
    expect(await removeTemporaries(folder)).toBe(2);
    expect((await readdir(folder)).sort()).toEqual(kept.sort());
  });
});

describe("createFolderExclusive", () => {
  const fill = (temporary: string) => writeFile(join(temporary, "a"), "content");

  it("writes nothing if the name cannot be had", async () => {
    const path = join(folder, "x".repeat(300));
    const failure = await createFolderExclusive(path, () => expect.fail("it is filled")).catch(
      (error: unknown) => error,
    );
    expect(failure).toEqual(new Error(`cannot create the folder ${path}: the name is too long`));
    expect(failure).toMatchObject({ cause: { code: "ENAMETOOLONG" } });
  });

  it.runIf(process.platform === "linux")("fails, and does not hang, where no folder can be created", async () => {
    await expect(createFolderExclusive("/proc/lenet/run", fill)).rejects.toThrow(
      /^cannot create the folder \/proc\/lenet\/run: (no such file or folder|permission denied)$/,
    );
  });

  it("creates parents that several callers need at the same time", async () => {
    // Which one is faster varies.
    for (let round = 0; round < 200; round++) {
      const parent = join(folder, `round-${round}`, "deep", "down");
      await Promise.all([1, 2, 3].map((run) => createFolderExclusive(join(parent, `run-${run}`), fill)));
      expect((await readdir(parent)).length).toBe(3);
    }
  });

  it("creates a folder with its parents, once", async () => {
    const path = join(folder, "runs", "first");
    await createFolderExclusive(path, fill);
    expect(await readdir(path)).toEqual(["a"]);
    await expect(createFolderExclusive(path, fill)).rejects.toThrow(
      new FolderExistsError(`cannot create the folder ${path}: it exists already`),
    );
  });

  it("fails if a broken link has its name, and says what failed otherwise", async () => {
    const path = join(folder, "link");
    await symlink(join(folder, "nowhere"), path);
    await expect(createFolderExclusive(path, fill)).rejects.toThrow(FolderExistsError);
    const refused = createFolderExclusive(join(folder, "new"), async () => {
      throw new Error("cannot write a: no space", { cause: new Error("no space") });
    });
    await expect(refused).rejects.toThrow(new Error(`cannot create the folder ${join(folder, "new")}: no space`));
    await expect(refused).rejects.not.toThrow(FolderExistsError);
  });

  it("fails if a file has its name or a parent's", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    await expect(createFolderExclusive(path, fill)).rejects.toThrow("it exists already");
    await expect(createFolderExclusive(join(path, "below"), fill)).rejects.toThrow(
      /^cannot create the folder .*file.below: /,
    );
  });

  it("succeeds for one of several simultaneous callers, and leaves nothing if filling fails", async () => {
    const path = join(folder, "run");
    const made = await Promise.allSettled([1, 2, 3].map(() => createFolderExclusive(path, fill)));
    expect(made.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
    const full = async (temporary: string) => {
      await fill(temporary);
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    };
    const other = join(folder, "other");
    await expect(createFolderExclusive(other, full)).rejects.toThrow(
      new Error(`cannot create the folder ${other}: no space left on the device`),
    );
    expect(await readdir(folder)).toEqual(["run"]);
  });
});
