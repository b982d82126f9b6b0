#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { demoCommand } from "./commands/demo.js";
import { evalCommand } from "./commands/eval.js";
import { summaryCommand } from "./commands/summary.js";
import { trainCommand } from "./commands/train.js";
import { verify } from "./commands/verify.js";
import { InterruptedError } from "./interrupt.js";
import { VERSION } from "./version.js";

const ExitCode = { failed: 1, wrongUse: 2, interrupted: 130 } as const;

const program = new Command("lenet")
  .description("LeNet-5: train it, test it, look inside it")
  .version(VERSION)
  .addCommand(trainCommand())
  .addCommand(evalCommand())
  .addCommand(summaryCommand())
  .addCommand(
    new Command("verify")
      .description("hold the engine against a folder of reference values from PyTorch")
      .argument("<dir>", "the folder")
      .action(async (directory: string) => {
        process.exitCode = await verify(directory);
      }),
  )
  .addCommand(demoCommand());

for (const command of [program, ...program.commands]) {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => write(text),
    });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeFor(error);
}

/** Tells what went wrong in one line, where that has not been done yet. */
function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.wrongUse;
  const [line] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  process.stderr.write(`lenet: ${line}\n`);
  return error instanceof InterruptedError ? ExitCode.interrupted : ExitCode.failed;
}
