import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { type RunOptions, runProgram } from "./support/program.js";
import { testGpu, WEBGPU_HOOK } from "./support/webgpu.js";

// The command line on a graphics card, real or software. A step of a software card takes a good part of a second.

const { missing } = await testGpu();
const SETTINGS = "--data ./few --batch 4 --val-split 0.5 --epochs 2 --device gpu --quiet";

describe.skipIf(missing)(
  `lenet on a graphics card${missing ? ` (missing: ${missing})` : ""}`,
  { timeout: 600_000 },
  () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "lenet-gpu-"));
      await writeDigitFiles(join(folder, "few"), { train: 16, test: 4 }, { channels: 1, height: 12, width: 12 });
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const { LENET_WEBGPU = "", VK_ICD_FILENAMES = "" } = process.env;
    const env = { LENET_WEBGPU, VK_ICD_FILENAMES, NODE_OPTIONS: `--import ${WEBGPU_HOOK}` };
    const lenet = (args: string, options?: RunOptions) => runProgram(folder, args.split(" "), { ...options, env });
    const read = (...names: string[]) => readFile(join(folder, ...names));
    const readConfig = async (run: string) => JSON.parse((await read(run, "config.json")).toString());
    const expectSameBits = async (run: string, other: string) => {
      for (const name of ["last.ckpt", "model.pth", "best.safetensors"]) {
        expect((await read(run, name)).equals(await read(other, name)), `${run}, ${name}`).toBe(true);
      }
    };

    it("ends by itself, keeps the card in config.json, and resumes to the bit after it was killed", async () => {
      expect(await lenet(`train ${SETTINGS} --out whole`)).toMatchObject({ code: 0 });
      expect(await readConfig("whole")).toMatchObject({
        arithmetic: expect.stringMatching(/^webgpu /),
        card: { name: expect.any(String), driver: expect.any(String) },
      });
      let killed = false;
      const { code } = await lenet(`train ${SETTINGS.replace("--quiet", "--json")} --out killed`, {
        onOutput: (stdout, child) => {
          if (killed || !stdout.includes('"epoch":1')) return;
          killed = true;
          child.kill("SIGKILL");
        },
      });
      expect([code, killed]).toEqual([null, true]);
      await cp(join(folder, "killed"), join(folder, "moved"), { recursive: true });
      expect(await lenet("train --resume killed --quiet")).toMatchObject({ code: 0 });
      await expectSameBits("killed", "whole");

      const moved = await lenet("train --resume moved --device cpu --quiet");
      expect(moved).toMatchObject({ code: 0 });
      expect((await readConfig("moved")).earlierDevices).toMatchObject([
        { lastEpoch: 1, arithmetic: expect.stringMatching(/^webgpu /) },
      ]);
    });

    it("trains a sweep as fleets, each network to the bits of the same run alone", async () => {
      const axes = "--set lr=1e-3,1e-2 --set batch=4 --set val-split=0.5 --set epochs=2";
      const swept = await lenet(`sweep --data ./few ${axes} --seeds 2 --device gpu --out swept`);
      expect(swept).toMatchObject({ code: 0 });
      expect(swept.stdout).toMatch(/^training 4 networks side by side$/m);
      const names = [0, 1].flatMap((seed) =>
        ["1e-3", "1e-2"].map((lr) => `lr=${lr}_batch=4_val-split=0.5_epochs=2_seed=${seed}`),
      );
      const { runs } = JSON.parse((await read("swept", "sweep.json")).toString());
      expect(runs).toMatchObject(names.map((run) => ({ run, status: "finished" })));
      expect(await lenet(`train ${SETTINGS} --lr 1e-2 --seed 1 --out alone`)).toMatchObject({ code: 0 });
      await expectSameBits(join("swept", names[3]), "alone");
      const fingerprint = async (run: string) => JSON.parse((await read(run, "result.json")).toString()).fingerprint;
      expect(new Set(await Promise.all(names.map((name) => fingerprint(join("swept", name))))).size).toBe(4);
    });

    it("trains a teacher, and a fleet that learns from it with batch normalisation, as alone", async () => {
      expect(await lenet(`train ${SETTINGS} --recipe teacher --out taught`)).toMatchObject({ code: 0 });
      const taught = "--recipe distilled --teacher taught";
      const axes = "--set lr=1e-3,1e-2 --set batch=4 --set val-split=0.5 --set epochs=2";
      const swept = await lenet(`sweep --data ./few ${taught} ${axes} --seeds 1 --device gpu --out students`);
      expect(swept).toMatchObject({ code: 0 });
      expect(swept.stdout).toMatch(/^training 2 networks side by side$/m);
      expect(await lenet(`train ${SETTINGS} ${taught} --lr 1e-2 --out student`)).toMatchObject({ code: 0 });
      await expectSameBits(join("students", "lr=1e-2_batch=4_val-split=0.5_epochs=2_seed=0"), "student");
      const { model, recipe } = await readConfig("student");
      expect(recipe).toMatchObject({ batchNorm: true, distillation: expect.any(Object) });
      expect(model.layers).toContainEqual(expect.objectContaining({ type: "batchNorm" }));
    });
  },
);
