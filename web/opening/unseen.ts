import { signal } from "@preact/signals";
import type { UnseenInTensors } from "../../src/formats/weights.js";

/** A file whose model must be asked for. */
export interface Question {
  readonly name: string;
  readonly answer: (unseen: UnseenInTensors | undefined) => void;
}

/** What is being asked now. */
export const question = signal<Question | undefined>(undefined);

/** Asks which activation and pooling a file's model has; undefined where it is not answered. */
export async function askUnseen(name: string): Promise<UnseenInTensors | undefined> {
  try {
    return await new Promise((answer) => {
      question.value = { name, answer };
    });
  } finally {
    question.value = undefined;
  }
}
