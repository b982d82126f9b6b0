import type { Fact } from "./page/report.js";

/**
 * The names of the settings that are not the same in all runs, in the order in which they come up; a setting that a run
 * does not have is another one.
 */
export function differingSettings(runs: readonly (readonly Fact[])[]): string[] {
  const names = new Set(runs.flatMap((settings) => settings.map(({ name }) => name)));
  const valueIn = (settings: readonly Fact[], name: string) => settings.find((fact) => fact.name === name)?.value;
  return [...names].filter((name) => new Set(runs.map((settings) => valueIn(settings, name))).size > 1);
}
