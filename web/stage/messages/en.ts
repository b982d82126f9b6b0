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
export function withArticle(name: string): string {
  const lower = /^[A-Z]-/.test(name) ? name : name.toLowerCase();
  if (/^trousers$/i.test(name)) return lower;
  return `${/^(8|11|18|[aeiou])/i.test(name) ? "an" : "a"} ${lower}`;
}

/** Characters are read, and things are seen. */
export function verbFor(name: string, isOne: boolean): string {
  return `${/^.$/u.test(name) ? "read" : "see"}${isOne ? "s" : ""}`;
}

export const en = {
  title: "The picture of the network",
  clothes: CLOTHES,

  blank: "Draw a digit.",
  blankMore: "Every layer follows the pen, from the pixels to the answer.",
  reads: (name: string) => `It ${verbFor(name, true)} ${withArticle(name)}.`,
  doubts: (name: string, other: string) => `${capital(withArticle(name))}? Or ${withArticle(other)}?`,
  misreads: (name: string, meant: string) =>
    `It ${verbFor(name, true)} ${withArticle(name)}. It is ${withArticle(meant)}.`,
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
  pooling: (isMaximum: boolean, value: string, row: number, column: number) =>
    `It ${isMaximum ? "keeps the strongest" : "takes the mean"} of each window. Here at row ${row}, column ${column}: ${value}`,
  givesMost: (part: string, value: string): Piece => ({ text: `${part} gives the most, ${value}`, tone: "adds" }),
  holdsBack: (part: string, value: string): Piece => ({ text: `${part} holds back, ${value}`, tone: "takes" }),
  mapOf: (map: number, stage: string) => `Map ${map} of ${stage}`,
  unitOf: (unit: number, stage: string) => `Unit ${unit} of ${stage}`,
  theDrawing: "The image",
  sumsTo: (value: string, bias: string) => `With biases of ${bias} the sum is ${value}`,
  back: "Back to the answer",

  noise: "Its maps are still noise.",
  forming: "Its maps are finding strokes.",
  formed: "Its maps have taken shape.",

  pad: "Drawing pad. Draw a digit with the pointer.",
  padImage: (name: string) => `Image: ${name}`,
  drawHere: "Draw here",
  clear: "Clear",
  undo: "Undo",
  useCamera: "Put the camera on the pad",
  cameraPicture: "Picture of the camera",
  cameraFrame: "Size of the frame that the network reads",
  cameraHold: "Hold the picture",
  cameraGo: "Go on",
  cameraClose: "Close",
  seen: "What the network gets: centred, as its training images were",
  answer: "Answer",
  answerOf: (name: string) => `Answer of ${name}`,
  sure: (percent: string) => `${percent} sure`,
  thenOther: (name: string, percent: string) => `then ${name}, ${percent}`,
  announceAnswer: (name: string, percent: string) => `${name}, ${percent} sure`,

  picks: "Images to try",
  digits: "Or pick a digit",
  clothing: "or clothes",
  heldOut: "or one of those held out",
  previousImage: "Previous image",
  nextImage: "Next image",
  anyImage: "Any",
  heldOutPlace: (place: string, count: string, name: string) => `${place} of ${count}: ${withArticle(name)}`,
  pickDigit: (name: string) => `Digit ${name}`,
  pickMisread: (name: string) => `${name}, which the ready-made network misreads`,
  takes: "takes away",
  adds: "adds",

  doClear: "Empty the pad",
  doUndo: "Undo the last stroke",
  doAnswer: "Back to the answer",
};

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
