import { Command } from "commander";
import { RECIPES } from "../../training/recipes/recipes.js";
import { type Arithmetic, arithmeticOption, dataDirOption } from "../options.js";
import { Terminal } from "../terminal.js";
import { startRun } from "../training/start.js";

const EPOCHS = 10;

/** `lenet demo`: a first training run, on generated digits if Fashion-MNIST cannot be obtained. */
export function demoCommand(): Command {
  return new Command("demo")
    .description(
      `train the improved recipe for ${EPOCHS} epochs on Fashion-MNIST, or on generated digits if it is unavailable`,
    )
    .addOption(dataDirOption())
    .addOption(arithmeticOption())
    .action(async ({ dataDir, arithmetic }: { dataDir?: string; arithmetic?: Arithmetic }) => {
      const terminal = new Terminal(process.stdout);
      const output = { terminal, json: false };
      await startRun(
        {
          training: { recipe: RECIPES.improved, seed: 0, changes: { epochs: EPOCHS } },
          data: { dataDir, resize: "contain", background: 0 },
          arithmetic,
        },
        output,
      );
    });
}
