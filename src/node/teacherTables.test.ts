import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTeacherTable, writeTeacherTable } from "./teacherTables.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-tables-"));
  path = join(folder, "teachers", "table.bin");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const TABLE = Float32Array.of(1, Number.NaN, -0, 3e38);

describe("a teacher's table", () => {
  it("comes back bit for bit", async () => {
    await writeTeacherTable(path, TABLE);
    expect(await readTeacherTable(path)).toEqual(TABLE);
    expect(await readTeacherTable(join(folder, "missing"))).toBeUndefined();
  });

  it("is computed again if it is damaged anywhere, or cut off", async () => {
    await writeTeacherTable(path, TABLE);
    const whole = await readFile(path);
    for (let place = 0; place < whole.length; place++) {
      await writeFile(path, whole.with(place, whole[place] ^ 1));
      expect(await readTeacherTable(path)).toBeUndefined();
      await writeFile(path, whole.subarray(0, place));
      expect(await readTeacherTable(path)).toBeUndefined();
    }
  });

  it.runIf(process.platform === "linux")(
    "is computed again if a pipe has its name, which is then replaced",
    async () => {
      await writeTeacherTable(path, TABLE);
      await rm(path);
      execFileSync("mkfifo", [path]);
      expect(await readTeacherTable(path)).toBeUndefined();
      await writeTeacherTable(path, TABLE);
      expect(await readTeacherTable(path)).toEqual(TABLE);
    },
  );
});
