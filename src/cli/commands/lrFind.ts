import { Command, Option } from "commander";
import { writeFileAtomic } from "../../node/disk/files.js";
import type { PageLanguage } from "../../report/page/messages/index.js";
import {
  type LearningRateSuggestions,
  readabilityOf,
  type SweepStep,
  suggestLearningRates,
  sweepLearningRate,
} from "../../training/learningRateFinder.js";
import { compilePlan, planTraining } from "../../training/plan.js";
import type { Recipe } from "../../training/recipes/recipes.js";
import { largestLearningRate } from "../../training/recipes/schedules.js";
import { DEFAULT_DATA, listSkipped, loadData } from "../data.js";
import { openDevice } from "../device.js";
import { withInterrupt } from "../interrupt.js";
import { messages } from "../messages/index.js";
import { addTrainingOptions, imageFile, integer, isGivenTo, jsonOption, type TrainingOptions } from "../options.js";
import { forceOption, pictureFor, requireFree } from "../outputFile.js";
import { Terminal } from "../terminal.js";
import { toJson } from "../text.js";
import { runRequest } from "../training/request.js";

interface LrFindOptions extends TrainingOptions {
  readonly steps: number;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `lenet lr-find`: suggests a learning rate. */
export function lrFindCommand(): Command {
  const command = new Command("lr-find").description("suggest a learning rate, from a short run that tries many");
  return addTrainingOptions(command)
    .addOption(new Option("--steps <n>", "number of training steps").argParser(integer(20, 10_000)).default(200))
    .addOption(new Option("--out <file>", ".svg or .png file for the curve (default: none)").argParser(imageFile))
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(runLrFind);
}

async function runLrFind(options: LrFindOptions, command: Command): Promise<void> {
  const { steps, out, force, json = false } = options;
  if (out !== undefined) requireFree(out, force);
  const terminal = new Terminal(json ? process.stderr : process.stdout);
  const { training, data: settings, ...where } = await runRequest(options, isGivenTo(command), terminal);
  await withInterrupt(async (signal) => {
    const data = await loadData({ ...settings, data: settings.data ?? DEFAULT_DATA }, { terminal, signal });
    const plan = planTraining(training, { ...data.parts, background: settings.background });
    const { recipe, seed } = plan;
    const { batchSize } = recipe;
    const device = await openDevice(where, undefined, terminal);
    const engine = await compilePlan(plan, device.backend(batchSize, where));
    let sweep: SweepStep[];
    try {
      sweep = await sweepLearningRate({
        ...plan,
        engine,
        steps,
        signal,
        onProgress: (progress) => terminal.progress({ label: messages.sweeping, unit: "steps", ...progress }),
      });
    } finally {
      terminal.clearBar();
      engine.dispose();
    }
    const suggestions = suggestLearningRates(sweep, steps);
    const { fall, isReadable } = readabilityOf(sweep, steps);
    if (out !== undefined) await drawCurve(out, sweep, suggestions, { recipe, data: data.name, seed });
    if (json) {
      const result = { recipe: recipe.name, data: data.name, seed, readable: isReadable, suggestions, sweep };
      process.stdout.write(`${toJson(result, 2)}\n`);
    } else {
      const { valley, steepest } = suggestions;
      const highest = short(sweep[sweep.length - 1].learningRate);
      terminal.line(messages.swept(recipe.name, data.name, sweep.length, highest));
      if (isReadable) {
        terminal.line(messages.valley(short(valley)));
        terminal.line(messages.steepest(short(steepest)));
      } else {
        terminal.line(
          messages.unreadable(Math.floor(100 * fall), short(largestLearningRate(recipe.schedule))),
          "warning",
        );
      }
      if (out !== undefined) terminal.line(messages.curve(out));
    }
    listSkipped(data, terminal);
  });
}

async function drawCurve(
  path: string,
  sweep: readonly SweepStep[],
  { valley, steepest }: LearningRateSuggestions,
  { recipe, data, seed }: { recipe: Recipe; data: string; seed: number },
): Promise<void> {
  // Imported here so that other commands start without the chart code.
  const { learningRateCurveSvg } = await import("../../report/learningRateCurve.js");
  const { PAGE_MESSAGES } = await import("../../report/page/messages/index.js");
  const draw = (language: PageLanguage) => {
    const { titles, learningRates } = PAGE_MESSAGES[language];
    const title = learningRates.title(recipe.name, data);
    const subtitle = titles.subtitle(seed, recipe.batchSize, recipe.optimizer.type);
    return learningRateCurveSvg(sweep, { title, subtitle, marks: { valley, steepest } }, learningRates);
  };
  await writeFileAtomic(path, await pictureFor(path, draw));
}

/** A learning rate with three significant digits. */
function short(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}
