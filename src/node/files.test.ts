import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFolderExclusive, describeFileError, writeFileAtomic } from "./files.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("writeFileAtomic", () => {
  it("writes bytes and text, replaces what was there and leaves nothing else", async () => {
    const path = join(folder, "model.bin");
    await writeFileAtomic(path, Uint8Array.of(0, 128, 255));
    expect([...(await readFile(path))]).toEqual([0, 128, 255]);
    await writeFileAtomic(path, "é");
    expect([...(await readFile(path))]).toEqual([0xc3, 0xa9]);
    expect(await readdir(folder)).toEqual(["model.bin"]);
  });

  it("leaves the old file, and no temporary one, where it fails", async () => {
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
  it("has words for the system's codes and the first line of any other message", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    expect(describeFileError(full, "write a")).toBe("cannot write a: no space left on the device");
    expect(describeFileError(new Error("odd\n  at x"), "read b")).toBe("cannot read b: odd");
    expect(describeFileError("thrown", "read b")).toBe("cannot read b: thrown");
  });
});

describe("createFolderExclusive", () => {
  it.runIf(process.platform === "linux")(
    "fails, and does not go on for ever, where no folder can be made",
    async () => {
      await expect(createFolderExclusive("/proc/lenet/run")).rejects.toThrow(
        /^cannot create the folder \/proc\/lenet\/run: (no such file or folder|permission denied)$/,
      );
    },
  );

  it("creates parents that several ask for at the same time", async () => {
    // Who is faster differs from round to round.
    for (let round = 0; round < 200; round++) {
      const parent = join(folder, `round-${round}`, "deep", "down");
      await Promise.all([1, 2, 3].map((run) => createFolderExclusive(join(parent, `run-${run}`))));
      expect((await readdir(parent)).length).toBe(3);
    }
  });

  it("creates a folder with its parents, once", async () => {
    const path = join(folder, "runs", "first");
    await createFolderExclusive(path);
    expect(await readdir(path)).toEqual([]);
    await expect(createFolderExclusive(path)).rejects.toThrow(
      new Error(`cannot create the folder ${path}: it exists already`),
    );
  });

  it("fails where a file has the name or stands in the way", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    await expect(createFolderExclusive(path)).rejects.toThrow("it exists already");
    await expect(createFolderExclusive(join(path, "below"))).rejects.toThrow(
      /^cannot create the folder .*file.below: /,
    );
  });
});
