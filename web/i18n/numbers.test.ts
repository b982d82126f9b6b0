import { beforeAll, expect, it, vi } from "vitest";

let formatValue: (value: number) => string;
beforeAll(async () => {
  vi.stubGlobal("location", { hash: "" });
  vi.stubGlobal("navigator", { languages: [] });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("document", { documentElement: {} });
  ({ formatValue } = await import("./numbers.js"));
});

it.each([
  [0, "0"],
  [1234.5, "1235"],
  [123.45, "123.5"],
  [-12.345, "−12.35"],
  [0.4821, "0.482"],
  [-0.00314, "−0.0031"],
  [0.00048, "0.00048"],
  [-2.72e-8, "−2.7e−8"],
])("formats %d as %s", (value, text) => expect(formatValue(value)).toBe(text));
