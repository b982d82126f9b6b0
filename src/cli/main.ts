#!/usr/bin/env node
import { Command, CommanderError, Option } from "commander";
import { describeFileError } from "../node/disk/files.js";
import { isPackageInUse } from "../node/webgpu.js";
import { VERSION } from "../version.js";
import { hasColour, styled } from "./colour.js";
import { benchCommand } from "./commands/bench.js";
import { cacheCommand } from "./commands/cache.js";
import { compareCommand } from "./commands/compare.js";
import { completionCommand } from "./commands/completion.js";
import { dataCommand } from "./commands/data.js";
import { demoCommand } from "./commands/demo.js";
import { devicesCommand } from "./commands/devices.js";
import { evalCommand } from "./commands/eval.js";
import { exportCommand } from "./commands/export.js";
import { labCommand } from "./commands/lab.js";
import { lrFindCommand } from "./commands/lrFind.js";
import { plotCommand } from "./commands/plot.js";
import { predictCommand } from "./commands/predict.js";
import { proveCommand } from "./commands/prove.js";
import { recipeCommand } from "./commands/recipe.js";
import { reportCommand } from "./commands/report.js";
import { runsCommand } from "./commands/runs.js";
import { serveCommand } from "./commands/serve.js";
import { summaryCommand } from "./commands/summary.js";
import { sweepCommand } from "./commands/sweep.js";
import { trainCommand } from "./commands/train.js";
import { verifyCommand } from "./commands/verify.js";
import { workerCommand } from "./commands/worker.js";
import { INTERRUPTED_CODE, InterruptedError } from "./interrupt.js";
import { language, messages } from "./messages/index.js";
import { LANGUAGES, withoutLanguage } from "./messages/language.js";
import { describeInChinese } from "./messages/zhHelp.js";
import { needsSupervision, obeySupervisor, supervise } from "./supervisor.js";
import { GRID_KEYS } from "./sweep/grid.js";
import { printable } from "./text.js";
import { describeWrongUsage } from "./wrongUsage.js";

const ExitCode = { failed: 1, wrongUsage: 2, interrupted: INTERRUPTED_CODE } as const;

const program = new Command("lenet")
  .description("train, evaluate and inspect LeNet-5")
  .version(VERSION)
  .addOption(
    new Option("--lang <language>", "language of help, progress and results (default: of the system)").choices(
      LANGUAGES,
    ),
  )
  .commandsGroup("Train:")
  .addCommand(demoCommand())
  .addCommand(trainCommand())
  .addCommand(sweepCommand())
  .addCommand(lrFindCommand())
  .addCommand(recipeCommand())
  .addCommand(summaryCommand())
  .addCommand(workerCommand())
  .commandsGroup("Use a network:")
  .addCommand(evalCommand())
  .addCommand(predictCommand())
  .addCommand(exportCommand())
  .addCommand(labCommand())
  .addCommand(serveCommand())
  .commandsGroup("Runs:")
  .addCommand(runsCommand())
  .addCommand(compareCommand())
  .addCommand(plotCommand())
  .addCommand(reportCommand())
  .addCommand(proveCommand())
  .commandsGroup("Data:")
  .addCommand(dataCommand())
  .addCommand(cacheCommand())
  .commandsGroup("This machine:")
  .addCommand(benchCommand())
  .addCommand(devicesCommand())
  .addCommand(verifyCommand());
program.addCommand(completionCommand(program)).helpCommand("help [command]", "display help for command");

reportWrongUsage(program, "lenet");
if (language === "zh") describeInChinese(program);

process.stdout.on("error", onOutputError);
// Nowhere is left to report it.
process.stderr.on("error", () => {});

if (needsSupervision(withoutLanguage(process.argv.slice(2)))) {
  process.exitCode = await supervise();
} else {
  obeySupervisor();
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitCodeFor(error);
  }
  if (isPackageInUse()) await exitNow();
}

/** Ends the process, which its graphics card could keep alive, once everything is written. */
async function exitNow(): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise((resolve) => stream.write("", resolve));
  }
  process.exit();
}

/** Makes a command and its subcommands report wrong usage in one line, then throw. */
function reportWrongUsage(command: Command, fullName: string): void {
  command
    .exitOverride()
    .configureHelp({ styleTitle: bold })
    .configureOutput({
      getOutHasColors: () => hasColour(process.stdout),
      getErrHasColors: () => hasColour(process.stderr),
      outputError: (text, write) =>
        write(
          `${styled("lenet:", "error", process.stderr)} ${messages.seeHelp(printable(messages.error(describeWrongUsage(text, command, GRID_KEYS))), fullName)}\n`,
        ),
    });
  for (const child of command.commands) reportWrongUsage(child, `${fullName} ${child.name()}`);
}

/** A heading of the help, without its colour where there are none: commander strips it. */
function bold(text: string): string {
  return `\x1b[1m${text}\x1b[22m`;
}

/** A reader that goes away, as in `| head`, does not stop a training run. Other errors are reported. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.stderr.write(`lenet: ${describeFileError(error, "write to standard output")}\n`);
  process.exit(ExitCode.failed);
}

/** Reports an error, one line for each of several, unless commander has reported it. */
function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.wrongUsage;
  for (const each of error instanceof AggregateError ? error.errors : [error]) {
    const [line] = (each instanceof Error ? each.message : String(each)).split("\n", 1);
    process.stderr.write(`${styled("lenet:", "error", process.stderr)} ${printable(messages.error(line))}\n`);
  }
  return error instanceof InterruptedError ? ExitCode.interrupted : ExitCode.failed;
}
