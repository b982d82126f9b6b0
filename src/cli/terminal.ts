import type { WriteStream } from "node:tty";
import { formatDuration } from "../report/numbers.js";
import { type Style, styled } from "./colour.js";
import type { Unit } from "./messages/en.js";
import { messages } from "./messages/index.js";
import { printable, printableLines } from "./text.js";
import { cut, widthOf } from "./width.js";

const LONGEST_BAR = 24;
/** A shorter bar is not worth drawing. */
const SHORTEST_BAR = 4;
const DEFAULT_COLUMNS = 80;
/** Minimum time between two drawings of the bar. */
const DRAW_MILLISECONDS = 100;
/** Minimum time between two progress lines if the stream is not a terminal. */
const PLAIN_MILLISECONDS = 10_000;
const ERASE_LINE = "\r\x1b[2K";

/** The terminals that show a bar. Whatever ends the process erases it. */
const withBars = new Set<Terminal>();
process.on("exit", () => {
  for (const terminal of withBars) terminal.clearBar();
});

/** The progress of a task. */
export interface BarState {
  readonly label: string;
  /** Names the task. Rate and time left count from the first call that names it. Default: the label. */
  readonly task?: string;
  readonly done: number;
  readonly total: number;
  /** Shown after the rate if there is room. */
  readonly details?: string;
  /** The unit of `done` and `total`. */
  readonly unit: Unit;
}

/**
 * A command's output for people: lines and, below them, a live progress bar with rate and time left. If the stream is
 * not a terminal, the bar becomes a plain line every ten seconds.
 */
export class Terminal {
  private readonly stream: NodeJS.WritableStream & Partial<WriteStream>;
  private readonly quiet: boolean;
  private task = "";
  private startedAt = 0;
  private startedDone = 0;
  private drawnAt = 0;
  private barShown = false;

  constructor(stream: NodeJS.WritableStream & Partial<WriteStream>, options: { quiet?: boolean } = {}) {
    this.stream = stream;
    this.quiet = options.quiet ?? false;
  }

  /** How wide its lines may be; undefined if it is no terminal. */
  get columns(): number | undefined {
    return this.stream.isTTY ? this.stream.columns || DEFAULT_COLUMNS : undefined;
  }

  /** Writes a line, or several. What could control the terminal is escaped. */
  line(text = "", style?: Style): void {
    this.clearBar();
    this.stream.write(`${styled(printableLines(text), style, this.stream)}\n`);
  }

  /** Writes a warning to standard error. */
  warn(text: string): void {
    this.clearBar();
    process.stderr.write(`${styled(messages.warning, "warning", process.stderr)}${printable(messages.error(text))}\n`);
  }

  /** Writes a line unless the terminal is quiet. */
  detail(text = "", style?: Style): void {
    if (!this.quiet) this.line(text, style);
  }

  /** Shows the progress of a task. */
  progress(state: BarState): void {
    if (this.quiet) return;
    const now = performance.now();
    const task = state.task ?? state.label;
    if (task !== this.task) {
      this.task = task;
      this.startedAt = now;
      this.startedDone = state.done;
      // Short tasks get no plain line.
      this.drawnAt = this.stream.isTTY ? 0 : now;
      return;
    }
    if (now - this.drawnAt < (this.stream.isTTY ? DRAW_MILLISECONDS : PLAIN_MILLISECONDS)) return;
    this.drawnAt = now;
    const figures = this.figures(state, (now - this.startedAt) / 1000);
    if (!this.stream.isTTY) {
      this.stream.write(`${printable(`${state.label} ${figures.join("  ")}`)}\n`);
      return;
    }
    // Leave the last column free: some terminals wrap a full line.
    const room = (this.stream.columns || DEFAULT_COLUMNS) - 1;
    const [before, bar, after] = lineWithBar(state, figures, room).map(printable);
    this.stream.write(ERASE_LINE + before + styled(bar, "bar", this.stream) + after);
    this.showBar(true);
  }

  /** Erases the bar. */
  clearBar(): void {
    if (this.barShown) this.stream.write(ERASE_LINE);
    this.showBar(false);
  }

  private showBar(isShown: boolean): void {
    this.barShown = isShown;
    if (isShown) withBars.add(this);
    else withBars.delete(this);
  }

  private figures({ done, total, unit, details }: BarState, seconds: number): string[] {
    const rate = (done - this.startedDone) / seconds;
    const figures = [
      `${Math.floor(fractionOf(done, total) * 100)} %`.padStart(5),
      `${formatRate(rate)} ${messages.unit(unit)}/s`,
      messages.timeLeft(formatDuration((total - done) / rate)),
    ];
    return details === undefined ? figures : [...figures, details];
  }
}

/** Where a command reports: a terminal or a substitute. */
export type Reporter = Pick<Terminal, "columns" | "line" | "warn" | "detail" | "progress" | "clearBar">;

/** Reports nothing. */
export const SILENT: Reporter = {
  columns: undefined,
  line: () => {},
  warn: () => {},
  detail: () => {},
  progress: () => {},
  clearBar: () => {},
};

/** A progress line with a bar and as many of the figures as fit: what is before the filled part, it, and what is after. */
function lineWithBar({ label, done, total }: BarState, figures: readonly string[], room: number): string[] {
  for (let shown = figures.length; shown > 0; shown--) {
    const text = figures.slice(0, shown).join("  ");
    const bar = Math.min(LONGEST_BAR, room - widthOf(label) - widthOf(text) - 2);
    if (bar < SHORTEST_BAR) continue;
    const filled = Math.round(fractionOf(done, total) * bar);
    return [`${label} `, "━".repeat(filled), `${"╌".repeat(bar - filled)} ${text}`];
  }
  return [cut(label, room), "", ""];
}

function fractionOf(done: number, total: number): number {
  return total > 0 ? Math.min(done / total, 1) : 0;
}

function formatRate(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString("en-US") : rate.toFixed(1);
}

/** Formats a fraction as a percentage: 89.68 %. */
export function formatPercent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}
