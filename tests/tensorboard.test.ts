import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventRecord, scalar } from "../src/formats/tensorboard/events.js";
import { readRecords } from "../src/formats/tensorboard/records.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { onceToldOf, runProgram } from "./support/program.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-tensorboard-"));
  await writeDigitFiles(join(folder, "digits-of-200"), { train: 200, test: 50 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const events = () => join(folder, "run", "events.out.tfevents.lenet");
const train = ["train", "--data", "digits-of-200", "--epochs", "4", "--json", "--log", "tensorboard", "--out", "run"];

/** The step of every record. */
async function steps(): Promise<number[]> {
  return [...readRecords(await readFile(events()))].map(({ bytes }) => {
    const reader = new BinaryReader(bytes);
    let step = 0;
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === 2) step = Number(reader.int64());
      else reader.skip(type);
    }
    return step;
  });
}

it("a run that was killed and resumed has every step once, whatever its event file ended with", async () => {
  const kill = onceToldOf('"epoch":2', (child) => child.kill("SIGKILL"));
  expect(await runProgram(folder, train, kill)).toMatchObject({ code: null });
  // As if it had been killed between the event file and the checkpoint, and in the middle of a record.
  const beyond = eventRecord(1, 9, [scalar("loss/train", 1)]);
  await appendFile(events(), Buffer.concat([beyond, beyond.subarray(0, 20)]));
  expect(await runProgram(folder, ["train", "--resume", "run"])).toMatchObject({ code: 0 });
  // The file's start, the hyperparameters, the epochs, the result.
  expect(await steps()).toEqual([0, 0, 1, 2, 3, 4, 4]);

  expect(await runProgram(folder, ["train", "--resume", "run", "--epochs", "5"])).toMatchObject({ code: 0 });
  expect(await steps()).toEqual([0, 0, 1, 2, 3, 4, 5, 5]);
});

it.runIf(process.platform === "linux")("a pipe in the place of a run's event file is refused at once", async () => {
  await rm(events());
  execFileSync("mkfifo", [events()]);
  expect(await runProgram(folder, ["train", "--resume", "run", "--epochs", "6"])).toMatchObject({
    code: 1,
    stderr: "lenet: cannot read run/events.out.tfevents.lenet: it is not a regular file\n",
  });
});
