import { MODEL } from "../../src/formats/onnx/messages.js";
import { type NewMessage, readMessage, writeMessage } from "../../src/formats/onnx/protobuf.js";
import type { Weights } from "../../src/formats/weights.js";
import { initializeParameters, type LeNet5Options, lenet5 } from "../../src/model/index.js";

type Mutable<T> = T extends Uint8Array ? T : { -readonly [Key in keyof T]: Mutable<NonNullable<T[Key]>> };

/** An ONNX file as an object whose fields can be changed; those that it lacks are undefined all the same. */
export type EditableFile = Mutable<NewMessage<typeof MODEL>>;

/** The file with some of its fields changed. */
export function edited(file: Uint8Array, change: (file: EditableFile) => void): Uint8Array {
  const editable = structuredClone(readMessage(MODEL, file)) as unknown as EditableFile;
  change(editable);
  return writeMessage(MODEL, editable as NewMessage<typeof MODEL>);
}

const LENET5: LeNet5Options = {
  input: { channels: 1, height: 12, width: 12 },
  classes: 10,
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0,
};

/** The weights of a LeNet-5, for pictures of 1×12×12 unless said otherwise. */
export function lenetWeights(options: Partial<LeNet5Options> = {}): Weights {
  const model = lenet5({ ...LENET5, ...options });
  const channels = Array.from({ length: model.input.channels }, (_, channel) => 0.25 + channel / 10);
  return {
    model,
    parameters: initializeParameters(model, 1998),
    normalization: { mean: channels, deviation: channels.map((value) => value / 2) },
  };
}
