import { type ActivationShape, type BatchNormLayer, elementCount } from "../../../model/index.js";
import { channelExtents, channelPartCount, channelSums, eachPart, eachTerm, partOf } from "./channelSums.js";
import { type Element, eachIndex, type LayerCode, type LayerKernels, type LayerShapes } from "./layerKernels.js";

/** What a join makes of a batch for each channel; arrays one after the other. */
const COEFFICIENTS = [
  "mean",
  /** 1 / √(variance + ε) */
  "reciprocal",
  /** The mean of the gradient over the batch; 0 outside training, where nothing depends on the batch. */
  "gradientMean",
  /** The mean of gradient · normalised value; likewise. */
  "gradientSlope",
] as const;

/**
 * Batch normalisation in training; outside training it is a step behind another layer, see `evaluated`. A sample's trace
 * is for each channel its mean and its squared deviations, and on the way back its share of the gradients of weight and
 * bias.
 */
export const batchNorm: LayerKernels<BatchNormLayer> = {
  replacesInput: () => true,

  partCounts: ({ input }) => ({ forward: channelPartCount(input, 2), trace: channelPartCount(input, 2) }),

  forward(code) {
    const { input, x, weight, bias, storeOutput } = code;
    const normal = normalized(code, x("i"));
    const value = `${weight("channel")} * ${normal} + ${bias("channel")}`;
    return [eachElement(input, storeOutput("i", value))];
  },

  inputGradient(code) {
    const { input, x, dy, weight, storeInputGradient } = code;
    const [, reciprocal, gradientMean, gradientSlope] = coefficients(code);
    const own = `${dy("i")} - ${gradientMean} - ${normalized(code, x("i"))} * ${gradientSlope}`;
    return [eachElement(input, storeInputGradient("i", `${weight("channel")} * ${reciprocal} * (${own})`))];
  },

  parameters: {
    traceSize: ({ input: [channels] }) => 2 * channels,

    trace(code) {
      const { input, x, dy, parts, trace } = code;
      const [mean, reciprocal] = coefficients(code);
      const sums = `
        let mean = ${mean};
        var products = 0.0;
        var sum = 0.0;
        ${eachTerm(
          input,
          (place) => [x(place), dy(place)],
          (value, gradient) => `products += ${gradient} * (${value} - mean); sum += ${gradient};`,
        )}
        products *= ${reciprocal};`;
      const store = `${trace("channel")} = products; ${trace(`${input[0]}u + channel`)} = sum;`;
      return channelSums(input, parts, ["products", "sum"], sums, store);
    },

    weightGradient: (_shapes, trace, index) => trace(index),
    biasGradient: ({ input: [channels] }, trace, index) => trace(`${channels}u + ${index}`),
  },

  overBatch: {
    coefficientCount: ({ input: [channels] }) => COEFFICIENTS.length * channels,

    measure(code) {
      const { input, x, parts, trace } = code;
      const { channels, parts: count, terms } = channelExtents(input);
      // Two passes, because a mean far from zero would leave nothing of a variance in one.
      const moments = `
        var sum = 0.0;
        ${eachTerm(
          input,
          (place) => [x(place)],
          (value) => `sum += ${value};`,
        )}
        let mean = sum / ${terms}.0;
        var deviations = 0.0;
        ${eachTerm(
          input,
          (place) => [x(place)],
          (value) => `deviations += (${value} - mean) * (${value} - mean);`,
        )}`;
      const store = (mean: string, deviations: string) =>
        `${trace("channel")} = ${mean}; ${trace(`${channels}u + channel`)} = ${deviations};`;
      if (!parts) return [eachPart(input, `${moments} ${store("mean", "deviations")}`)];
      const join = `
        var sum = 0.0;
        for (var part = 0u; part < ${count}u; part++) { sum += ${partOf(parts, input, 0)}; }
        let mean = sum / ${count}.0;
        var deviations = 0.0;
        var ofMeans = 0.0;
        for (var part = 0u; part < ${count}u; part++) {
          let deviation = ${partOf(parts, input, 0)} - mean;
          ofMeans += deviation * deviation;
          deviations += ${partOf(parts, input, 1)};
        }
        ${store("mean", `deviations + ${terms}.0 * ofMeans`)}`;
      return [
        eachPart(input, `${moments} ${parts("2u * s")} = mean; ${parts("2u * s + 1u")} = deviations;`),
        eachIndex(channels, "channel", join),
      ];
    },

    joinForward(code) {
      const { layer, input, eachSample, coefficient, tensor } = code;
      const [channels] = input;
      const places = elementCount(input) / channels;
      const [runningMean, runningVariance] = [tensor(2)("channel"), tensor(3)("channel")];
      return `
        var mean = ${runningMean};
        var variance = ${runningVariance};
        if (measures) {
          var sum = 0.0;
          ${eachSample(["channel"], (ofSample) => `sum += ${ofSample};`)}
          mean = sum / f32(samples);
          var deviations = 0.0;
          var ofMeans = 0.0;
          ${eachSample(
            ["channel", `${channels}u + channel`],
            (ofSample, deviation) =>
              `ofMeans += (${ofSample} - mean) * (${ofSample} - mean); deviations += ${deviation};`,
          )}
          deviations += ${places}.0 * ofMeans;
          let values = f32(samples * ${places}u);
          let share = select(${layer.momentum}, given, given > 0.0);
          ${runningMean} += share * (mean - ${runningMean});
          ${runningVariance} += share * (deviations / (values - 1.0) - ${runningVariance});
          variance = deviations / values;
        }
        ${coefficient("channel")} = mean;
        ${coefficient(`${channels}u + channel`)} = 1.0 / sqrt(variance + ${layer.epsilon});`;
    },

    joinBackward(code) {
      const { input, eachSample, coefficient } = code;
      const [channels] = input;
      return `
        var products = 0.0;
        var sum = 0.0;
        if (measures) {
          ${eachSample(
            ["channel", `${channels}u + channel`],
            (product, gradient) => `products += ${product}; sum += ${gradient};`,
          )}
        }
        let values = f32(samples * ${elementCount(input) / channels}u);
        ${coefficient(`${2 * channels}u + channel`)} = sum / values;
        ${coefficient(`${3 * channels}u + channel`)} = products / values;`;
    },
  },
};

/** Batch normalisation outside training: takes the variable `output` at the index `element` by the running statistics. */
export function evaluated(
  { layer, input }: Pick<LayerShapes<BatchNormLayer>, "layer" | "input">,
  tensor: (place: number) => Element,
): string {
  const [weight, bias, mean, variance] = [0, 1, 2, 3].map((place) => tensor(place)("channel"));
  return `{
    let channel = ${channelOf(input, "element")};
    output = ${weight} * ((output - ${mean}) / sqrt(${variance} + ${layer.epsilon})) + ${bias};
  }`;
}

function channelOf(input: ActivationShape, index: string): string {
  return `${index} / ${elementCount(input) / input[0]}u`;
}

/** A thread for each value `i`, in its `channel`. */
function eachElement(input: ActivationShape, body: string): string {
  return eachIndex(elementCount(input), "i", `let channel = ${channelOf(input, "i")};\n${body}`);
}

/** The coefficients of a `channel`. */
function coefficients({ input: [channels], coefficient }: Pick<LayerCode, "input" | "coefficient">): string[] {
  return COEFFICIENTS.map((_, place) => coefficient(`${place * channels}u + channel`));
}

/** A value of a `channel`, normalised. */
function normalized(code: Pick<LayerCode, "input" | "coefficient">, value: string): string {
  const [mean, reciprocal] = coefficients(code);
  return `((${value} - ${mean}) * ${reciprocal})`;
}
