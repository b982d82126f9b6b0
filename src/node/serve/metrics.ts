import { monitorEventLoopDelay } from "node:perf_hooks";

type Labels = Readonly<Record<string, string>>;

/** A family of metrics: a name, a help text, and how its samples are written. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly lines: () => string[];
}

/**
 * Metrics in Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export class Metrics {
  private readonly families: Family[] = [];

  /** A number that only grows. @returns adds to it */
  counter(name: string, help: string): (labels: Labels, amount?: number) => void {
    const values = new Map<string, number>();
    this.families.push({ name, help, type: "counter", lines: () => samples(name, values) });
    return (labels, amount = 1) => {
      const key = format(labels);
      values.set(key, (values.get(key) ?? 0) + amount);
    };
  }

  /** A number that is read when the metrics are; as a counter, if it only grows. */
  gauge(
    name: string,
    help: string,
    read: () => number | Iterable<readonly [Labels, number]>,
    type: "gauge" | "counter" = "gauge",
  ): void {
    const lines = () => {
      const value = read();
      const entries = typeof value === "number" ? [[{}, value] as const] : [...value];
      return samples(name, new Map(entries.map(([labels, number]) => [format(labels), number])));
    };
    this.families.push({ name, help, type, lines });
  }

  /**
   * The distribution of a number.
   *
   * @param bounds the upper bounds of its buckets, ascending
   * @returns adds an observation
   */
  histogram(name: string, help: string, bounds: readonly number[]): (labels: Labels, value: number) => void {
    const series = new Map<string, { readonly counts: number[]; sum: number; readonly labels: Labels }>();
    const lines = () => [...series.values()].flatMap((one) => histogramLines(name, bounds, one));
    this.families.push({ name, help, type: "histogram", lines });
    return (labels, value) => {
      const key = format(labels);
      let one = series.get(key);
      if (!one) {
        one = { counts: new Array(bounds.length + 1).fill(0), sum: 0, labels };
        series.set(key, one);
      }
      const bucket = bounds.findIndex((bound) => value <= bound);
      one.counts[bucket < 0 ? bounds.length : bucket]++;
      one.sum += value;
    };
  }

  /** All metrics as text. */
  text(): string {
    return this.families
      .flatMap(({ name, help, type, lines }) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()])
      .map((line) => `${line}\n`)
      .join("");
  }
}

/** Adds what every process has, under the names that Prometheus's client libraries use. @returns stops measuring */
export function addProcessMetrics(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const started = Date.now() / 1000 - process.uptime();
  metrics.gauge("process_start_time_seconds", "When the process started, in Unix time.", () => started);
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  metrics.gauge("process_cpu_seconds_total", "Processor time of all threads.", cpuSeconds, "counter");
  metrics.gauge("nodejs_eventloop_lag_p99_seconds", "How late the main thread runs, since the last reading.", () => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return seconds;
  });
  return () => delay.disable();
}

function samples(name: string, values: ReadonlyMap<string, number>): string[] {
  return [...values].map(([labels, value]) => `${name}${labels} ${value}`);
}

function histogramLines(
  name: string,
  bounds: readonly number[],
  { counts, sum, labels }: { counts: readonly number[]; sum: number; labels: Labels },
): string[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    return `${name}_bucket${format({ ...labels, le: String(bounds[index] ?? "+Inf") })} ${total}`;
  });
  return [...buckets, `${name}_sum${format(labels)} ${sum}`, `${name}_count${format(labels)} ${total}`];
}

function format(labels: Labels): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return "";
  return `{${entries.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`))
    : value;
}
