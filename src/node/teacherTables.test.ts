import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AUGMENTATIONS } from "../data/augmentation.js";
import { readTeacherTable, teacherTablePath, writeTeacherTable } from "./teacherTables.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-tables-"));
  path = join(folder, "teachers", "table.bin");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const TABLE = Float32Array.of(1, Number.NaN, -0, 3e38);

describe("a teacher's table", () => {
  it("has a place of its own for all that the answers depend on", () => {
    type Arguments = Parameters<typeof teacherTablePath>;
    const teacher = (checksum: string): Arguments[0][0] => ({ type: "network", path: "/teacher", checksum });
    const images = {
      checksum: "a",
      labels: Uint8Array.of(0, 1),
      classes: ["a", "b"],
      channels: 1,
      height: 2,
      width: 3,
    };
    const dataset = images as unknown as Arguments[1];
    const augmentation = { ...AUGMENTATIONS.none, cropPadding: 1 };
    const engine = { arithmetic: "wasm-fused", kernels: 2 };
    const places: Arguments[] = [
      [[teacher("1")], dataset, augmentation, engine],
      [[teacher("2")], dataset, augmentation, engine],
      [[teacher("1"), teacher("2")], dataset, augmentation, engine],
      [[teacher("1")], { ...dataset, checksum: "b" }, augmentation, engine],
      [[teacher("1")], { ...dataset, width: 2 }, augmentation, engine],
      [[teacher("1")], dataset, { ...augmentation, flip: 0.5 }, engine],
      [[teacher("1")], dataset, augmentation, { ...engine, arithmetic: "wasm-portable" }],
      [[teacher("1")], dataset, augmentation, { ...engine, kernels: 3 }],
    ];
    const paths = places.map((each) => teacherTablePath(...each));
    expect(paths).not.toContain(undefined);
    expect(new Set(paths).size).toBe(places.length);
    // Rotations cannot be counted, and soft labels need no table.
    expect(teacherTablePath([teacher("1")], dataset, { ...augmentation, degrees: 1 }, engine)).toBeUndefined();
    const softLabels = { type: "softLabels", path: "/labels", checksum: "1" } as const;
    expect(teacherTablePath([softLabels], dataset, augmentation, engine)).toBeUndefined();
  });

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
