import type { Browser, Page } from "playwright-core";
import type { BenchmarkReport } from "../../src/benchmark/index.js";
import type { Fingerprint } from "./fingerprint.mjs";

export interface PageOptions {
  readonly isolated: boolean;
  /** Approximate time to measure; 0 computes only the fingerprints. */
  readonly seconds: number;
  /** The maximum number of threads; 1 if the page is not isolated. */
  readonly threads: number;
}

export interface PageResult {
  readonly userAgent: string;
  readonly isolated: boolean;
  readonly threads: number;
  readonly fused: boolean;
  readonly fingerprints: readonly Fingerprint[];
  readonly report?: BenchmarkReport;
}

export interface Chromium {
  readonly version: string;
  open(options: PageOptions): Promise<Page>;
  measure(options: PageOptions): Promise<PageResult>;
  close(): Promise<void>;
}

export function findChromium(): string | undefined;
export function launchChromium(executablePath: string): Promise<Browser>;
export function startChromium(executablePath: string): Promise<Chromium>;
