import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { serveLab } from "../../node/lab/server.js";
import { withInterrupt } from "../interrupt.js";
import { messages } from "../messages/index.js";
import { dataDirOption, integer } from "../options.js";

interface LabCommandOptions {
  readonly port: number;
  readonly runs: string;
  readonly dataDir?: string;
  readonly allowEmbed?: boolean;
  readonly open?: boolean;
}

/** Where the build puts the site. */
const SITE = fileURLToPath(new URL("../../lab", import.meta.url));

/** `lenet lab`: serves the lab with the runs and data sets of this machine. */
export function labCommand(): Command {
  return new Command("lab")
    .description("serve the lab, a web page to train networks and look inside them")
    .addOption(new Option("--port <n>", "port to listen on").argParser(integer(1, 65_535)).default(0, "any free port"))
    .addOption(new Option("--runs <dir>", "folder with the run folders to offer").default("runs"))
    .addOption(dataDirOption())
    .addOption(new Option("--allow-embed", "let pages of other hosts show the lab in a frame"))
    .addOption(new Option("--open", "open the lab in the browser"))
    .action(runLab);
}

async function runLab({ open, ...options }: LabCommandOptions): Promise<void> {
  await withInterrupt(async (signal) => {
    const server = await serveLab({ ...options, site: SITE });
    process.stdout.write(`${messages.lab(server.url)}\n`);
    if (open) openInBrowser(server.url);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await server.close();
  });
}

/** The command that opens a URL on each platform. */
const OPENERS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Opens a URL in the default browser. If that fails, the user still has the printed URL. */
function openInBrowser(url: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
