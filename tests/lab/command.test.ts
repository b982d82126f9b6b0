import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram } from "../support/program.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-lab-command-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("lenet lab prints its address, serves the page there, and stops on Ctrl-C", async () => {
  let page: Promise<string> | undefined;
  const outcome = await runProgram(folder, ["lab"], {
    onOutput: (stdout, child) => {
      const url = /^lab: (http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(stdout)?.[1];
      if (!url || page) return;
      page = fetch(url)
        .then((response) => response.text())
        .finally(() => child.kill("SIGINT"));
    },
  });
  expect(await page).toContain("<title>lenet lab</title>");
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
});

test("lenet lab rejects an invalid port", async () => {
  const { code, stderr } = await runProgram(folder, ["lab", "--port", "70000"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^lenet: .*--port.*70000.*an integer from 1 to 65,535.*\n$/);
});
