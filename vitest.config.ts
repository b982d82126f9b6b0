import { configDefaults, defineConfig } from "vitest/config";

/** Long tests of one thread each, which do not mind others beside them. */
const ON_ONE_THREAD = ["api", "backends", "hostileWeights", "kernels", "verification"];
const beside = ["src/**/*.test.ts", ...ON_ONE_THREAD.map((name) => `tests/${name}.test.ts`)];

export default defineConfig({
  test: {
    // Whatever the system speaks.
    env: { LC_ALL: "C" },
    // Only what hangs may come to this, on a busy machine too.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Of the tests in a file that may run at the same time.
    maxConcurrency: 2,
    projects: [
      { extends: true, test: { name: "units", include: beside, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: "program",
          include: ["tests/**/*.test.ts", "web/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...beside],
          // Training keeps several cores busy, so these files run one after another.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
