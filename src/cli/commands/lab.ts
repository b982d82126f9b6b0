import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { serveLab } from "../../node/lab/server.js";
import { withInterrupt } from "../interrupt.js";
import { dataDirOption, wholeNumber } from "../options.js";

interface LabCommandOptions {
  readonly port: number;
  readonly runs: string;
  readonly dataDir?: string;
  readonly open?: boolean;
}

/** Where the build puts the site. */
const SITE = fileURLToPath(new URL("../../lab", import.meta.url));

/** `lenet lab`: the browser application, with the runs and data sets of this machine beside it. */
export function labCommand(): Command {
  return new Command("lab")
    .description("serve the lab to this machine's browser: train in a tab and look inside the network")
    .addOption(
      new Option("--port <n>", "the port (default: any that is free)").argParser(wholeNumber(1, 65_535)).default(0, ""),
    )
    .addOption(new Option("--runs <dir>", "the folder that holds the run folders").default("runs"))
    .addOption(dataDirOption())
    .addOption(new Option("--open", "open it in the browser"))
    .action(runLab);
}

async function runLab({ open, ...options }: LabCommandOptions): Promise<void> {
  await withInterrupt(async (signal) => {
    const server = await serveLab({ ...options, site: SITE });
    process.stdout.write(`lab: ${server.url}\nCtrl-C ends it\n`);
    if (open) openInBrowser(server.url);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await server.close();
  });
}

/** How each system opens an address. */
const OPENERS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Has the system open an address; where it cannot, the printed line is there. */
function openInBrowser(url: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
