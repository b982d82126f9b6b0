import type { Topic } from "../derivation/derive.js";

/** @param hasWindow whether the layer moves a window over maps */
function why(topic: Topic, hasWindow: boolean): string {
  switch (topic) {
    case "size":
      return "One value for each place that the window fits in, a stride apart.";
    case "values":
      return "All values of all maps, one after the other.";
    case "field":
      return "The window’s other places each add a step.";
    case "step":
      return "How many pixels the fields of neighbours lie apart.";
    case "parameters":
      return hasWindow
        ? "Each map has one kernel over all input maps, and a bias. It is the same at every place: that is why there are so few."
        : "Each output has a weight for every input, and a bias.";
    case "multiplyAdds":
      return hasWindow ? "Each weight is used at every place of the map." : "Each weight is used once.";
  }
}

export const en = {
  title: "Understand where every number comes from",
  lead: "61,706 parameters, 400 values, 416,520 multiply-adds: nothing about this network has to be taken on trust. Every figure below is worked out from the description of its layers, in letters and in numbers.",

  model: "Network",
  models: {
    shown: "The one that is open",
    "1x28x28": "Grey, 28 × 28",
    "3x32x32": "Colour, 32 × 32",
    own: "Another size",
  },
  ownInput: "Channels × height × width",
  noInput: "Three numbers, such as 1 × 28 × 28: up to 16 channels, sides from 12 to 512",
  classes: "Classes",
  noClasses: "A whole number from 2 to 1000",

  drawing: "The network as a drawing",
  input: "Input",
  output: "Output",

  layers: "Layer by layer",
  layersNote: "Open a layer to see its numbers worked out.",
  layer: "Layer",
  outputSize: "Output",
  field: "Sees",
  parameters: "Parameters",
  multiplyAdds: "Multiply-adds",
  square: (side: number) => `${side} × ${side} pixels`,
  wholeImage: "the whole image",
  nothingLearned: (from: string, to: string) => `${from} in, ${to} out. Nothing is learned here.`,
  topics: {
    size: "Side of the maps",
    values: "Values",
    field: "Receptive field",
    step: "Distance of fields",
    parameters: "Parameters",
    multiplyAdds: "Multiply-adds",
  },
  why,

  inTotal: "In total",
  kilobytes: (size: string) => `As float32 they take ${size} KiB.`,
  forOne: "For one image, forward. One is a multiplication and an addition.",
  letters: "What the letters stand for",
  letterNames: {
    channelsIn: "maps that come in (colours, for the first layer)",
    channelsOut: "maps that go out",
    sideIn: "side of a square map that comes in",
    sideOut: "side of a square map that goes out",
    heightIn: "height of a map that comes in",
    heightOut: "height of a map that goes out",
    widthIn: "width of a map that comes in",
    widthOut: "width of a map that goes out",
    featuresIn: "values that come in",
    featuresOut: "values that go out",
    kernel: "side of the window",
    stride: "stride: places from one window to the next",
    padding: "padding: zeros put around the input",
    fieldIn: "pixels that a value coming in depends on, from edge to edge",
    fieldOut: "the same of a value going out",
    stepIn: "pixels between the fields of neighbours that come in",
    stepOut: "the same of those going out",
  },

  history: "Where it comes from",
  papers: [
    {
      year: "1989",
      title: "Backpropagation applied to handwritten zip code recognition",
      where: "LeCun, Boser, Denker, Henderson, Howard, Hubbard and Jackel · Neural Computation 1(4), 541–551",
      text: [
        "Digits cut from zip codes on United States mail: 7,291 to learn from and 2,007 to be tested on, 16 × 16 pixels each. The features that digits are told apart by were no longer designed by people: backpropagation found them, from the pixels up.",
        "What made this possible with so few examples was sharing weights: 64,660 connections had only 9,760 parameters among them. 5.0% of the test digits were misread.",
      ],
    },
    {
      year: "1998",
      title: "Gradient-based learning applied to document recognition",
      where: "LeCun, Bottou, Bengio and Haffner · Proceedings of the IEEE 86(11), 2278–2324",
      text: [
        "LeNet-5 is the network of this paper. It learned from 60,000 digits that were put together from two collections of NIST, and are known as MNIST since. Of 10,000 others it misread 0.95%, and 0.8% where distorted copies were added to the training digits.",
        "Networks of its kind read the amounts on bank cheques, in a system whose parts were trained together: it was sold, and read several million cheques a day.",
      ],
    },
  ],
  originalTitle: "LeNet-5 as it was published",
  what: "What it did",
  originalLayers: {
    C1: "convolution 5 × 5 of a 32 × 32 image",
    S2: "adds 2 × 2 values, times a coefficient, plus a bias, both learned; then squashes",
    C3: "convolution 5 × 5; each map takes only some of S2’s",
    S4: "as S2",
    C5: "convolution 5 × 5 of 5 × 5 maps: one value is left of each",
    F6: "linear; 84 = 7 × 12 pixels of a small image of the character",
  },
  originalOutput: "how far F6 is from each class’s 7 × 12 image (radial basis functions, drawn by hand)",
  originalNote: (connections: string) =>
    `Values were squashed by 1.7159 · tanh(⅔ x). The paper counts 340,908 connections; its own figures for each layer add up to ${connections}.`,
  c3Title: "Why C3 had 1,516 parameters and has 2,416 today",
  c3Text:
    "In 1998 a map of C3 did not take all six maps of S2: six took three neighbours, nine took four, one took all. That saved work, and it made the maps differ, because they saw different things. Today every map takes all six.",
  connectionTable: "Which maps of S2 (rows) each map of C3 (columns) takes",
  taken: "taken",
  notTaken: "not taken",
  c3Original: "In 1998",
  c3Full: (maps: number) => `All ${maps} maps take all six`,

  changes: "What has changed since",
  changesNote:
    "The network that is taught as LeNet-5 today is a simpler one. What the tutorial and this program do instead:",
  here: "Here",
  changeRows: [
    {
      what: "Image",
      before: "32 × 32: the digit with room around it",
      today:
        "28 × 28; the first convolution adds 2 pixels of padding on each side, so that its maps are 28 × 28 as well",
    },
    {
      what: "Subsampling",
      before: "a learned coefficient and bias for each map, then squashed",
      today: "plain average or maximum of 2 × 2, with nothing to learn",
    },
    { what: "C3", before: "takes some of the maps", today: "takes all of the maps" },
    { what: "Squashing", before: "1.7159 · tanh(⅔ x)", today: "sigmoid, tanh or ReLU" },
    {
      what: "Output",
      before: "distances to images drawn by hand",
      today: "a linear layer and softmax: probabilities",
    },
    {
      what: "Loss",
      before: "squared distance to the right image, and a term that keeps the wrong ones away",
      today: "cross-entropy, with label smoothing where the recipe has it",
    },
    {
      what: "Training",
      before: "gradient descent one digit at a time, with steps from a diagonal estimate of the curvature",
      today: "AdamW on batches of 32",
    },
  ],
  difference: "From 60,000 parameters to 61,706",
  differenceNote:
    "C3’s full connection and the linear output come on top, the subsampling’s coefficients and biases go.",
};
