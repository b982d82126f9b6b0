import {
  classCount,
  elementCount,
  type Framing,
  type ImageShape,
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
import { RECIPES } from "../training/recipes/index.js";

/** What a network is created with. Activation, pooling, dropout and normalization can be a recipe's, spread into it. */
export interface CreateOptions extends Partial<Omit<LeNet5Options, "classes">> {
  /** The name of each class, in the order of the labels. */
  readonly classes: readonly string[];
  /** (byte / 255 − mean) / std becomes the input. Default: from −1 to 1. */
  readonly normalization?: Normalization;
  /** Default: the whole image, black around it. */
  readonly framing?: Framing;
  /** What the first parameters are drawn from. Default 0. */
  readonly seed?: number;
}

/** What weights may not say of their network. */
export interface FromOptions {
  /** The name of each class. Default: as the weights have them, else "0", "1", … */
  readonly classes?: readonly string[];
  /** Default: as the weights have it, else the whole image, black around it. */
  readonly framing?: Framing;
}

const BLACK_AROUND: Framing = { resize: "contain", background: 0 };

/**
 * A LeNet-5 with its parameters. It is plain data: `fit` trains it, `predict`, `evaluate`, `activations` and `gradients`
 * ask it, and nothing is left to be disposed of.
 */
export class LeNet5 {
  /** Its input and its layers. */
  readonly model: Model;
  /** The name of each class, in the order of the logits. */
  readonly classes: readonly string[];
  /** How bytes become inputs. */
  readonly normalization: Normalization;
  /** How images of any size are brought to the input. */
  readonly framing: Framing;
  private currentParameters: NamedTensors<Float32Array>;
  private currentTraining: TrainingFacts | undefined;

  private constructor({ model, parameters, normalization }: Weights, { classes, framing }: Required<FromOptions>) {
    const layers = inferShapes(model);
    const outputs = classCount(layers);
    if (classes.length !== outputs) {
      throw new ShapeError(`the model has ${outputs} classes, there are names for ${classes.length}`);
    }
    requireNormalization(model, normalization);
    this.model = model;
    this.classes = [...classes];
    this.normalization = normalization;
    this.framing = framing;
    this.currentParameters = copied(model, parameters);
  }

  /**
   * A network to be trained, its parameters drawn from the seed as PyTorch draws them by default. What is left out is as in
   * the improved recipe, for images of 1×28×28.
   *
   * @param options a recipe can be spread into them: `{ ...RECIPES.paper, classes }`
   * @throws ShapeError where the input is too small for the layers, or there are no classes; RangeError where the
   *   normalization is for another number of channels
   */
  static create({
    classes,
    input: { channels, height, width } = { channels: 1, height: 28, width: 28 },
    activation = RECIPES.improved.activation,
    pooling = RECIPES.improved.pooling,
    dropout = RECIPES.improved.dropout,
    normalization = RECIPES.improved.normalization,
    framing = BLACK_AROUND,
    seed = 0,
  }: CreateOptions): LeNet5 {
    const input = { channels, height, width };
    const model = lenet5({ input, classes: classes.length, activation, pooling, dropout });
    return new LeNet5({ model, parameters: initializeParameters(model, seed), normalization }, { classes, framing });
  }

  /**
   * A network of weights that were read by `readWeights` of `lenet/formats` or came from {@link LeNet5.weights}.
   *
   * @param options instead of what the weights say, or where they say nothing
   * @throws ShapeError where the tensors are not the model's, or there is not a name for every class; RangeError where the
   *   normalization is for another number of channels
   */
  static from(weights: Weights, options: FromOptions = {}): LeNet5 {
    const { model, metadata } = weights;
    const numbers = () => Array.from({ length: classCount(inferShapes(model)) }, (_, index) => String(index));
    const network = new LeNet5(weights, {
      classes: options.classes ?? metadata?.classes ?? numbers(),
      framing: options.framing ?? metadata?.framing ?? BLACK_AROUND,
    });
    network.currentTraining = trainingFacts(metadata);
    return network;
  }

  /** The shape of its input. */
  get input(): ImageShape {
    return this.model.input;
  }

  /** By PyTorch's names, in its shapes and layout. To change them, give others to {@link LeNet5.setParameters}. */
  get parameters(): NamedTensors<Float32Array> {
    return this.currentParameters;
  }

  /** How the parameters came about; undefined of ones that nobody trained. */
  get training(): TrainingFacts | undefined {
    return this.currentTraining;
  }

  /**
   * Takes a copy of parameters.
   *
   * @param training how they came about, where it is known
   * @throws ShapeError where a tensor is missing, not of the model, or of another shape
   */
  setParameters(parameters: NamedTensors, training?: TrainingFacts): void {
    this.currentParameters = copied(this.model, parameters);
    this.currentTraining = training;
  }

  /** All that there is to save, for the writers of `lenet/formats` and for {@link LeNet5.from}. */
  weights(): Weights & { readonly metadata: ModelMetadata } {
    const { model, normalization, classes, framing, parameters, training } = this;
    return { model, parameters, normalization, metadata: { model, classes, normalization, framing, ...training } };
  }
}

/** @throws ShapeError where the tensors are not the model's */
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
