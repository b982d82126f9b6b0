import type { Measure, VerificationRow } from "./rows.js";

/** Why a file has no rows. */
export interface FileNote {
  readonly file: string;
  readonly reason: string;
}

/** The result of verifying a folder of reference values. */
export interface VerificationReport {
  readonly rows: readonly VerificationRow[];
  /** Files that could not be read or verified. */
  readonly failures: readonly FileNote[];
  /** Readable files whose model file is missing. */
  readonly skipped: readonly FileNote[];
}

const MEASURE_NAMES: Record<Measure, string> = {
  absolute: "absolute",
  relative: "of the largest",
  unequal: "unequal",
};

/** Wide enough for parameter names, so the columns of most files line up. */
const NAME_WIDTH = 28;

/** Formats the rows as one table per file, then the skipped files. */
export function formatReport({ rows, skipped }: VerificationReport): string {
  return [
    ...filesOf(rows).flatMap((file) => [...fileTable(file, rows), ""]),
    ...skipped.map(({ file, reason }) => `${file}: not verified, ${reason}`),
    "",
  ].join("\n");
}

/** The problems, one line each; empty if everything passed. */
export function reportProblems({ rows, failures }: VerificationReport): string[] {
  if (rows.length === 0 && failures.length === 0) return ["there is nothing to verify"];
  const failed = rows.filter(({ passed }) => !passed).length;
  return [
    ...failures.map(({ file, reason }) => `cannot verify ${file}: ${reason}`),
    ...(failed > 0 ? [`${failed} of ${countOf(rows)} exceed their tolerance`] : []),
  ];
}

/** The summary line of a report without problems. */
export function reportSuccess({ rows }: VerificationReport): string {
  return `${countOf(rows)} are within tolerance`;
}

function filesOf(rows: readonly VerificationRow[]): string[] {
  return [...new Set(rows.map(({ file }) => file))];
}

function countOf(rows: readonly VerificationRow[]): string {
  const files = filesOf(rows).length;
  return `${rows.length} tensors in ${files} ${files === 1 ? "file" : "files"}`;
}

function fileTable(file: string, allRows: readonly VerificationRow[]): string[] {
  const rows = allRows.filter((row) => row.file === file);
  const width = Math.max(NAME_WIDTH, ...rows.map(({ tensor }) => tensor.length));
  const line = (name: string, error: string, tolerance: string, mark: string) =>
    `  ${name.padEnd(width)}  ${error.padStart(7)}  ${tolerance.padEnd(21)}  ${mark}`.trimEnd();
  return [
    file,
    line("tensor", "error", "tolerance", ""),
    ...rows.map(({ tensor, error, tolerance, measure, passed }) =>
      line(tensor, figure(error), `${shortFigure(tolerance)} ${MEASURE_NAMES[measure]}`, passed ? "" : "FAILED"),
    ),
  ];
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toExponential(1);
}

function shortFigure(value: number): string {
  return figure(value).replace(".0e", "e");
}
