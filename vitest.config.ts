import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts", "web/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Training keeps several cores busy, so test files run one after another.
    fileParallelism: false,
  },
});
