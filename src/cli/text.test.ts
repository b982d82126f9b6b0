import { expect, it } from "vitest";
import { csvLine } from "./csv.js";
import { printable, printableLines, toJson } from "./text.js";

it.each([
  ["a cursor movement", "a\x1b[2Jb", "a\\u{1b}[2Jb"],
  ["the same in one character", "a\x9b2Jb", "a\\u{9b}2Jb"],
  ["a new line", "a\r\nb", "a\\u{d}\\u{a}b"],
  ["a change of direction", "a\u202etxt.exe", "a\\u{202e}txt.exe"],
  ["invisible letters", "a\u{e0041}b\ufeff", "a\\u{e0041}b\\u{feff}"],
  ["half a character", "a\ud800", "a\\u{d800}"],
  ["nothing else", "naïve ✓ 图 😀 a\\b", "naïve ✓ 图 😀 a\\b"],
])("printable escapes %s", (_, text, escaped) => {
  expect(printable(text)).toBe(escaped);
});

it("printableLines keeps the ends of lines", () => {
  expect(printableLines("a\x1b\nb\r\n")).toBe("a\\u{1b}\nb\\u{d}\n");
});

it("toJson is printable and says the same", () => {
  const value = { "a\x7f": ["\x1b\x9b\n", "\u202e\u{e0041}", 1] };
  for (const indent of [undefined, 2]) {
    expect(JSON.parse(toJson(value, indent))).toEqual(value);
    expect(toJson(value, indent)).toMatch(/^[\x20-\x7e\n]*$/);
  }
});

it.each([
  ["=1+1", "'=1+1"],
  ["+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
  ["-2+3", "'-2+3"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ['=HYPERLINK("a","b")', `"'=HYPERLINK(""a"",""b"")"`],
  ["\t=1", "\\u{9}=1"],
  ["-0.5", "-0.5"],
  ["+1e-3", "+1e-3"],
  ["a=b", "a=b"],
  ["a\nb", "a\\u{a}b"],
])("csvLine makes no formula of %s", (text, cell) => {
  expect(csvLine([text, 7])).toBe(`${cell},7\n`);
});
