import { type CardList, listCards } from "./webgpu.js";

// The process that `findCards` starts.

const answer: CardList = await listCards().then(
  (cards) => ({ cards }),
  (error) => ({ failure: error instanceof Error ? error.message : String(error) }),
);
process.send?.(answer, () => process.exit());
