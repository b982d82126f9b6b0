/** A run with its settings as text, and what it reached. */
export interface MeasuredRun {
  readonly settings: Readonly<Record<string, string>>;
  readonly accuracy: number;
}

/** How much of the differences between runs goes with one setting. */
export interface Influence {
  readonly setting: string;
  /** 0 … 1; undefined if no value, or range of values, has two runs. */
  readonly share?: number;
  /** The runs by value, or by range of values if there are many. */
  readonly groups: readonly { readonly name: string; readonly runs: number; readonly mean: number }[];
}

/** More values are grouped into ranges. */
const MOST_VALUES = 6;
const RANGES = 4;

/**
 * The influence of each setting that differs between runs, the largest first: ε², the share of the variance between its
 * values beyond what chance puts there (Kelley, "An unbiased correlation ratio measure", PNAS 1935). Each setting is
 * taken by itself.
 */
export function influencesOf(runs: readonly MeasuredRun[]): Influence[] {
  const names = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))];
  const influences = names.flatMap((setting) => {
    const groups = groupsOf(runs, setting);
    return groups.length < 2 ? [] : [{ setting, share: shareOf(groups.map((group) => group.accuracies)), groups }];
  });
  return influences
    .sort((one, other) => (other.share ?? -1) - (one.share ?? -1))
    .map(({ groups, ...influence }) => ({
      ...influence,
      groups: groups.map(({ name, accuracies }) => ({ name, runs: accuracies.length, mean: meanOf(accuracies) })),
    }));
}

interface Group {
  readonly name: string;
  readonly accuracies: readonly number[];
}

function groupsOf(runs: readonly MeasuredRun[], setting: string): Group[] {
  const values = [...new Set(runs.map(({ settings }) => settings[setting]))];
  const accuraciesOf = (some: readonly string[]) =>
    runs.filter(({ settings }) => some.includes(settings[setting])).map(({ accuracy }) => accuracy);
  const numbers = values.map(Number);
  const isNumeric = numbers.every(Number.isFinite);
  if (isNumeric) values.sort((one, other) => Number(one) - Number(other));
  if (!isNumeric || values.length <= MOST_VALUES) {
    return values.map((value) => ({ name: value, accuracies: accuraciesOf([value]) }));
  }
  return Array.from({ length: RANGES }, (_, index) => {
    const bound = (part: number) => Math.round((part * values.length) / RANGES);
    const some = values.slice(bound(index), bound(index + 1));
    return { name: `${some[0]} … ${some[some.length - 1]}`, accuracies: accuraciesOf(some) };
  });
}

function shareOf(groups: readonly (readonly number[])[]): number | undefined {
  const all = groups.flat();
  const freedom = all.length - groups.length;
  if (freedom === 0) return undefined;
  const total = squares(all);
  if (total === 0) return 0;
  const within = groups.reduce((sum, group) => sum + squares(group), 0);
  return Math.max(0, 1 - ((within / freedom) * (all.length - 1)) / total);
}

/** The sum of the squared distances from the mean. */
function squares(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
