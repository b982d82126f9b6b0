import {
  elementCount,
  inferShapes,
  type NamedTensors,
  normalizedBytes,
  parameterSpecs,
  type ShapedLayer,
} from "../../model/index.js";
import { exponential } from "../../numeric/exponential.js";
import type { NetworkSettings } from "../backend.js";
import { type Learned, operationOf } from "./operations.js";

/** Images as bytes, and which of them to average over. */
export interface MeasuredImages {
  /** uint8 [count][channels][height][width] */
  readonly pixels: Uint8Array;
  readonly indices: ArrayLike<number>;
}

/**
 * The second derivatives of the loss by each parameter, averaged over images: the diagonal of the Gauss-Newton
 * approximation, propagated back through the layers as in LeCun et al. (1998), appendix C, so never negative. Those of a
 * shared weight are added over its connections. Computed in float64, with the same bits everywhere. They do not depend
 * on the labels.
 */
export function measureCurvature(
  { model, normalization, rubbishPenalty }: Pick<NetworkSettings, "model" | "normalization" | "rubbishPenalty">,
  parameters: NamedTensors,
  { pixels, indices }: MeasuredImages,
): NamedTensors<Float32Array> {
  const layers = inferShapes(model);
  const operations = layers.map(operationOf);
  const learned = layers.map((layer) => ofLayer(layer, (name) => Float64Array.from(numbersOf(parameters, name))));
  const squares = learned.map(({ weight, bias }) => ({ weight: weight.map((value) => value * value), bias }));
  const sums = new Map(
    parameterSpecs(layers).map(({ name, shape }) => [name, new Float64Array(elementCount(shape))] as const),
  );
  const layerSums = layers.map((layer) => ofLayer(layer, (name) => sums.get(name)!));
  const firstLearning = layers.findIndex((layer) => layer.parameters.length > 0);

  const table = normalizedBytes(normalization, model.input.channels);
  const area = model.input.height * model.input.width;
  const size = model.input.channels * area;
  for (const image of Array.from(indices)) {
    const bytes = pixels.subarray(image * size, (image + 1) * size);
    const values: Float64Array[] = [new Float64Array(size)];
    bytes.forEach((byte, place) => {
      values[0][place] = table[Math.floor(place / area) * 256 + byte];
    });
    operations.forEach((operation, index) => {
      values.push(operation.forward(values[index], learned[index]));
    });
    let curvature: Float64Array = lossCurvature(values[layers.length], rubbishPenalty);
    for (let index = layers.length - 1; index >= firstLearning; index--) {
      curvature = operations[index].backward({
        x: values[index],
        y: values[index + 1],
        curvature,
        squares: squares[index],
        sums: layerSums[index],
        needsInput: index > firstLearning,
      });
    }
  }
  return new Map(
    parameterSpecs(layers).map(({ name, shape }) => {
      return [name, { shape, data: Float32Array.from(sums.get(name)!, (sum) => sum / indices.length) }];
    }),
  );
}

/** The second derivative of the cross-entropy by each output: p (1 − p). */
function lossCurvature(outputs: Float64Array, rubbishPenalty: number | undefined): Float64Array {
  const rubbish = rubbishPenalty === undefined ? -Infinity : -rubbishPenalty;
  const largest = Math.max(...outputs, rubbish);
  const powers = outputs.map((output) => exponential(output - largest));
  const ofRubbish = rubbishPenalty === undefined ? 0 : exponential(rubbish - largest);
  const sum = powers.reduce((total, power) => total + power, ofRubbish);
  return powers.map((power) => (power / sum) * (1 - power / sum));
}

function ofLayer({ parameters }: ShapedLayer, tensor: (name: string) => Float64Array): Learned {
  const [weight = NOTHING, bias = NOTHING] = parameters.map(({ name }) => tensor(name));
  return { weight, bias };
}

const NOTHING = new Float64Array(0);

function numbersOf(parameters: NamedTensors, name: string): ArrayLike<number> {
  return parameters.get(name)!.data as ArrayLike<number>;
}
