import type { WriteStream } from "node:tty";

const BAR_WIDTH = 24;
/** Between two drawings of the bar. */
const DRAW_MILLISECONDS = 100;
/** Between two lines of progress where there is no terminal. */
const PLAIN_MILLISECONDS = 10_000;
const ERASE_LINE = "\r\x1b[2K";

/** How far something is. */
export interface BarState {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** What else to show, behind the rate. */
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
  private label = "";
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

  /** Writes a line that stays, unless quiet was asked for. */
  detail(text = ""): void {
    if (!this.quiet) this.line(text);
  }

  /** Shows how far something is; a new label starts a new measurement of the rate. */
  progress(state: BarState): void {
    if (this.quiet) return;
    const now = performance.now();
    if (state.label !== this.label) {
      this.label = state.label;
      this.startedAt = now;
      this.startedDone = state.done;
      // A plain line only for what takes long.
      this.drawnAt = this.stream.isTTY ? 0 : now;
      return;
    }
    if (now - this.drawnAt < (this.stream.isTTY ? DRAW_MILLISECONDS : PLAIN_MILLISECONDS)) return;
    this.drawnAt = now;
    const text = this.describe(state, (now - this.startedAt) / 1000);
    if (!this.stream.isTTY) {
      this.stream.write(`${text}\n`);
      return;
    }
    this.stream.write(ERASE_LINE + text.slice(0, (this.stream.columns ?? 80) - 1));
    this.barShown = true;
  }

  /** Takes the bar away. */
  clearBar(): void {
    if (this.barShown) this.stream.write(ERASE_LINE);
    this.barShown = false;
    this.label = "";
  }

  private describe({ label, done, total, details, unit }: BarState, seconds: number): string {
    const share = Math.min(done / total, 1);
    const filled = Math.round(share * BAR_WIDTH);
    const bar = this.stream.isTTY ? `${"━".repeat(filled)}${"╌".repeat(BAR_WIDTH - filled)} ` : "";
    const rate = (done - this.startedDone) / seconds;
    const left = formatDuration((total - done) / rate);
    const parts = [`${Math.floor(share * 100)} %`, `${formatRate(rate)} ${unit}/s`, `${left} left`, details];
    return `${label} ${bar}${parts.filter((part) => part !== undefined).join("  ")}`;
  }
}

function formatRate(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString("en-US") : rate.toFixed(1);
}

/** Seconds as 0:07, 3:05 or 1:02:09. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A share as 89.68 %. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
