/** A piece of a sentence; what adds and what takes away has the scene's colours. */
export interface Piece {
  readonly text: string;
  readonly tone?: "adds" | "takes" | "strong";
}

const CLOTHES = [
  "T-shirt or top",
  "Trousers",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** “a 3”, “an 8”, “an ankle boot”, “trousers”. */
function withArticle(name: string): string {
  const lower = /^[A-Z]-/.test(name) ? name : name.toLowerCase();
  if (/^trousers$/i.test(name)) return lower;
  return `${/^(8|11|18|[aeiou])/i.test(name) ? "an" : "a"} ${lower}`;
}

export const en = {
  title: "The network",
  clothes: CLOTHES,

  loading: "A network that reads what you draw.",
  loadingMore: "Its 61,706 weights are on their way.",
  failed: (message: string) => `The network could not be loaded: ${message}`,
  blank: "Draw a digit.",
  blankMore: "Every layer follows the pen, from the pixels to the answer.",
  reads: (name: string) => `It ${/^.$/.test(name) ? "reads" : "sees"} ${withArticle(name)}.`,
  doubts: (name: string, other: string) => `${capital(withArticle(name))}? Or ${withArticle(other)}?`,
  misreads: (name: string, meant: string) =>
    `It ${/^.$/.test(name) ? "reads" : "sees"} ${withArticle(name)}. It is ${withArticle(meant)}.`,
  afterImages: (images: string, name: string) => `After ${images} images: ${withArticle(name)}.`,
  beforeLearning: (name: string) => `Before learning: ${withArticle(name)}, by chance.`,
  /** What speaks for the answer. */
  most: (map: number, stage: string, value: string): Piece => ({
    text: `Map ${map} of ${stage} speaks for it most, ${value}`,
    tone: "adds",
  }),
  next: (map: number, value: string): Piece => ({ text: `map ${map}, ${value}`, tone: "adds" }),
  secondly: ", then ",
  against: (map: number, value: string): Piece => ({ text: `map ${map} speaks against it, ${value}`, tone: "takes" }),
  semicolon: "; ",
  stop: ". ",
  how: "Every line is what one part adds to this answer, from pixel to digit. Choose any part to see why.",
  /** A chosen map or unit. */
  whyMap: (map: number, stage: string) => `Why map ${map} of ${stage} lights up`,
  silentMap: (map: number, stage: string) => `Why map ${map} of ${stage} stays dark`,
  whyUnit: (unit: number, stage: string) => `Why unit ${unit} of ${stage} is active`,
  silentUnit: (unit: number, stage: string) => `Why unit ${unit} of ${stage} is silent`,
  whyOutput: (name: string) => `What speaks for ${withArticle(name)}`,
  tuning: (map: number, answers: string, value: string, row: number, column: number) =>
    `Map ${map} ${answers}. Its strongest place here is row ${row}, column ${column}: ${value}`,
  pooling: (value: string, row: number, column: number) =>
    `It keeps the strongest of each window. Here at row ${row}, column ${column}: ${value}`,
  givesMost: (part: string, value: string): Piece => ({ text: `${part} gives the most, ${value}`, tone: "adds" }),
  holdsBack: (part: string, value: string): Piece => ({ text: `${part} holds back, ${value}`, tone: "takes" }),
  mapOf: (map: number, stage: string) => `Map ${map} of ${stage}`,
  unitOf: (unit: number, stage: string) => `Unit ${unit} of ${stage}`,
  theDrawing: "The drawing",
  sumsTo: (value: string, bias: string) => `With biases of ${bias} the sum is ${value}`,
  back: "Back to the answer",
  tour: "Guided tour",

  shape: "Picture",
  flat: "Flat",
  space: "3-D",
  noSpace: "This browser does not offer WebGL 2, so the picture stays flat.",
  noise: "Its maps are still noise.",
  forming: "Its maps are finding strokes.",
  formed: "Its maps have taken shape.",

  pad: "Drawing pad. Draw a digit with the pointer.",
  padSample: (name: string) => `Image that came with the page: ${name}`,
  drawHere: "Draw here",
  clear: "Clear",
  undo: "Undo",
  useCamera: "Use the camera",
  cameraPicture: "Picture of the camera",
  cameraFrame: "Size of the frame that the network reads",
  cameraHold: "Hold the picture",
  cameraGo: "Go on",
  cameraClose: "Close",
  seen: "What the network gets: centred, as its training images were",
  answer: "Answer",
  sure: (percent: string) => `${percent} sure`,
  thenOther: (name: string, percent: string) => `then ${name}, ${percent}`,
  announceAnswer: (name: string, percent: string) => `${name}, ${percent} sure`,

  picks: "Images to try",
  digits: "Or pick a digit",
  clothing: "or clothes",
  pickDigit: (name: string) => `Digit ${name}`,
  pickMisread: (name: string) => `${name}, which it misreads`,
  misread: "misread",
  licences: "MNIST: LeCun and others, CC BY-SA 3.0. Fashion-MNIST: Zalando, MIT.",
  takes: "takes away",
  adds: "adds",

  teach: "Now teach one yourself",
  teachMore: (count: string) => `${count} digits, from noise, in this tab`,
  start: "Start from noise",
  drawingDigits: "Drawing digits to learn from …",
  learning: "Learning from noise",
  learnt: "You taught this one",
  paused: "Paused",
  settings: (recipe: string, batch: number, seed: string) => `Recipe “${recipe}”, batches of ${batch}, seed ${seed}`,
  pause: "Pause",
  resume: "Resume",
  oneBatch: "One batch",
  again: "Teach another",
  replay: "Replay the learning",
  stopReplay: "Stop",
  readyMade: "Show the ready-made one",
  yours: "Show yours",
  openTrain: "All settings are in Train",
  readsRight: "This one reads right",
  ofTest: (count: string) => `of ${count} test images`,
  ofSeen: "of the images just seen",
  ofValidation: "of the held-out images",
  atMoment: "At this moment, right",
  accuracyCurve: "Training: share of images read right",
  imagesSeen: "images seen: 0",
  moment: (images: string, percent: string) => `after ${images} images, ${percent} right`,
  rewind: "drag to rewind",
  now: "now",
  trainingFailed: (message: string) => `The training stopped: ${message}`,
  doClear: "Empty the pad",
  doUndo: "Undo the last stroke",
  doAnswer: "Back to the answer",
  doReplay: "Replay the learning",
};

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
