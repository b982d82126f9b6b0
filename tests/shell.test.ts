import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROGRAM, type RunOptions, runProgram } from "./support/program.js";

let folder: string;
const lenet = (args: readonly string[], options?: RunOptions) => runProgram(folder, args, options);
const inFolder = (...names: string[]) => join(folder, ...names);
const lines = (text: string) => text.trimEnd().split("\n");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-shell-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("lenet cache clear", () => {
  const cache = (...names: string[]) => inFolder(".cache/lenet", ...names);
  const own = [
    "mnist/train-images-idx3-ubyte.gz",
    "mnist/t10k-labels-idx1-ubyte.gz.part",
    `images/${"a".repeat(32)}.bin`,
  ];
  const others = ["mnist/notes.txt", "images/holiday.jpg", "mine/train-images-idx3-ubyte.gz", "file.bin"];

  beforeAll(async () => {
    for (const name of [...own, ...others]) {
      await mkdir(join(cache(name), ".."), { recursive: true });
      await writeFile(cache(name), "x".repeat(1000));
    }
    // What a link leads to is not the cache's.
    await mkdir(inFolder("elsewhere"));
    await writeFile(inFolder("elsewhere/train-images-idx3-ubyte.gz"), "precious");
    symlinkSync(inFolder("elsewhere"), cache("fashion-mnist"));
    symlinkSync(inFolder("elsewhere/train-images-idx3-ubyte.gz"), cache("mnist/train-labels-idx1-ubyte.gz"));
  });

  it("lists what it would remove", async () => {
    const { stdout } = await lenet(["cache", "list", "--json"]);
    const { files } = JSON.parse(stdout) as { files: { path: string; bytes: number }[] };
    expect(files.map(({ path }) => path).sort()).toEqual(own.map((name) => cache(name)).sort());
  });

  it("removes nothing without being told to", async () => {
    expect(await lenet(["cache", "clear"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "lenet: nobody can be asked here: confirm with --yes\n",
    });
    for (const name of own) expect(existsSync(cache(name)), name).toBe(true);
  });

  it("removes only what is the cache's", async () => {
    const { code, stdout } = await lenet(["cache", "clear", "--yes"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `removed 3 files (0.0 MB) in ${cache()}\n` });
    for (const name of own) expect(existsSync(cache(name)), name).toBe(false);
    for (const name of others) expect(existsSync(cache(name)), name).toBe(true);
    expect(await readFile(inFolder("elsewhere/train-images-idx3-ubyte.gz"), "utf8")).toBe("precious");
    expect((await stat(cache("fashion-mnist"))).isDirectory()).toBe(true);
    expect((await lenet(["cache", "clear"])).stdout).toBe(`0 files (0.0 MB) in ${cache()}\n`);
  });
});

it("train --help shows the values of the defaults", async () => {
  const { stdout } = await lenet(["train", "--help"]);
  const help = stdout.replace(/\s+/g, " ");
  for (const [option, value] of [
    ["--epochs", "improved: 100"],
    ["--batch", "improved: 32"],
    ["--lr", "improved: 0.002"],
    ["--optimizer", "improved: adamw"],
    ["--dropout", "improved: 0.05"],
    ["--patience", "improved: 0"],
    ["--val-split", "improved: 0.2"],
    ["--augment", "improved: tutorial"],
    ["--normalize", "improved: tutorial"],
  ]) {
    expect(help).toMatch(new RegExp(`${option} <[^>]*> [^)]*\\(default: the recipe's; ${value}\\)`));
  }
});

describe("colour", () => {
  const ESCAPE = "\x1b[";
  const failing = ["train", "--data", "nowhere/nothing"];

  it("is for terminals only, unless FORCE_COLOR asks for it", async () => {
    expect((await lenet(failing)).stderr).not.toContain(ESCAPE);
    expect((await lenet(failing, { env: { FORCE_COLOR: "1" } })).stderr).toContain("\x1b[31mlenet:\x1b[39m");
    expect((await lenet(["train", "--help"])).stdout).not.toContain(ESCAPE);
    expect((await lenet(["train", "--help"], { env: { FORCE_COLOR: "1" } })).stdout).toContain("\x1b[1mUsage:");
  });

  // Other systems' `script` has other options.
  it.runIf(process.platform === "linux").each([
    [{}, true],
    [{ NO_COLOR: "1" }, false],
    [{ TERM: "dumb" }, false],
    [{ FORCE_COLOR: "0" }, false],
  ])("on a terminal with %j: %s", async (env, isColoured) => {
    // `script` gives the program a terminal.
    const command = `${process.execPath} ${PROGRAM} recipe show nothing`;
    const { stdout } = spawnSync("script", ["-qec", command, "/dev/null"], {
      env: { PATH: process.env.PATH, HOME: folder, TERM: "xterm", ...env },
      encoding: "utf8",
    });
    expect(stdout).toContain("Allowed choices are paper");
    expect(stdout.includes(ESCAPE)).toBe(isColoured);
  });

  it("is never in JSON or CSV", async () => {
    for (const args of [
      ["recipe", "list", "--json"],
      ["recipe", "show", "best"],
      ["data", "list", "--json"],
    ]) {
      expect((await lenet(args, { env: { FORCE_COLOR: "1" } })).stdout).not.toContain(ESCAPE);
    }
  });
});

describe("completion", () => {
  const has = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;

  async function scriptFor(shell: string): Promise<string> {
    const { code, stdout, stderr } = await lenet(["completion", shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    writeFileSync(inFolder(`lenet.${shell}`), stdout);
    return inFolder(`lenet.${shell}`);
  }

  it("completes in bash", async () => {
    const script = await scriptFor("bash");
    const completed = (line: string) => {
      const words = line.split(" ");
      const program = `source ${script}; COMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${words.length - 1}; _lenet; echo "\${COMPREPLY[@]}"`;
      return execFileSync("bash", ["-c", program], { encoding: "utf8" }).trim().split(" ");
    };
    expect(completed("lenet tra")).toEqual(["train"]);
    expect(completed("lenet data ")).toEqual(expect.arrayContaining(["list", "fetch", "preview"]));
    expect(completed("lenet train --ep")).toEqual(["--epochs"]);
    expect(completed("lenet train --recipe le")).toEqual(["lenet-1998"]);
    expect(completed("lenet recipe show im")).toEqual(["improved"]);
    expect(completed("lenet eval runs/one --sp")).toEqual(["--split"]);
  });

  it.skipIf(!has("zsh"))("is accepted by zsh", async () => {
    const script = await scriptFor("zsh");
    const { status, stderr } = spawnSync("zsh", ["-n", script], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const load = `autoload -U compinit && compinit -D -u; _arguments() { print -l -- "$@" }; _describe() { }; source ${script} 2>/dev/null; _lenet_train`;
    const printed = execFileSync("zsh", ["-fc", load], { encoding: "utf8" });
    expect(printed).toContain("--recipe[network and training settings]:value:(paper improved");
  });

  it.skipIf(!has("fish"))("completes in fish", async () => {
    const script = await scriptFor("fish");
    const completed = (line: string) => {
      const program = `source ${script}; complete -C "${line}"`;
      const printed = execFileSync("fish", ["--no-config", "-c", program], {
        encoding: "utf8",
        env: { ...process.env, HOME: folder },
      });
      return lines(printed).map((each) => each.split("\t")[0]);
    };
    expect(completed("lenet tra")).toEqual(["train"]);
    expect(completed("lenet data fe")).toEqual(["fetch"]);
    expect(completed("lenet train --ep")).toEqual(["--epochs"]);
    expect(completed("lenet train --recipe le")).toEqual(["lenet-1998"]);
    expect(completed("lenet recipe show im")).toEqual(["improved"]);
  });
});

describe("lr-find", () => {
  it("says when a curve cannot be read, and suggests nothing then", async () => {
    const { code, stdout } = await lenet(["lr-find", "--recipe", "paper", "--data", "digits"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /\nthis curve cannot be read: the loss falls by only \d %\. Keep the recipe's learning rate, 0\.001, or try more --steps\n/,
    );
    expect(stdout).not.toContain("train with --lr");
  });
});

it("bench warns under load", async () => {
  // Keeps the load average as it is read, whatever this machine is doing.
  await writeFile(
    inFolder("loaded.mjs"),
    `import os from "node:os"; import { syncBuiltinESMExports } from "node:module"; os.loadavg = () => [Number(process.env.LOAD), 0, 0]; syncBuiltinESMExports();`,
  );
  const bench = (load: string) =>
    lenet(["bench", "--seconds", "0.01", "--threads", "1", "--json"], {
      env: { LOAD: load, NODE_OPTIONS: `--import ${inFolder("loaded.mjs")}` },
    });
  const loaded = await bench("64.5");
  expect(loaded.stderr).toMatch(
    /^warning: the load average is 64\.5 on \d+ cores?: other programs are running, and the figures will be too slow\n/,
  );
  expect(JSON.parse(loaded.stdout).loadAverage).toBe(64.5);
  expect((await bench("0.01")).stderr).not.toContain("warning");
});

describe("a pipe in the place of a file is refused at once", () => {
  beforeAll(async () => {
    await mkdir(inFolder("pipes"));
    for (const name of [
      "pipe",
      "pipes/paper.safetensors",
      "pipes/train-images-idx3-ubyte",
      "pipes/train-labels-idx1-ubyte",
      "some-images-idx3-ubyte",
    ]) {
      execFileSync("mkfifo", [inFolder(name)]);
    }
  });

  it.each([
    ["train --config pipe", "cannot read pipe: it is not a regular file"],
    ["train --data pipe", "pipe is not a folder: "],
    ["train --data pipes", "is not a file"],
    ["eval pipe", "cannot read pipe: it is not a regular file"],
    ["verify pipes", "it is not a regular file"],
    ["train --data digits --soft-labels pipe", "it is not a regular file"],
  ])("lenet %s", async (args, message) => {
    const { code, stderr } = await lenet(args.split(" "));
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(lines(stderr)).toHaveLength(1);
  });
});

describe("a forced ending", () => {
  it.runIf(process.platform === "linux")("leaves no progress bar: a second Ctrl-C", async () => {
    const command = `${process.execPath} ${PROGRAM} train --data digits --epochs 50 --threads 1 --out forced`;
    const child = spawn("script", ["-qefc", command, "/dev/null"], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TERM: "xterm", NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "ignore"],
    });
    let shown = "";
    let pressed = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
      // Both in one write, while it trains: the second one arrives before the first is acted upon.
      if (!pressed && /epoch \d+\/50 train .*━/.test(shown)) {
        pressed = true;
        child.stdin.write("\x03");
        setTimeout(() => child.stdin.write("\x03"), 1);
      }
    });
    await once(child, "exit");
    expect(pressed).toBe(true);
    const last = shown.slice(shown.lastIndexOf("\x1b[2K") + 4);
    expect(last).not.toContain("━");
    expect(await readdir(inFolder("forced"))).toContain("config.json");
  });
});
