import { signal } from "@preact/signals";
import type { ParameterFreeLayers } from "../../src/formats/weightFiles.js";

/** What a file of tensors does not contain. */
export interface LayersAnswer {
  readonly layers: ParameterFreeLayers;
  /** The names of the classes, if the data are known. */
  readonly classes?: readonly string[];
}

/** A file whose layers are unknown. */
interface LayersQuestion {
  readonly name: string;
  readonly answer: (answer: LayersAnswer | undefined) => void;
}

/** The question currently asked; the page then shows the dialog. */
export const layersQuestion = signal<LayersQuestion | undefined>(undefined);

/** Asks which activation and pooling a file's model has; undefined if the dialog is cancelled. */
export async function askLayers(name: string): Promise<LayersAnswer | undefined> {
  try {
    return await new Promise((answer) => {
      layersQuestion.value = { name, answer };
    });
  } finally {
    layersQuestion.value = undefined;
  }
}
