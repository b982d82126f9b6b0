import { Command } from "commander";
import { type RunRecord, readRun } from "../../node/runRecord.js";
import { runSettings } from "../../node/runSettings.js";
import { differingSettings } from "../../report/comparison.js";
import { standardError } from "../../report/numbers.js";
import { type ComparedRun, formatComparison } from "../comparisonTable.js";
import { jsonOption } from "../options.js";

/** `lenet compare`: what runs differ in, and what they came to. */
export function compareCommand(): Command {
  return new Command("compare")
    .description("compare runs: the settings that differ, accuracies, epochs, time")
    .argument("<runs...>", "run folders, finished or not")
    .addOption(jsonOption())
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const records = await Promise.all(paths.map(readRun));
      const runs = compareRuns(records);
      process.stdout.write(`${json ? JSON.stringify(runs, undefined, 2) : formatComparison(runs)}\n`);
    });
}

/** Has columns of its own. */
const EPOCHS = "epochs";

function compareRuns(records: readonly RunRecord[]): ComparedRun[] {
  const settings = records.map(({ config }) => runSettings(config).flatMap(({ facts }) => facts));
  const names = differingSettings(settings).filter((name) => name !== EPOCHS);
  return records.map((record, index) => ({
    ...outcome(record),
    settings: Object.fromEntries(
      names.map((name) => [name, settings[index].find((fact) => fact.name === name)?.value ?? ""]),
    ),
  }));
}

/** What a run came to so far. */
function outcome({ path, config, history, result }: RunRecord): Omit<ComparedRun, "settings"> {
  const accuracies = history.map(({ validationAccuracy }) => validationAccuracy);
  const seconds = history.reduce(
    (sum, { trainSeconds, validationSeconds }) => sum + trainSeconds + validationSeconds,
    0,
  );
  return {
    run: path,
    finished: result !== undefined,
    epochs: history.length,
    epochsPlanned: config.recipe.epochs,
    seconds,
    bestValidationAccuracy: accuracies.length === 0 ? undefined : Math.max(...accuracies),
    test: result?.test && {
      accuracy: result.test.accuracy,
      standardError: standardError(result.test.accuracy, result.test.total),
      images: result.test.total,
    },
  };
}
