import { Command } from "commander";
import { DIGITS_DATASET } from "../../data/digits.js";
import { DatasetUnavailableError } from "../../node/obtain.js";
import { RECIPES } from "../../training/recipes/index.js";
import { dataDirOption } from "../options.js";
import { Terminal } from "../terminal.js";
import { type RunSettings, startRun } from "../trainRun.js";

const EPOCHS = 10;

/** `lenet demo`: a first training, on generated digits where Fashion-MNIST cannot be had. */
export function demoCommand(): Command {
  return new Command("demo")
    .description(
      `train the improved recipe for ${EPOCHS} epochs on Fashion-MNIST, on generated digits where there is none`,
    )
    .addOption(dataDirOption())
    .action(async ({ dataDir }: { dataDir?: string }) => {
      const terminal = new Terminal(process.stdout);
      const output = { terminal, json: false };
      const settings: RunSettings = {
        recipe: RECIPES.improved,
        data: { data: "fashion-mnist", dataDir, fit: "contain", background: 0 },
        seed: 0,
        changes: { epochs: EPOCHS },
      };
      try {
        await startRun(settings, output);
      } catch (error) {
        if (!(error instanceof DatasetUnavailableError)) throw error;
        terminal.line(error.message);
        terminal.line("Training on GENERATED digits instead, drawn by this program.");
        await startRun({ ...settings, data: { ...settings.data, data: DIGITS_DATASET.name } }, output);
      }
    });
}
