import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { formatDuration } from "../report/numbers.js";
import { formatPercent, Terminal } from "./terminal.js";

/** Records what is written to a terminal of a given width, or to a file. */
class FakeStream extends Writable {
  readonly isTTY: boolean;
  columns: number;
  readonly written: string[] = [];

  constructor(isTTY: boolean, columns = 120) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(text);
    done();
  }
}

const terminalOn = (stream: FakeStream, quiet = false) =>
  new Terminal(stream as unknown as typeof process.stdout, { quiet });
const ERASE = "\r\x1b[2K";

beforeEach(() => {
  vi.stubEnv("NO_COLOR", "1");
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** Reports 1,000 more finished images every half second. */
function work(terminal: Terminal, total: number, steps: number): void {
  for (let step = 0; step <= steps; step++) {
    const label = `epoch ${step < steps / 2 ? 1 : 2}/2`;
    terminal.progress({ task: "train", label, done: step * 1000, total, unit: "images", details: "loss 0.1234" });
    vi.advanceTimersByTime(500);
  }
}

describe("on a terminal", () => {
  it("shows a bar with percentage, rate, time left and details, measured over the entire task", () => {
    const stream = new FakeStream(true);
    work(terminalOn(stream), 10_000, 3);
    expect(stream.written).toEqual([
      `${ERASE}epoch 1/2 ━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  10 %  2,000 images/s  0:05 left  loss 0.1234`,
      `${ERASE}epoch 2/2 ━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  20 %  2,000 images/s  0:04 left  loss 0.1234`,
      `${ERASE}epoch 2/2 ━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  30 %  2,000 images/s  0:04 left  loss 0.1234`,
    ]);
  });

  it("measures the rate of a resumed task from where it resumed", () => {
    const stream = new FakeStream(true);
    const terminal = terminalOn(stream);
    terminal.progress({ label: "download", done: 80, total: 100, unit: "MB" });
    vi.advanceTimersByTime(1000);
    terminal.progress({ label: "download", done: 90, total: 100, unit: "MB" });
    expect(stream.written.at(-1)).toContain("90 %  10.0 MB/s  0:01 left");
  });

  it("draws at most ten times a second", () => {
    const stream = new FakeStream(true);
    const terminal = terminalOn(stream);
    for (let done = 0; done < 1000; done++) {
      terminal.progress({ label: "test", done, total: 1000, unit: "images" });
      vi.advanceTimersByTime(1);
    }
    expect(stream.written.length).toBeGreaterThanOrEqual(9);
    expect(stream.written.length).toBeLessThanOrEqual(10);
  });

  it("erases the bar before a line and at the end", () => {
    const stream = new FakeStream(true);
    const terminal = terminalOn(stream);
    terminal.line("first");
    work(terminal, 10_000, 1);
    terminal.line("second");
    terminal.line("third");
    work(terminal, 10_000, 2);
    terminal.clearBar();
    terminal.clearBar();
    const bars = stream.written.filter((text) => text.includes("╌"));
    expect(stream.written.map((text) => (bars.includes(text) ? "bar" : text))).toEqual([
      ...["first\n", "bar", ERASE, "second\n", "third\n"],
      ...["bar", "bar", "bar", ERASE],
    ]);
  });

  it.each([200, 81, 80, 60, 50, 40, 20, 5])("never fills a line of %i columns", (columns) => {
    const stream = new FakeStream(true, columns);
    work(terminalOn(stream), 10_000_000, 4);
    expect(stream.written.length).toBe(4);
    for (const text of stream.written) expect([...text.slice(ERASE.length)].length).toBeLessThan(columns);
  });

  it.each([
    [100, "epoch 1/2 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   0 %  2,000 images/s  1:23:20 left  loss 0.1234"],
    [60, "epoch 1/2 ╌╌╌╌╌╌╌╌╌╌╌╌╌   0 %  2,000 images/s  1:23:20 left"],
    [40, "epoch 1/2 ╌╌╌╌╌╌╌   0 %  2,000 images/s"],
    [20, "epoch 1/2"],
  ])("drops what does not fit in %i columns", (columns, text) => {
    const stream = new FakeStream(true, columns);
    work(terminalOn(stream), 10_000_000, 3);
    expect(stream.written[0]).toBe(ERASE + text);
  });

  it("assumes 80 columns if the terminal does not know its width", () => {
    const stream = new FakeStream(true, 0);
    work(terminalOn(stream), 10_000, 1);
    expect(stream.written[0].length - ERASE.length).toBe(79);
  });
});

describe("if the stream is not a terminal", () => {
  it("writes a plain line every ten seconds, and none for a short task", () => {
    const stream = new FakeStream(false);
    work(terminalOn(stream), 100_000, 45);
    expect(stream.written).toEqual([
      "epoch 1/2  20 %  2,000 images/s  0:40 left  loss 0.1234\n",
      "epoch 2/2  40 %  2,000 images/s  0:30 left  loss 0.1234\n",
    ]);
    const short = new FakeStream(false);
    const terminal = terminalOn(short);
    work(terminal, 10_000, 10);
    terminal.line("done");
    expect(short.written).toEqual(["done\n"]);
  });
});

describe("when quiet", () => {
  it("writes lines, but neither details nor progress", () => {
    const stream = new FakeStream(true);
    const terminal = terminalOn(stream, true);
    terminal.line("result");
    terminal.detail("detail");
    work(terminal, 10_000, 5);
    terminal.clearBar();
    expect(stream.written).toEqual(["result\n"]);
  });
});

describe("formats", () => {
  it.each([
    [0.4, "0:00"],
    [59.6, "1:00"],
    [185, "3:05"],
    [3599.5, "1:00:00"],
    [3729, "1:02:09"],
    [Number.POSITIVE_INFINITY, "–"],
    [Number.NaN, "–"],
  ])("%d seconds as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it("fractions as percentages", () => {
    expect([0, 0.89684, 1].map(formatPercent)).toEqual(["0.00 %", "89.68 %", "100.00 %"]);
  });
});
