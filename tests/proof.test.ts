import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { supportsFusedArithmetic } from "../src/engine/wasm/features.js";
import { enableFusedArithmetic } from "../src/node/threads.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { runProgram } from "./support/program.js";

// Proves committed claims: what these settings came to once, they come to now. If a change of the kernels means other
// bits, raise `kernels` in src/engine/wasm/wasmBackend.ts, so that older runs are not resumed as if nothing had changed, and
// claim anew what was trained here:
//   lenet train --data ./digits --recipe improved --epochs 2 --seed 1 --arithmetic portable --out improved-portable
// and the run of docs/results.md that .ci/run proves:
//   lenet train --recipe improved --epochs 10 --seed 0 --out ten-epochs

enableFusedArithmetic();
const CLAIMS = fileURLToPath(new URL("fixtures/claims/", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-proof-"));
  await writeDigitFiles(join(folder, "digits"), { train: 400, test: 50 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(["improved-portable", ...(supportsFusedArithmetic() ? ["improved-fused", "paper-fused"] : [])])(
  "proves %s",
  async (name) => {
    await cp(join(CLAIMS, name), join(folder, name), { recursive: true });
    const config = await readFile(join(CLAIMS, name, "config.json"), "utf8");
    await writeFile(join(folder, name, "config.json"), config.replace("/home/user/digits", join(folder, "digits")));
    const { stdout, stderr } = await runProgram(folder, ["prove", name, "--json"]);
    expect(stderr).not.toMatch(/^lenet: /m);
    const { claimed, fingerprint, differsFromEpoch } = JSON.parse(stdout);
    expect({ fingerprint, differsFromEpoch }).toEqual({ fingerprint: claimed, differsFromEpoch: null });
  },
);
