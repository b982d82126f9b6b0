export const en = {
  title: "Look inside",
  lead: "Draw a digit and watch every layer respond. Click any unit to see how its value is computed.",

  // Without a network
  noNetwork: "There is no network to inspect yet.",
  trainNow: "Generate 6,000 digits and train on them",
  drawingDigits: "Generating digits …",
  starting: "Starting training …",
  orTrain: "Or choose other data and settings:",
  trainView: "Train",
  openFile: "Open weights (.pth, .safetensors, .onnx)",
  copyLink: "Copy a link",
  linkCopied: (kilobytes: number) =>
    `Copied, ${kilobytes} kB: it holds the network, in steps of a byte per weight, the drawing and this view.`,
  fromLink: "network from a link",
  linkFailed: (reason: string) => `The network of the link could not be opened: ${reason}`,
  closeFile: "Close the file",

  // The network and its training
  pauseTraining: "Pause training",
  resumeTraining: "Resume training",
  training: "Training",
  playTraining: "Replay training from the start",
  pause: "Pause",
  epoch: (epoch: number) => `after ${places(epoch)} epochs`,
  nowAt: (epoch: number) => `now, after ${places(epoch)} epochs`,
  bestAt: (epoch: number) => `best weights, epoch ${places(epoch)}`,
  moment: "Values",
  moments: { after: "After activation", before: "Before activation" },

  // Where the image comes from
  image: "Image",
  sources: { draw: "Draw", data: "Data", file: "File", camera: "Camera" },
  padLabel: "Drawing pad for mouse, pen or finger. With a keyboard, choose images under “Data”.",
  drawing: "Drawing",
  drawHere: "Draw here",
  undo: "Undo",
  clear: "Clear",
  centre: "Centre as in MNIST",
  part: "Split",
  parts: { validation: "Validation", train: "Training", test: "Test" },
  ofClass: "Class",
  allClasses: "All",
  dataLabel: (place: number, count: number, name: string) =>
    `Image ${place} of ${count}: ${name}. The arrow keys choose another.`,
  previous: "Previous image",
  following: "Next image",
  random: "Random",
  placeOf: (place: string, count: string) => `${place} of ${count}`,
  chooseFile: "Choose an image …",
  dropNote: "Or drop an image anywhere in this view, or paste one.",
  noImage: "This browser cannot decode that image.",
  inverted: "Swap light and dark",
  cameraImage: "Camera preview",
  cameraNote: "The image stays in this tab.",
  snap: "Take a photo",

  // Layers
  input: "Input",
  output: "Output",
  outputShort: "Out",
  shapeOf: (count: number, height: number, width: number) =>
    height === 1 && width === 1 ? `${count} units` : `${count} @ ${height}×${width}`,
  layerMaps: (term: string, count: number, height: number, width: number) =>
    height === 1 && width === 1 ? `${term}: ${count} units.` : `${term}: ${count} maps of ${height}×${width}.`,
  arrowsMove: "The arrow keys select a unit, Enter moves to its details.",
  inputLabel: (name: string, percent: number) => `Input image. Prediction: ${name}, ${percent.toFixed(1)} percent.`,
  outputLabel: (all: string) => `Classes: ${all}.`,
  colours: "Colour scale from",
  allZero: "all values are 0",
  prediction: "Prediction",
  next: (name: string, share: string) => `then ${name}, ${share}`,
  labelled: (name: string) => `label: ${name}`,
  unlike: "This is not like anything I was trained on.",
  unlikeNotes: {
    blank: "The image has hardly any contrast.",
    unusual:
      "The 40 principal components of the training images leave more of its pixels unexplained than of 99% of other images.",
  },
  logits: "logits, before the softmax",
  probabilities: "probabilities, after the softmax",
  unitOfMap: (term: string, map: number, row: number, column: number) =>
    `${term}, map ${map}, row ${row}, column ${column}`,
  shortUnitOfMap: (term: string, map: number, row: number, column: number) => `${term} ${map} (${row}, ${column})`,
  unitOfFeatures: (term: string, unit: number) => `${term}, unit ${unit}`,
  unitOfClass: (name: string) => `Output, ${name}`,
  mapOf: (term: string, map: number) => `${term}, map ${map}`,

  // Details of a unit
  panel: "Selected unit",
  panels: {
    sum: "Sum",
    filters: "Filters",
    excites: "Feature visualization",
    why: "Saliency",
    learn: "Learning",
    fool: "Fool it",
    embedding: "Embedding",
  },
  /** Of panels that are not about the unit. */
  panelTitles: {
    sum: "",
    filters: "",
    excites: "",
    why: "Saliency map",
    learn: "",
    fool: "Fool it: an adversarial example",
    embedding: "Embedding: images in the plane",
  },
  engineSays: "Engine",
  workedOut: "Recomputed here",
  doesConvolve: (maps: number, kernel: number, products: number) =>
    maps === 1
      ? `One ${kernel}×${kernel} window times its kernel: ${products} products, plus a bias.`
      : `${maps} windows of ${kernel}×${kernel}, each times its kernel: ${products} products, plus a bias.`,
  doesConnect: (count: number) => `${count} values, each times its weight, plus a bias.`,
  doesCompare: (count: number) =>
    `The mean squared difference of ${count} values from the class’s bitmap, made negative: the nearest class wins.`,
  differenceTimesShare: "Difference × −difference ⁄ 84",
  featuresAsPicture: "F6 as a picture",
  bitmapOf: (digit: number) => `bitmap of ${digit}`,
  doesPool: (type: "maximum" | "average", height: number, width: number) =>
    type === "maximum"
      ? `The largest value of a ${height}×${width} window.`
      : `The mean of a ${height}×${width} window.`,
  showWhole: "Show the complete result",
  stepBack: "Step back",
  stepForward: "Step forward",
  playSum: "Play the sum step by step",
  allSteps: (count: number) => (count === 1 ? "1 step" : `${count} steps`),
  stepOf: (done: number, count: number) => `step ${done} of ${count}`,
  addsProduct: (value: string, weight: string, product: string, sum: string) =>
    `${value} × ${weight} = ${product}; sum ${sum}`,
  addsOthers: (count: number, value: string, sum: string) => `the ${count} others: ${value}; sum ${sum}`,
  addsBias: (bias: string, sum: string) => `bias ${bias}; sum ${sum}`,
  addsValue: (value: string, sum: string) => `+ ${value}; sum ${sum}`,
  takesValue: (value: string, most: string) => `${value}; largest so far ${most}`,
  inputMap: (map: number, count: number) => `Input map ${map} of ${count}`,
  mapBefore: "Previous input map",
  mapAfter: "Next input map",
  window: "Window",
  kernel: "Kernel",
  products: "Products",
  sumOfMap: (map: number) => `Sum of map ${map}`,
  sumOfWindow: "Sum",
  winner: (place: number) => `The largest is value ${place}, counted row by row.`,
  contributions: "Largest contributions",
  from: "Input",
  valueTimesWeight: "Value × weight",
  product: "Product",
  others: (count: number) => `${count} others`,
  inputPlace: (place: number) => `Pixel ${place}`,
  productsSum: "Sum of products",
  bias: "Bias",
  sum: "Sum",
  largest: "Largest",
  average: (count: number) => `Sum ÷ ${count}`,
  softmax: "Softmax over all classes",

  // Filters
  filtersOf: "Layer",
  filtersShow: "Show",
  filterKinds: { weights: "Weights", gradients: "Gradients", change: "Change since initialization" },
  gradientFor: "Assumed class",
  noFilters: "This layer has no weights, and so no filters.",
  noChange: "The initial weights of this network are unknown.",
  allFilters: (count: number, kernel: number) => `All ${count} filters, ${kernel}×${kernel}.`,
  filtersTo: (map: string, count: number) => `The ${count} filters that lead to ${map}, one per input map.`,
  weightsTo: (unit: string, count: number) => `The ${count} weights that lead to ${unit}, one per input value.`,
  filtersLabel: (kind: string, map: string, most: string) =>
    `${kind} of the filters that lead to ${map}, magnitude up to ${most}.`,
  scrubHint: "Move the training slider above to see how they developed.",

  // Feature visualization
  noData: "No images are in memory: choose data under Train.",
  foundTitle: (map: string) => `Images that excite ${map} most`,
  search: (count: string) => `Search ${count} images`,
  searching: "Searching",
  abort: "Stop",
  foundLabel: (values: string) => `Most exciting images; largest values ${values}.`,
  foundNote: "Outlined: the receptive field of the map’s largest value. Click an image to inspect it.",
  climbTitle: "Optimized from noise",
  climbNote: (map: string) => `Starts from grey noise and follows the gradient that increases the mean of ${map}.`,
  climb: "Optimize",
  climbAgain: (seed: number) => `Optimize from other noise (seed ${seed})`,
  climbLabel: (value: string) => `An image optimized to excite the map; the map’s mean is ${value}.`,
  climbValue: (value: string) => `Mean of the map before activation: ${value}`,
  lookAtIt: "Inspect it",

  // Saliency
  whyFor: "Class",
  predicted: "Predicted class",
  reason: "Method",
  reasons: { occlusion: "Occlusion", gradient: "Gradient", product: "Input × gradient" },
  reasonNotes: {
    occlusion: (name: string) =>
      `How far the logit of ${name} drops while a patch covers the pixel. Orange: evidence for ${name}; blue: against.`,
    gradient: (name: string) => `How strongly the logit of ${name} responds to a small change of the pixel.`,
    product: (name: string) =>
      `The gradient times the pixel’s difference from the background. Orange: evidence for ${name}; blue: against.`,
  },
  whyLabel: (reason: string, name: string) => `Saliency map for ${name}, over the image: ${reason}.`,

  // The backward pass
  noBackward: "The backward pass cannot be worked out here for a network with batch normalization.",
  learnNote:
    "The loss is the cross-entropy of this one image. By the chain rule it is differentiated from the output back to every unit and weight. Go back layer by layer.",
  goBack: "Go back to the unit that matters most in",
  unitGradient: (unit: string) => `How the loss depends on ${unit}`,
  through: "Through",
  weightTimesGradient: "Weight × ∂loss",
  chainRule: (count: number): string =>
    count === 1
      ? "One unit of the next layer takes this one."
      : "Every unit of the next layer that takes this one, times how the loss depends on it.",
  outputGradient: "Softmax and cross-entropy together: the probability minus the target.",
  probability: "Probability",
  targetValue: "Target, subtracted",
  lossByLogit: "∂loss / ∂logit",
  lossByUnit: "∂loss / ∂value",
  slope: "× slope of the activation",
  lossBefore: "∂loss / ∂sum, before the activation",
  engineBias: "Engine: ∂loss / ∂bias, the same",
  weightGradient: "How the loss depends on one weight",
  kernelGradient: (unit: string) => `∂loss / ∂weight of the kernel, in ${unit}: choose one`,
  weightFrom: "Weight from",
  usedBy: "Used by",
  inputTimesGradient: "Input × ∂loss",
  weightRule: (count: number, place: string): string =>
    place === ""
      ? "The value that the weight multiplies, times how the loss depends on the unit."
      : `The weight in ${place} is used at ${count > 10 ? "every place of the map" : "these places"}: each value that it multiplies, times how the loss depends on the unit there.`,
  tap: (row: number, column: number) => `row ${row}, column ${column}`,
  addsPart: (name: string, product: string, sum: string) => `${name}: ${product}; sum ${sum}`,
  update: "Its update",
  updateNote: (rate: string) =>
    `One step of plain gradient descent on this image alone, at the learning rate ${rate}: the weight moves against its gradient.`,
  weightNow: "Weight now",
  stepIs: (rate: string, gradient: string) => `− ${rate} × ${gradient}`,
  weightThen: "Weight after the step",
  engineThen: "With the engine’s gradient",

  // Adversarial examples
  fooling: "Computing the gradient …",
  foolNote:
    "Every pixel changes by the same amount, in the direction in which its gradient makes another class more likely (fast gradient sign method).",
  foolTarget: "Make the network see",
  anyOther: "any other class",
  strength: "Strength",
  strengthOf: (strength: number) => `${strength} of 255`,
  notFooled: (name: string, share: string) => `The network still sees ${name}, ${share} certain.`,
  fooled: (name: string, share: string, before: string) =>
    `Fooled: the network sees ${name}, ${share} certain. You still see ${before}.`,
  corrected: (name: string, share: string) => `Now the network is right: it sees ${name}, ${share} certain.`,
  foolImage: "Adversarial example",
  foolLabel: (name: string, strength: number) => `The changed image, by ${strength} of 255 per pixel; seen as ${name}.`,
  changeLabel: "The change: orange pixels became lighter, blue ones darker.",
  changeNote: "Left: what the network sees. Right: the change; orange became lighter, blue darker.",
  leastStrength: (strength: number) => `Smallest step that fools: ${strength}`,
  neverFooled: "One step does not fool it",

  // Embedding
  embeddingNote: (count: number) =>
    `${count} images by their values in the last layer before the output, in the plane in which these vary most (principal component analysis). Choose one to look inside.`,
  embeddingLabel: "Images in the plane. The arrow keys choose the next image in their direction.",
  embeddingKey: "Each character is an image’s class. Framed: mistakes. The cross: the image on display.",
  surveying: "Classifying the images",

  doClear: "Clear the drawing",
  doUndo: "Undo the last stroke",
  doRandom: "Show a random image from the data",
  doMoment: "Switch between before and after activation",
  doStepForward: "Step forward in the sum",
  doStepBack: "Step back in the sum",
  whole: "The whole network",
  wholeAbout: "Every line is what one part adds to the selected unit. Click any part to select it.",
};

/** An epoch with at most two decimal places. */
function places(epoch: number): string {
  return String(Math.round(100 * epoch) / 100);
}
