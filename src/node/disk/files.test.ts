import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createFolderExclusive,
  describeFileError,
  FolderExistsError,
  removeTemporaries,
  writeFileAtomic,
} from "./files.js";

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

  it("says in one line that the folder is missing or is a file", async () => {
    const missing = join(folder, "missing", "a");
    await expect(writeFileAtomic(missing, "")).rejects.toThrow(
      new Error(`cannot write ${missing}: no such file or folder`),
    );
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
  });
});

describe("removeTemporaries", () => {
  it("removes files named like interrupted writes, and nothing else", async () => {
    const kept = [".lenet-12-0123abcd.lock", ".lenet-12-0123abcd.tmp.gz", "lenet-12-0123abcd.tmp", "model.tmp"];
    for (const name of [...kept, ".lenet-12-0123abcd.tmp", ".lenet-99999-ffffffff.tmp"]) {
      await writeFile(join(folder, name), "");
    }
    expect(await removeTemporaries(folder)).toBe(2);
    expect((await readdir(folder)).sort()).toEqual(kept.sort());
  });
});

describe("createFolderExclusive", () => {
  const fill = (temporary: string) => writeFile(join(temporary, "a"), "content");

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
