import { expect, it } from "vitest";
import packageFile from "../package.json" with { type: "json" };
import { VERSION } from "./version.js";

it("matches package.json", () => {
  expect(VERSION).toBe(packageFile.version);
});
