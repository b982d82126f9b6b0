import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { generateDigits } from "../src/data/index.js";

const readme = readFileSync("README.md", "utf8");

it("shows a library example that runs with the built package", () => {
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", example], { encoding: "utf8" });
  const rows = output.trim().split("\n");
  expect(rows.map((row) => row.split(" ")[0])).toEqual(["1", "2", "3", "accuracy", "it"]);
  expect(Number(rows[2].split(" ")[1])).toBeGreaterThan(0.9);
  expect(Number(rows[3].split(" ")[1])).toBeGreaterThan(0.9);
  const { labels } = generateDigits({ seed: 0, count: 1000, part: "test" });
  expect(rows[4]).toBe(`it is a ${labels[0]}`);
});

it("shows commands that exist", () => {
  const help = execFileSync(process.execPath, ["dist/cli/main.js", "--help"], { encoding: "utf8" });
  const commands = new Set([...readme.matchAll(/^npx lenet ([\w-]+)/gm)].map(([, command]) => command));
  expect(commands.size).toBeGreaterThan(4);
  for (const command of commands) expect(help).toMatch(new RegExp(`^  ${command} `, "m"));
});
