import type { Run } from "../../state/run.js";
import { messages } from "./messages/index.js";

/** A run's name; that of a fleet has the seed of the network on display. */
export function nameOf({ number, isFleet, member }: Run): string {
  return messages().run(number, isFleet ? member.value.seed : undefined);
}
