import {
  type ActivationLayer,
  type ConnectionTable,
  type Conv2dLayer,
  type Layer,
  type PoolingLayer,
  RBF_CENTRES,
  ShapeError,
} from "./layers/index.js";
import type { ImageShape, Model } from "./model.js";
import type { NamedTensors } from "./parameters.js";

/** The options of a LeNet-5. */
export interface LeNet5Options {
  readonly input: ImageShape;
  readonly classes: number;
  readonly activation: ActivationLayer["type"];
  readonly pooling: PoolingLayer["type"];
  /** Dropout after the activations of the two hidden linear layers; 0 for none. */
  readonly dropout: number;
  /** Batch normalisation between each hidden layer's sums and their activation. Default: none. */
  readonly batchNorm?: boolean;
  /** The padding of the first convolution. Default: 2, so that images keep their size. */
  readonly padding?: number;
  /** Which maps the second convolution takes: `full`, all of them; `partial`, as in {@link LENET5_CONNECTIONS}. Default: full. */
  readonly connections?: "full" | "partial";
  /** The last layer: `linear`, or `rbf` for the digits' bitmaps. Default: linear. */
  readonly output?: "linear" | "rbf";
  /** Multiplies the numbers of maps and of hidden features, an integer. Default: 1, LeNet-5 itself. */
  readonly width?: number;
  /**
   * The maps of the 3×3 convolutions before each pooling, such as [[32], [48, 48], [96, 96]], in place of LeNet-5's two
   * 5×5 ones. They pad by 1, so that maps keep their size. `width` does not multiply them. Default: LeNet-5's own.
   */
  readonly stages?: readonly (readonly number[])[];
}

/** Table I of LeCun et al. (1998): the maps of S2 that each map of C3 takes. */
export const LENET5_CONNECTIONS: ConnectionTable = [
  [0, 1, 2],
  [1, 2, 3],
  [2, 3, 4],
  [3, 4, 5],
  [0, 4, 5],
  [0, 1, 5],
  [0, 1, 2, 3],
  [1, 2, 3, 4],
  [2, 3, 4, 5],
  [0, 3, 4, 5],
  [0, 1, 4, 5],
  [0, 1, 2, 5],
  [0, 1, 3, 4],
  [1, 2, 4, 5],
  [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
];

interface Widths {
  readonly conv1: number;
  readonly conv2: number;
  readonly fc1: number;
  readonly fc2: number;
}

/** The widths in LeCun et al., 1998. */
const LENET5_WIDTHS: Widths = { conv1: 6, conv2: 16, fc1: 120, fc2: 84 };
const KERNEL = 5;
const STAGE_KERNEL = 3;
const CONV1_PADDING = 2;
/** PyTorch's. */
const BATCH_NORM_DEFAULTS = { epsilon: 1e-5, momentum: 0.1 } as const;

/**
 * LeNet-5 as it is taught today (after LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
 * recognition", 1998): two 5×5 convolutions with 6 and 16 maps, each followed by an activation and 2×2 pooling, then
 * linear layers with 120 and 84 outputs and one output per class. The first convolution pads by 2, so 28×28 images keep
 * their size. With all options of the recipe `lenet-1998`, it is the network of the paper.
 *
 * @throws ShapeError if the last layer is `rbf` and there are not ten classes
 */
export function lenet5(options: LeNet5Options): Model {
  const { width = 1 } = options;
  const { conv1, conv2, fc1, fc2 } = LENET5_WIDTHS;
  return build(options, { conv1: width * conv1, conv2: width * conv2, fc1: width * fc1, fc2: width * fc2 });
}

function build(options: LeNet5Options, widths: Widths): Model {
  const { input, classes, activation, pooling, dropout, batchNorm, output } = options;
  if (output === "rbf" && classes !== RBF_CENTRES.length) {
    throw new ShapeError(
      `the RBF output has the bitmaps of ${RBF_CENTRES.length} digits, but there are ${classes} classes`,
    );
  }
  // The paper squashes what it subsamples, too.
  const subsampling = (name: string): Layer[] =>
    pooling === "subsample2d"
      ? [{ type: pooling, name, kernel: 2, stride: 2 }, { type: activation }]
      : [{ type: pooling, kernel: 2, stride: 2 }];
  /** The activation behind a hidden layer's sums, normalised if the network does that. */
  const activated = (name: string): Layer[] => [
    ...(batchNorm ? [{ type: "batchNorm", name, ...BATCH_NORM_DEFAULTS } as const] : []),
    { type: activation },
  ];
  const stages = convolutionsOf(options, widths);
  const count = stages.flat().length;
  const hidden = (name: string, outFeatures: number, norm: string): Layer[] => [
    { type: "linear", name, outFeatures },
    ...activated(norm),
    ...(dropout > 0 ? [{ type: "dropout", probability: dropout } as const] : []),
  ];
  const { channels, height, width } = input;
  return {
    // A model is written into files, so it keeps nothing else of what was passed.
    input: { channels, height, width },
    layers: [
      ...stages.flatMap((convolutions, index) => [
        ...convolutions.flatMap((layer) => [layer, ...activated(layer.name.replace("conv", "bn"))]),
        ...subsampling(`pool${index + 1}`),
      ]),
      { type: "flatten" },
      ...hidden("fc1", widths.fc1, `bn${count + 1}`),
      ...hidden("fc2", widths.fc2, `bn${count + 2}`),
      output === "rbf" ? { type: "rbf" } : { type: "linear", name: "fc3", outFeatures: classes },
    ],
  };
}

/** The convolutions before each pooling. */
function convolutionsOf(
  { padding, connections, stages }: LeNet5Options,
  widths: Widths,
): readonly (readonly Conv2dLayer[])[] {
  if (!stages) {
    const kernel = { kernel: KERNEL, stride: 1 } as const;
    const table = connections === "partial" && { connections: LENET5_CONNECTIONS };
    return [
      [{ type: "conv2d", name: "conv1", outChannels: widths.conv1, ...kernel, padding: padding ?? CONV1_PADDING }],
      [{ type: "conv2d", name: "conv2", outChannels: widths.conv2, ...kernel, padding: 0, ...table }],
    ];
  }
  if (padding !== undefined || connections !== undefined) {
    throw new ShapeError("stages replace the two convolutions that padding and connections are about");
  }
  return stages.map((maps, stage) => {
    const before = stages.slice(0, stage).flat().length;
    return maps.map((outChannels, index) => {
      const name = `conv${before + index + 1}`;
      return { type: "conv2d", name, outChannels, kernel: STAGE_KERNEL, stride: 1, padding: 1 };
    });
  });
}

/**
 * The LeNet-5 that a state_dict belongs to. Input channels and size, widths and classes are read from the tensors'
 * shapes; with tensors `bn1.weight` …, its hidden layers are normalised.
 *
 * @param tensors `conv1.weight` [6, channels, 5, 5], `conv2.weight`, `fc1.weight` …
 * @param parameterFree what the tensors' shapes do not say
 * @throws ShapeError naming the tensor that is missing or does not fit
 */
export function lenet5FromTensors(
  tensors: NamedTensors,
  parameterFree: Omit<LeNet5Options, "input" | "classes" | "width" | "stages">,
): Model {
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = tensors.get(name)?.shape;
    if (!shape) {
      throw new ShapeError(`not a LeNet-5: it has no tensor ${name} (it has ${[...tensors.keys()].join(", ")})`);
    }
    if (shape.length !== rank) {
      throw new ShapeError(`not a LeNet-5: ${name} is [${shape.join(", ")}], expected ${rank} dimensions`);
    }
    return shape;
  };
  const [conv1, channels, kernel1] = shapeOf("conv1.weight", 4);
  const [conv2, , kernel2] = shapeOf("conv2.weight", 4);
  const [fc1, flat] = shapeOf("fc1.weight", 2);
  const [fc2] = shapeOf("fc2.weight", 2);
  const [classes] = parameterFree.output === "rbf" ? [RBF_CENTRES.length] : shapeOf("fc3.weight", 2);
  if (kernel1 !== KERNEL || kernel2 !== KERNEL) {
    throw new ShapeError(`not a LeNet-5: its kernels are ${kernel1}×${kernel1} and ${kernel2}×${kernel2}, not 5×5`);
  }
  const side = Math.sqrt(flat / conv2);
  if (!Number.isInteger(side)) {
    throw new ShapeError(`not a LeNet-5 for square images: fc1 takes ${flat} inputs from ${conv2} maps`);
  }
  const { padding = CONV1_PADDING } = parameterFree;
  const size = 2 * (2 * side + KERNEL - 1) - 2 * padding + KERNEL - 1;
  return build(
    { ...parameterFree, batchNorm: tensors.has("bn1.weight"), input: { channels, height: size, width: size }, classes },
    { conv1, conv2, fc1, fc2 },
  );
}
