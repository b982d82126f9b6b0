#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { describeFileError } from "../node/disk/files.js";
import { VERSION } from "../version.js";
import { benchCommand } from "./commands/bench.js";
import { compareCommand } from "./commands/compare.js";
import { dataCommand } from "./commands/data.js";
import { demoCommand } from "./commands/demo.js";
import { evalCommand } from "./commands/eval.js";
import { exportCommand } from "./commands/export.js";
import { labCommand } from "./commands/lab.js";
import { lrFindCommand } from "./commands/lrFind.js";
import { plotCommand } from "./commands/plot.js";
import { predictCommand } from "./commands/predict.js";
import { reportCommand } from "./commands/report.js";
import { summaryCommand } from "./commands/summary.js";
import { sweepCommand } from "./commands/sweep.js";
import { trainCommand } from "./commands/train.js";
import { verify } from "./commands/verify.js";
import { InterruptedError } from "./interrupt.js";

const ExitCode = { failed: 1, wrongUse: 2, interrupted: 130 } as const;

const program = new Command("lenet")
  .description("LeNet-5: train it, test it, look inside it")
  .version(VERSION)
  .addCommand(trainCommand())
  .addCommand(sweepCommand())
  .addCommand(lrFindCommand())
  .addCommand(evalCommand())
  .addCommand(predictCommand())
  .addCommand(exportCommand())
  .addCommand(compareCommand())
  .addCommand(plotCommand())
  .addCommand(reportCommand())
  .addCommand(summaryCommand())
  .addCommand(dataCommand())
  .addCommand(
    new Command("verify")
      .description("hold the engine against a folder of reference values from PyTorch")
      .argument("<dir>", "the folder")
      .action(async (directory: string) => {
        process.exitCode = await verify(directory);
      }),
  )
  .addCommand(labCommand())
  .addCommand(benchCommand())
  .addCommand(demoCommand());

tellWrongUse(program, "lenet");

process.stdout.on("error", onOutputError);
// There is nowhere left to tell it.
process.stderr.on("error", () => {});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeFor(error);
}

/** Has a command, and those below it, throw what is wrong with its use, and tell it in one line. */
function tellWrongUse(command: Command, called: string): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) => write(`lenet: ${wrongUse(text)}; see "${called} --help"\n`),
  });
  for (const child of command.commands) tellWrongUse(child, `${called} ${child.name()}`);
}

/** What commander says about wrong use, in one line: its suggestion stands on a second one. */
function wrongUse(text: string): string {
  const [message, suggestion] = text.trim().split("\n");
  return [message.replace(/^error: /, "").replace(/\.$/, ""), ...(suggestion ? [suggestion] : [])].join(" ");
}

/** A reader that goes away, as in `| head`, does not end a training; what cannot be written to is told. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.stderr.write(`lenet: ${describeFileError(error, "write to standard output")}\n`);
  process.exit(ExitCode.failed);
}

/** Tells what went wrong, a line for each fault, where that has not been done yet. */
function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.wrongUse;
  for (const each of error instanceof AggregateError ? error.errors : [error]) {
    const [line] = (each instanceof Error ? each.message : String(each)).split("\n", 1);
    process.stderr.write(`lenet: ${line}\n`);
  }
  return error instanceof InterruptedError ? ExitCode.interrupted : ExitCode.failed;
}
