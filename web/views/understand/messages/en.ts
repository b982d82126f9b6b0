import type { Topic } from "../derivation/derive.js";

/** @param hasWindow whether the layer moves a window over its input maps */
function why(topic: Topic, hasWindow: boolean): string {
  switch (topic) {
    case "size":
      return "One value per window position; the positions are one stride apart.";
    case "values":
      return "All values of all maps, concatenated.";
    case "field":
      return "Each further position in the window adds one step.";
    case "step":
      return "The distance, in pixels, between the fields of neighbouring values.";
    case "parameters":
      return hasWindow
        ? "Each map has one kernel over all input maps, and a bias. All positions share them, which is why there are so few."
        : "Each output has one weight per input, and a bias.";
    case "multiplyAdds":
      return hasWindow ? "Each weight is used at every position of the map." : "Each weight is used once.";
  }
}

export const en = {
  title: "Understand where every number comes from",
  lead: "61,706 parameters, 400 values, 416,520 multiply-adds: none of these numbers has to be taken on trust. Each is derived below from the layers, in letters and in numbers.",

  model: "Network",
  models: {
    shown: "Shown network",
    readyMade: "Ready-made",
    "1x28x28": "Grey, 28 × 28",
    "3x32x32": "Colour, 32 × 32",
    "lenet-1998": "As published in 1998",
    own: "Custom size",
  },
  ownInput: "Channels × height × width",
  noInput: "Three numbers, such as 1 × 28 × 28: up to 16 channels, sides from 12 to 512",
  classes: "Classes",
  noClasses: "An integer from 2 to 1000",

  networkFor: (size: string) => `A network for ${size}`,
  noWeights: (first: string) =>
    `No network of this size has been trained, so its maps are empty. Choose a part, such as a map of ${first}: the picture shows what it sees, and its numbers are derived below.`,
  loading: "Its weights are on their way.",
  toDerivation: (layer: string) => `How the numbers of ${layer} are derived`,
  input: "Input",
  output: "Output",

  layers: "Layer by layer",
  layersNote: "Expand a layer to see how its numbers are derived.",
  layer: "Layer",
  outputSize: "Output",
  field: "Receptive field",
  parameters: "Parameters",
  multiplyAdds: "Multiply-adds",
  square: (side: number) => `${side} × ${side} pixels`,
  wholeImage: "entire image",
  nothingLearned: (from: string, to: string) => `${from} in, ${to} out. This layer has no parameters.`,
  topics: {
    size: "Map size",
    values: "Values",
    field: "Receptive field",
    step: "Distance between fields",
    parameters: "Parameters",
    multiplyAdds: "Multiply-adds",
  },
  why,

  inTotal: "Total",
  kilobytes: (size: string) => `${size} KiB as float32.`,
  forOne: "For the forward pass of one image. One multiply-add is a multiplication and an addition.",
  letters: "What the letters stand for",
  letterNames: {
    channelsIn: "input maps (colour channels in the first layer)",
    channelsOut: "output maps",
    sideIn: "side of a square input map",
    sideOut: "side of a square output map",
    heightIn: "height of an input map",
    heightOut: "height of an output map",
    widthIn: "width of an input map",
    widthOut: "width of an output map",
    featuresIn: "input values",
    featuresOut: "output values",
    kernel: "side of the window",
    stride: "stride: distance from one window to the next",
    padding: "padding: zeros added around the input",
    fieldIn: "side of an input value’s receptive field, in pixels",
    fieldOut: "side of an output value’s receptive field, in pixels",
    stepIn: "distance between the fields of neighbouring input values, in pixels",
    stepOut: "distance between the fields of neighbouring output values, in pixels",
  },

  history: "History",
  papers: [
    {
      year: "1989",
      title: "Backpropagation applied to handwritten zip code recognition",
      where: "LeCun, Boser, Denker, Henderson, Howard, Hubbard and Jackel · Neural Computation 1(4), 541–551",
      text: [
        "The data were digits from zip codes on US mail, 16 × 16 pixels each: 7,291 for training and 2,007 for testing. The features that distinguish digits were no longer designed by hand: backpropagation learned them, from the pixels up.",
        "Weight sharing made this possible with so few examples: 64,660 connections had only 9,760 parameters. The network misclassified 5.0% of the test digits.",
      ],
    },
    {
      year: "1998",
      title: "Gradient-based learning applied to document recognition",
      where: "LeCun, Bottou, Bengio and Haffner · Proceedings of the IEEE 86(11), 2278–2324",
      text: [
        "This paper introduced LeNet-5. It was trained on 60,000 digits assembled from two NIST collections, known since then as MNIST. Of 10,000 test digits it misclassified 0.95%, or 0.8% when distorted copies were added to the training digits.",
        "Networks of this kind read the amounts on bank cheques, in a commercial system whose parts were trained together. It read several million cheques per day.",
      ],
    },
  ],
  originalTitle: "LeNet-5 as published",
  what: "Operation",
  originalLayers: {
    C1: "5 × 5 convolution of a 32 × 32 image",
    S2: "sums 2 × 2 values, multiplies by a learned coefficient, adds a learned bias, then squashes",
    C3: "5 × 5 convolution; each map takes only some of S2’s maps",
    S4: "like S2",
    C5: "5 × 5 convolution of 5 × 5 maps, which leaves one value per map",
    F6: "linear; 84 = 7 × 12 pixels of a small image of the character",
  },
  originalOutput:
    "distance of F6 from each class’s 7 × 12 image (radial basis functions; the images were drawn by hand)",
  originalNote: (connections: string) =>
    `Values were squashed by 1.7159 · tanh(⅔ x). These layers have ${connections} connections. The paper prints 345,308, because it counts 156,000 for C3, where its table of connections gives 151,600.`,
  c3Title: "Why C3 had 1,516 parameters and has 2,416 today",
  c3Text:
    "In 1998, most maps of C3 took only some of S2’s six maps: six took three neighbouring ones, nine took four, and one took all. That saved computation, and different inputs made the maps learn different features. Today every map takes all six.",
  connectionTable: "Which maps of S2 (rows) each map of C3 (columns) takes",
  mapOfC3: (map: number) => `Map ${map} of C3`,
  chosenMap: (map: number, inputs: readonly number[]) =>
    inputs.length === 6
      ? `Map ${map} of C3 takes all six maps of S2. Its parameters:`
      : `Map ${map} of C3 takes the maps ${inputs.slice(0, -1).join(", ")} and ${inputs.at(-1)} of S2. Its parameters:`,
  bitmapOf: (digit: number) => `${digit} as 7 × 12 pixels`,
  bitmaps:
    "The ten images that the output layer compares F6 with. The answer is the digit whose image is nearest: the training makes the 84 values of F6 look like the digit’s image, 1 where it is dark and −1 elsewhere.",
  taken: "connected",
  notTaken: "not connected",
  c3Original: "In 1998",
  c3Full: (maps: number) => `All ${maps} maps take all six`,

  changes: "What has changed since",
  changesNote:
    "The network taught as LeNet-5 today is simpler. The tutorial and this program differ from the paper as follows:",
  here: "Here",
  changeRows: [
    {
      what: "Image",
      before: "32 × 32: the digit with a margin",
      today: "28 × 28; the first convolution adds 2 pixels of padding on each side, so its maps are 28 × 28 as well",
    },
    {
      what: "Subsampling",
      before: "a learned coefficient and bias per map, then squashing",
      today: "plain 2 × 2 average or maximum, without parameters",
    },
    { what: "C3", before: "takes some of the maps", today: "takes all of the maps" },
    { what: "Activation", before: "1.7159 · tanh(⅔ x)", today: "sigmoid, tanh or ReLU" },
    {
      what: "Output",
      before: "distances to images drawn by hand",
      today: "a linear layer and softmax: probabilities",
    },
    {
      what: "Loss",
      before: "squared distance to the right image, plus a term that keeps the wrong ones away",
      today: "cross-entropy, with label smoothing if the recipe uses it",
    },
    {
      what: "Training",
      before: "gradient descent on one digit at a time, with step sizes from a diagonal estimate of the curvature",
      today: "AdamW on batches of 32",
    },
  ],
  costs: "What each difference costs, or gains",
  costsNote:
    "The network of 1998 on MNIST after 20 passes, with one thing changed at a time, seed 0. Another seed changes a test error by about 0.1 points. The learning rates of the paper were kept, except for SGD and AdamW, which got the best of a few.",
  onlyChange: "Changed",
  trainingError: "Training error",
  testError: "Test error",
  changesOf1998: {
    none: "nothing: as published",
    averagePooling: "average pooling, with nothing to learn, for S2 and S4",
    fullC3: "every map of C3 takes all maps of S2",
    softmax: "a linear layer and softmax for the distances",
    sgd: "SGD for stochastic diagonal Levenberg–Marquardt",
    adamw: "AdamW for stochastic diagonal Levenberg–Marquardt",
  },
  difference: "From 60,000 parameters to 61,706",
  differenceNote:
    "C3’s full connections and the linear output layer add parameters; the coefficients and biases of subsampling are gone.",
};
