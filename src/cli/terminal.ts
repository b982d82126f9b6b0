import type { WriteStream } from "node:tty";
import { formatDuration } from "../report/numbers.js";

const LONGEST_BAR = 24;
/** A shorter bar tells nothing. */
const SHORTEST_BAR = 4;
const DEFAULT_COLUMNS = 80;
/** Between two drawings of the bar. */
const DRAW_MILLISECONDS = 100;
/** Between two lines of progress where there is no terminal. */
const PLAIN_MILLISECONDS = 10_000;
const ERASE_LINE = "\r\x1b[2K";

/** How far something is. */
export interface BarState {
  readonly label: string;
  /** What is measured, the label where left out: the rate and the time left are those since its first call. */
  readonly task?: string;
  readonly done: number;
  readonly total: number;
  /** What else to show, behind the rate, where there is room. */
  readonly details?: string;
  /** What is counted, as "images" or "MB". */
  readonly unit: string;
}

/**
 * Where a command writes for people: lines that stay, and below them a live bar with rate and time left where the stream
 * is a terminal. Where it is not, a bar is a plain line now and then.
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

  /** Writes a line that stays. */
  line(text = ""): void {
    this.clearBar();
    this.stream.write(`${text}\n`);
  }

  /** Warns in a line on standard error. */
  warn(text: string): void {
    this.clearBar();
    process.stderr.write(`warning: ${text}\n`);
  }

  /** Writes a line that stays, unless quiet was asked for. */
  detail(text = ""): void {
    if (!this.quiet) this.line(text);
  }

  /** Shows how far something is. */
  progress(state: BarState): void {
    if (this.quiet) return;
    const now = performance.now();
    const task = state.task ?? state.label;
    if (task !== this.task) {
      this.task = task;
      this.startedAt = now;
      this.startedDone = state.done;
      // A plain line only for what takes long.
      this.drawnAt = this.stream.isTTY ? 0 : now;
      return;
    }
    if (now - this.drawnAt < (this.stream.isTTY ? DRAW_MILLISECONDS : PLAIN_MILLISECONDS)) return;
    this.drawnAt = now;
    const figures = this.figures(state, (now - this.startedAt) / 1000);
    if (!this.stream.isTTY) {
      this.stream.write(`${state.label} ${figures.join("  ")}\n`);
      return;
    }
    // The last column stays free: a full line would wrap in some terminals.
    const room = (this.stream.columns || DEFAULT_COLUMNS) - 1;
    this.stream.write(ERASE_LINE + lineWithBar(state, figures, room));
    this.barShown = true;
  }

  /** Takes the bar away. */
  clearBar(): void {
    if (this.barShown) this.stream.write(ERASE_LINE);
    this.barShown = false;
  }

  private figures({ done, total, unit, details }: BarState, seconds: number): string[] {
    const rate = (done - this.startedDone) / seconds;
    const figures = [
      `${Math.floor(shareOf(done, total) * 100)} %`.padStart(5),
      `${formatRate(rate)} ${unit}/s`,
      `${formatDuration((total - done) / rate)} left`,
    ];
    return details === undefined ? figures : [...figures, details];
  }
}

/** What a command reports to: a terminal, or what stands for one. */
export type Reporter = Pick<Terminal, "line" | "warn" | "detail" | "progress" | "clearBar">;

/** A line of progress with as many of the figures as there is room for beside a bar. */
function lineWithBar({ label, done, total }: BarState, figures: readonly string[], room: number): string {
  for (let shown = figures.length; shown > 0; shown--) {
    const text = figures.slice(0, shown).join("  ");
    const bar = Math.min(LONGEST_BAR, room - label.length - text.length - 2);
    if (bar < SHORTEST_BAR) continue;
    const filled = Math.round(shareOf(done, total) * bar);
    return `${label} ${"━".repeat(filled)}${"╌".repeat(bar - filled)} ${text}`;
  }
  return label.slice(0, room);
}

function shareOf(done: number, total: number): number {
  return total > 0 ? Math.min(done / total, 1) : 0;
}

function formatRate(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString("en-US") : rate.toFixed(1);
}

/** A share as 89.68 %. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
