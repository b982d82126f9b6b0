export const en = {
  title: "Look inside",
  lead: "Draw a digit and watch every layer light up; click any unit and see how its number comes about.",

  // Without a network
  noNetwork: "There is no network to look into yet.",
  trainNow: "Draw 6,000 digits and train on them",
  drawingDigits: "Drawing digits …",
  starting: "The training begins …",
  orTrain: "With other data or settings:",
  trainView: "Train",
  openFile: "Open weights (.pth, .safetensors, .onnx)",
  closeFile: "Close the file",

  // The network and its training
  pauseTraining: "Pause the training",
  trainOn: "Go on training",
  training: "Training",
  playTraining: "Play the training from the start",
  pause: "Pause",
  epoch: (epoch: number) => `after ${places(epoch)} epochs`,
  nowAt: (epoch: number) => `now, after ${places(epoch)} epochs`,
  bestAt: (epoch: number) => `the best, of epoch ${places(epoch)}`,
  moment: "Maps and numbers",
  moments: { after: "After activation", before: "Before activation" },

  // Where the image comes from
  image: "Image",
  sources: { draw: "Draw", data: "Data", file: "File", camera: "Camera" },
  padLabel: "Drawing pad. It is drawn on with a mouse, a pen or a finger; under “Data” images are chosen with keys.",
  drawHere: "Draw here",
  undo: "Undo",
  clear: "Clear",
  centre: "Centre as in MNIST",
  part: "Part",
  parts: { validation: "Validation", train: "Training", test: "Test" },
  ofClass: "Class",
  allClasses: "All",
  dataLabel: (place: number, count: number, name: string) =>
    `Image ${place} of ${count}: ${name}. Arrow keys choose another one.`,
  previous: "Previous image",
  following: "Next image",
  random: "Random",
  placeOf: (place: string, count: string) => `${place} of ${count}`,
  chooseFile: "Choose an image …",
  dropNote: "Or drop one anywhere here, or paste it.",
  noImage: "This browser cannot read that image.",
  inverted: "Swap light and dark",
  cameraFailed: "There is no camera, or it may not be used.",
  cameraImage: "What the camera sees",
  cameraNote: "The image stays in this tab.",
  snap: "Take the image",

  // Layers
  input: "Input",
  output: "Output",
  outputShort: "Out",
  kinds: {
    convolution: "convolution",
    subsampling: "subsampling",
    fullConnection: "full connection",
    output: "full connection",
  },
  shapeOf: (count: number, height: number, width: number) =>
    height === 1 && width === 1 ? `${count} units` : `${count} @ ${height}×${width}`,
  layerMaps: (term: string, count: number, height: number, width: number) =>
    height === 1 && width === 1 ? `${term}: ${count} units.` : `${term}: ${count} maps of ${height}×${width}.`,
  arrowsMove: "Arrow keys select a unit, Enter goes to its numbers.",
  inputLabel: (name: string, percent: number) =>
    `The image. It is taken for ${name} with ${percent.toFixed(1)} percent.`,
  outputLabel: (all: string) => `The classes: ${all}.`,
  colours: "Colours from",
  takenFor: "Taken for",
  next: (name: string, share: string) => `then ${name}, ${share}`,
  labelled: (name: string) => `its label: ${name}`,
  logits: "logits, before the softmax",
  probabilities: "probabilities, after the softmax",
  unitOfMap: (term: string, map: number, row: number, column: number) =>
    `${term}, map ${map}, row ${row}, column ${column}`,
  shortUnitOfMap: (term: string, map: number, row: number, column: number) => `${term} ${map} (${row}, ${column})`,
  unitOfFeatures: (term: string, unit: number) => `${term}, unit ${unit}`,
  unitOfClass: (name: string) => `Output, ${name}`,
  mapOf: (term: string, map: number) => `${term}, map ${map}`,

  // What is told of a unit
  panel: "Of the selected unit",
  panels: { sum: "Sum", filters: "Filters", excites: "Excites", why: "Why" },
  engineSays: "The engine computes",
  workedOut: "Worked out here",
  doesConvolve: (maps: number, kernel: number, products: number) =>
    `${maps === 1 ? "A" : `${maps} windows, each a`} ${kernel}×${kernel} window times its kernel: ${products} products and a bias.`,
  doesConnect: (count: number) => `Every one of ${count} values times its weight, and a bias.`,
  doesPool: (type: "maximum" | "average", height: number, width: number) =>
    type === "maximum"
      ? `The largest value of a ${height}×${width} window.`
      : `The mean of a ${height}×${width} window.`,
  showWhole: "Show the whole sum",
  stepBack: "Step back",
  stepOn: "Step on",
  playSum: "Play the sum step by step",
  allSteps: (count: number) => `${count} steps`,
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
  winner: (place: number) => `The largest is the value at place ${place}, row by row.`,
  contributions: "The largest contributions",
  from: "From",
  valueTimesWeight: "Value × weight",
  product: "Product",
  others: (count: number) => `${count} others`,
  inputPlace: (place: number) => `Pixel ${place}`,
  productsSum: "Products",
  bias: "Bias",
  sum: "Sum",
  largest: "Largest",
  average: (count: number) => `Sum ÷ ${count}`,
  softmax: "Softmax over all classes",

  // Filters
  filtersOf: "Filters of",
  filtersShow: "Show",
  filterKinds: { weights: "Weights", gradients: "Gradients", change: "Change since start" },
  gradientFor: "If the image's class is",
  noFilters: "This layer learns nothing: it has no filters.",
  noChange: "The start of this network is not known.",
  allFilters: (count: number, kernel: number) => `All ${count} filters, ${kernel}×${kernel}.`,
  filtersTo: (map: string, count: number) => `The ${count} filters that lead to ${map}, one an input map.`,
  filtersLabel: (kind: string, map: string, most: string) => `${kind} that lead to ${map}, up to ${most} in size.`,
  scrubHint: "Move “Training” above to see how they came about.",

  // What excites
  noData: "No images are in memory: choose data under Train.",
  foundTitle: (map: string) => `In the data: ${map}`,
  search: (count: string) => `Search ${count} images`,
  searching: "Searching",
  abort: "Stop",
  foundLabel: (values: string) => `The most exciting images; largest values ${values}.`,
  foundNote: "Outlined: what the map's largest value sees. Click an image to look at it.",
  climbTitle: "From noise",
  climbNote: (map: string) => `Starting from grey noise, change the image so that ${map} grows, by its gradient.`,
  climb: "Climb",
  climbAgain: (seed: number) => `Climb from other noise (seed ${seed})`,
  climbLabel: (value: string) => `An image made to excite the map; its mean is ${value}.`,
  climbValue: (value: string) => `Mean of the map before activation: ${value}`,
  lookAtIt: "Look at it",

  // Why
  whyTitle: "Why this answer",
  whyFor: "Evidence for",
  predicted: "The predicted class",
  reason: "By",
  reasons: { occlusion: "Occlusion", gradient: "Gradient", product: "Input × gradient" },
  reasonNotes: {
    occlusion: (name: string) =>
      `How far the logit of ${name} falls while a patch over the pixel is covered. Orange speaks for ${name}, blue against.`,
    gradient: (name: string) => `How strongly the logit of ${name} answers to a small change of the pixel.`,
    product: (name: string) =>
      `The gradient times the pixel's distance from background: orange speaks for ${name}, blue against.`,
  },
  whyLabel: (reason: string, name: string) => `The image under a map of what speaks for ${name}: ${reason}.`,

  doClear: "Clear the drawing",
  doUndo: "Take the last stroke back",
  doRandom: "Show a random image of the data",
  doMoment: "Switch before and after activation",
  doStepOn: "A step on in the sum",
  doStepBack: "A step back in the sum",
};

/** An epoch with at most two places. */
function places(epoch: number): string {
  return String(Math.round(100 * epoch) / 100);
}
