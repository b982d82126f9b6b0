import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
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

describe("the README in Chinese", () => {
  const chinese = readFileSync("README.zh-CN.md", "utf8");
  /** Without the link to the other language, and to a heading of its own. */
  const links = (text: string) =>
    [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target).filter((to) => !/^(README|#)/.test(to));
  const blocks = (text: string, language: string) =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map(([, block]) => block);
  /** Without their explanations, which begin in one column. */
  const commands = (text: string) => text.match(/^npx lenet .*$/gm)?.map((line) => line.slice(0, 69).trim());
  const headings = (text: string) => text.match(/^#+ /gm);
  const rows = (text: string) => text.match(/^\|.*\|$/gm)?.length;

  it("has all sections, tables, links, pictures, numbers and code of the English one", () => {
    expect(headings(chinese)).toEqual(headings(readme));
    expect(rows(chinese)).toBe(rows(readme));
    // Its screenshots are in Chinese, too.
    const ofBoth = links(chinese).map((target) => target.replace("-zh-", "-"));
    expect(ofBoth.sort()).toEqual(links(readme).sort());
    expect(blocks(chinese, "ts")).toEqual(blocks(readme, "ts"));
    expect(commands(chinese)).toEqual(commands(readme));
    // Of the text and the tables: what commands print is not translated number by number.
    const numbers = (text: string) => {
      const said = text.replaceAll(/```.*?```/gs, "");
      return [...new Set(said.match(/\d[\d,.]*\d/g))].sort();
    };
    expect(numbers(chinese)).toEqual(numbers(readme));
  });
});
