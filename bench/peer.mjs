// PyTorch's side of the comparisons: a Python process, and the data set where it looks for it.

import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A Python process that answers one request after another, and sleeps in between. */
export class Peer {
  /** @param script its name in this folder */
  constructor(python, script, threads) {
    this.process = spawn(python, [fileURLToPath(new URL(script, import.meta.url)), String(threads)], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, OMP_NUM_THREADS: String(threads) },
    });
    this.process.on("error", (error) => fail(`cannot start ${python}: ${error.message}`));
    this.answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async ask(request) {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.answers.next();
    if (done) fail("the Python process ended unexpectedly");
    return JSON.parse(value);
  }

  end() {
    this.process.stdin.end();
  }
}

/** Ends the script. */
export function fail(reason) {
  console.error(reason);
  process.exit(1);
}

/** Writes the data set's files where torchvision looks for them. */
export async function writeForTorchvision(root, parts) {
  const folder = join(root, "FashionMNIST", "raw");
  await mkdir(folder, { recursive: true });
  for (const [prefix, { images, labels, height, width }] of Object.entries(parts)) {
    await writeFile(join(folder, `${prefix}-images-idx3-ubyte`), idx([labels.length, height, width], images));
    await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), idx([labels.length], labels));
  }
}

function idx(shape, bytes) {
  const header = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap(() => [0, 0, 0, 0])]);
  shape.forEach((size, axis) => {
    header.writeUInt32BE(size, 4 + axis * 4);
  });
  return Buffer.concat([header, bytes]);
}
