/** A name and its value. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** A group of facts. */
export interface FactGroup {
  readonly title: string;
  readonly facts: readonly Fact[];
}

/** The names of the settings that differ between runs, in order of appearance. A setting that a run lacks differs. */
export function differingSettings(runs: readonly (readonly Fact[])[]): string[] {
  const names = new Set(runs.flatMap((settings) => settings.map(({ name }) => name)));
  const valueIn = (settings: readonly Fact[], name: string) => settings.find((fact) => fact.name === name)?.value;
  return [...names].filter((name) => new Set(runs.map((settings) => valueIn(settings, name))).size > 1);
}

/** The title and subtitle of a run's charts. */
export const ENGLISH_TITLES = {
  title: (recipe: string, data: string, generated: boolean) =>
    `LeNet-5 ${recipe} on ${data}${generated ? " (generated data)" : ""}`,
  subtitle: (seed: number, batch: number, optimizer: string) => `seed ${seed}, batch ${batch}, ${optimizer}`,
};
export type TitleWords = typeof ENGLISH_TITLES;
