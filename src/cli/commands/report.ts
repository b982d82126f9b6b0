import { join } from "node:path";
import { Command } from "commander";
import { requireFolder, runFolderOf } from "../../node/runFiles.js";
import { judgedImages, writeReport } from "../../node/runReport.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";
import { dataOfRun, listSkipped, loadSameData } from "../data.js";
import { withInterrupt } from "../interrupt.js";
import { language, messages } from "../messages/index.js";
import { type Arithmetic, arithmeticOption, dataDirOption, dataOption, threadsOption } from "../options.js";
import { Terminal } from "../terminal.js";
import { engineFor, openWeights } from "../weights.js";

interface ReportOptions {
  readonly data?: string;
  readonly dataDir?: string;
  readonly threads?: number;
  readonly arithmetic?: Arithmetic;
}

/** `lenet report`: writes a run's report and confusion matrix again. */
export function reportCommand(): Command {
  return new Command("report")
    .description("write a run's report.html and confusion.svg again, from its best weights")
    .argument("<run>", "run folder")
    .addOption(dataOption("where the run found it"))
    .addOption(dataDirOption())
    .addOption(threadsOption())
    .addOption(arithmeticOption())
    .action((path: string, options: ReportOptions) => withInterrupt((signal) => runReport(path, options, signal)));
}

async function runReport(given: string, options: ReportOptions, signal: AbortSignal): Promise<void> {
  const terminal = new Terminal(process.stdout);
  const path = await runFolderOf(given);
  await requireFolder(path);
  const weights = await openWeights(path, undefined);
  const { run } = weights;
  if (!run) throw new Error(`${path} is not a run folder`);
  const data = await loadSameData(path, run.data, dataOfRun(run, options), { terminal, signal });
  const engine = await engineFor(weights, options);
  try {
    await writeReport(path, engine, judgedImages(run, data.parts), language);
  } finally {
    engine.dispose();
  }
  terminal.line(messages.report(join(path, RUN_FILES.report)));
  listSkipped(data, terminal);
}
