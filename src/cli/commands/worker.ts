import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { withInterrupt } from "../interrupt.js";
import { counted } from "../messages/counted.js";
import { dataDirOption, integer, quietOption } from "../options.js";
import { openQueue } from "../sweep/queue/client.js";
import { work } from "../sweep/queue/worker.js";
import { WorkerData } from "../sweep/queue/workerData.js";
import { Terminal } from "../terminal.js";
import { queueNameOption, queueUrl } from "./queueOptions.js";

interface WorkerCommandOptions {
  readonly queueName: string;
  readonly data: readonly string[];
  readonly dataDir?: string;
  readonly jobs: number;
  readonly maxEpochs: number;
  readonly quiet?: boolean;
}

/** `lenet worker`: trains the runs of sweeps that were put into a queue. */
export function workerCommand(): Command {
  return new Command("worker")
    .description("train runs of sweeps from a queue, until Ctrl-C; needs npm install bullmq ioredis")
    .argument("<queue>", "redis://HOST or rediss://HOST (TLS); the password from $LENET_QUEUE_PASSWORD", queueUrl)
    .addOption(queueNameOption())
    .addOption(
      new Option(
        "--data <folder...>",
        "folders of data sets that jobs may ask for besides those known by name",
      ).default([], "none"),
    )
    .addOption(dataDirOption())
    .addOption(
      new Option("--jobs <n>", "number of runs to train at once")
        .argParser(integer(1, 1024))
        .default(availableParallelism(), "one per core"),
    )
    .addOption(
      new Option("--max-epochs <n>", "refuse runs of more epochs").argParser(integer(1, 100_000)).default(1000),
    )
    .addOption(quietOption())
    .action(runWorker);
}

async function runWorker(url: string, options: WorkerCommandOptions): Promise<void> {
  const { queueName: name, data: folders, dataDir, jobs, maxEpochs, quiet } = options;
  const terminal = new Terminal(process.stdout, { quiet });
  await withInterrupt(async (signal) => {
    const client = await openQueue({ url, name }, { onLost: (line) => terminal.warn(line), signal });
    try {
      terminal.line(`worker of ${client.where}: ${counted(jobs, "run")} at once`);
      const data = new WorkerData(folders, dataDir, { terminal, signal });
      await work(client, { jobs, limits: { epochs: maxEpochs }, data, terminal }, signal);
    } finally {
      client.close();
    }
    signal.throwIfAborted();
  });
}
