import { extent } from "../../../src/report/chart.js";
import { type Spread, spreadOf } from "../../../src/report/statistics.js";
import type { EpochRecord } from "../../../src/training/epochs.js";
import type { Member } from "../../state/member.js";
import type { Run } from "../../state/run.js";

/** A number of an epoch. */
export type EpochValue = Exclude<keyof EpochRecord, "epoch">;

/** The networks of a fleet after an epoch. */
export interface FleetEpoch {
  readonly epoch: number;
  readonly values: readonly number[];
  readonly least: number;
  readonly most: number;
  readonly spread: Spread;
}

/** A value of all networks, for each epoch that at least one has finished. */
export function fleetEpochs({ members }: Pick<Run, "members">, what: EpochValue): FleetEpoch[] {
  const longest = Math.max(0, ...members.map(({ epochs }) => epochs.value.length));
  return Array.from({ length: longest }, (_, index) => {
    const values = members.flatMap(({ epochs }) => epochs.value[index]?.[what] ?? []);
    const [least, most] = extent(values);
    return { epoch: index + 1, values, least, most, spread: spreadOf(values)! };
  });
}

/** The networks of a fleet by the validation accuracy of their best epoch. */
export interface Ranking {
  readonly spread: Spread;
  readonly count: number;
  readonly worst: Member;
  readonly best: Member;
}

/** Undefined before the first epoch. */
export function rankingOf({ members }: Pick<Run, "members">): Ranking | undefined {
  const ranked = members
    .filter(({ best }) => best !== undefined)
    .toSorted((one, other) => accuracyOf(one) - accuracyOf(other));
  const spread = spreadOf(ranked.map(accuracyOf));
  return spread && { spread, count: ranked.length, worst: ranked[0], best: ranked[ranked.length - 1] };
}

/** The best validation accuracy of a network; 0 before its first epoch. */
export function accuracyOf({ best }: Member): number {
  return best?.validationAccuracy ?? 0;
}
