/** A name and what stands beside it. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** Facts that belong together. */
export interface FactGroup {
  readonly title: string;
  readonly facts: readonly Fact[];
}

/**
 * The names of the settings that are not the same in all runs, in the order in which they come up; a setting that a run
 * does not have is another one.
 */
export function differingSettings(runs: readonly (readonly Fact[])[]): string[] {
  const names = new Set(runs.flatMap((settings) => settings.map(({ name }) => name)));
  const valueIn = (settings: readonly Fact[], name: string) => settings.find((fact) => fact.name === name)?.value;
  return [...names].filter((name) => new Set(runs.map((settings) => valueIn(settings, name))).size > 1);
}
