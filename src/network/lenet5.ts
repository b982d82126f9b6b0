import {
  classCount,
  elementCount,
  type Framing,
  type ImageShape,
  type Initialization,
  inferShapes,
  initializeParameters,
  type LeNet5Options,
  lenet5,
  type Model,
  type ModelMetadata,
  type NamedTensors,
  type Normalization,
  parameterSpecs,
  requireNormalization,
  requireParameters,
  ShapeError,
  type TrainingFacts,
  type Weights,
} from "../model/index.js";
import { IMPROVED_NETWORK } from "../training/recipes/improvedNetwork.js";

/**
 * How to create a network. Activation, pooling, dropout, batch normalisation and normalization can come from a recipe: `{ ...recipe, classes
 * }`.
 */
export interface CreateOptions extends Partial<Omit<LeNet5Options, "classes">> {
  /** The name of each class, in the order of the labels. */
  readonly classes: readonly string[];
  /** Inputs are (byte / 255 − mean) / std. Default: −1 … 1. */
  readonly normalization?: Normalization;
  /** How images are fitted to the input. Default: the entire image, padded with black. */
  readonly framing?: Framing;
  /** How the initial parameters are drawn. Default: pytorch. */
  readonly initialization?: Initialization;
  /** The seed for the initial parameters. Default: 0. */
  readonly seed?: number;
}

/** What weights may not specify about their network. */
export interface FromOptions {
  /** The name of each class. Default: the names in the weights, otherwise "0", "1", … */
  readonly classes?: readonly string[];
  /** How images are fitted to the input. Default: as in the weights, otherwise the entire image, padded with black. */
  readonly framing?: Framing;
}

const PADDED_WITH_BLACK: Framing = { resize: "contain", background: 0 };

/**
 * A LeNet-5 with its parameters. It is plain data: `fit` trains it, and `predict`, `evaluate`, `activations` and
 * `gradients` use it. There is nothing to dispose of.
 *
 * @example
 * ```ts
 * import { LeNet5, RECIPES } from "lenet";
 *
 * const network = LeNet5.create({ ...RECIPES.paper, classes: ["a", "b", "c"], seed: 1 });
 * console.log(network.input, [...network.parameters.keys()]);
 * const copy = LeNet5.from(network.weights());
 * console.log(copy.classes);
 * ```
 */
export class LeNet5 {
  /** The input's shape and the layers. */
  readonly model: Model;
  /** The name of each class, in the order of the logits. */
  readonly classes: readonly string[];
  /** How bytes become inputs. */
  readonly normalization: Normalization;
  /** How images of any size are fitted to the input. */
  readonly framing: Framing;
  private currentParameters: NamedTensors<Float32Array>;
  private currentTraining: TrainingFacts | undefined;

  private constructor({ model, parameters, normalization }: Weights, { classes, framing }: Required<FromOptions>) {
    const layers = inferShapes(model);
    const outputs = classCount(layers);
    if (classes.length !== outputs) {
      throw new ShapeError(`the model has ${outputs} classes, but ${classes.length} class names were given`);
    }
    requireNormalization(model, normalization);
    this.model = model;
    this.classes = [...classes];
    this.normalization = normalization;
    this.framing = framing;
    this.currentParameters = copied(model, parameters);
  }

  /**
   * Creates an untrained network. Its parameters are drawn from the seed. Default
   * for omitted options: the improved recipe and 1×28×28 images.
   *
   * @param options may include a recipe: `{ ...RECIPES.paper, classes }`
   * @throws ShapeError if the input is too small for the layers, or there are no classes; RangeError if the
   *   normalization has a different number of channels
   */
  static create({
    classes,
    input: { channels, height, width } = { channels: 1, height: 28, width: 28 },
    activation = IMPROVED_NETWORK.activation,
    pooling = IMPROVED_NETWORK.pooling,
    dropout = IMPROVED_NETWORK.dropout,
    batchNorm = IMPROVED_NETWORK.batchNorm,
    padding,
    connections,
    output,
    width: widened,
    stages,
    normalization = IMPROVED_NETWORK.normalization,
    framing = PADDED_WITH_BLACK,
    initialization,
    seed = 0,
  }: CreateOptions): LeNet5 {
    const input = { channels, height, width };
    const layers = { activation, pooling, dropout, batchNorm, padding, connections, output, width: widened, stages };
    const model = lenet5({ input, classes: classes.length, ...layers });
    const parameters = initializeParameters(model, seed, initialization);
    return new LeNet5({ model, parameters, normalization }, { classes, framing });
  }

  /**
   * Creates a network from weights: those read by `readWeights` of `lenet/formats`, or from {@link LeNet5.weights}.
   *
   * @param options override what the weights specify
   * @throws ShapeError if the tensors do not match the model, or the number of class names is wrong; RangeError if the
   *   normalization has a different number of channels
   */
  static from(weights: Weights, options: FromOptions = {}): LeNet5 {
    const { model, metadata } = weights;
    const numbers = () => Array.from({ length: classCount(inferShapes(model)) }, (_, index) => String(index));
    const network = new LeNet5(weights, {
      classes: options.classes ?? metadata?.classes ?? numbers(),
      framing: options.framing ?? metadata?.framing ?? PADDED_WITH_BLACK,
    });
    network.currentTraining = trainingFacts(metadata);
    return network;
  }

  /** The shape of the input. */
  get input(): ImageShape {
    return this.model.input;
  }

  /** The parameters, with PyTorch's names, shapes and layout. To change them, call {@link LeNet5.setParameters}. */
  get parameters(): NamedTensors<Float32Array> {
    return this.currentParameters;
  }

  /** How the parameters were trained; undefined if they are untrained or it is unknown. */
  get training(): TrainingFacts | undefined {
    return this.currentTraining;
  }

  /**
   * Replaces the parameters with copies of the tensors.
   *
   * @param training how they were trained, if known
   * @throws ShapeError if a tensor is missing, unknown to the model, or of another shape
   */
  setParameters(parameters: NamedTensors, training?: TrainingFacts): void {
    this.currentParameters = copied(this.model, parameters);
    this.currentTraining = training;
  }

  /** Everything to save, for the writers of `lenet/formats` and for {@link LeNet5.from}. */
  weights(): Weights & { readonly metadata: ModelMetadata } {
    const { model, normalization, classes, framing, parameters, training } = this;
    return { model, parameters, normalization, metadata: { model, classes, normalization, framing, ...training } };
  }
}

/** @throws ShapeError if the tensors do not match the model */
function copied(model: Model, tensors: NamedTensors): NamedTensors<Float32Array> {
  const specs = parameterSpecs(inferShapes(model));
  requireParameters(specs, tensors);
  return new Map(
    specs.map(({ name, shape }) => {
      const { data } = tensors.get(name)!;
      const copy = new Float32Array(elementCount(shape));
      for (let element = 0; element < copy.length; element++) copy[element] = Number(data[element]);
      return [name, { shape, data: copy }];
    }),
  );
}

function trainingFacts(metadata: ModelMetadata | undefined): TrainingFacts | undefined {
  const { recipe, data, epoch, validationAccuracy } = metadata ?? {};
  if (recipe === undefined || data === undefined || epoch === undefined || validationAccuracy === undefined) return;
  return { recipe, data, epoch, validationAccuracy };
}
