import { defineConfig } from "vitest/config";

/** The unit tests of a part, without the long ones that damage files at random: a mutant must fall to a test that names it. */
export default defineConfig({
  test: {
    include: JSON.parse(process.env.MUTATION_TESTS ?? "[]"),
    exclude: ["src/formats/mutations.test.ts", "src/formats/properties.test.ts", "src/formats/onnx/hostile.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
