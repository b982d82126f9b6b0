import { verbFor, withArticle } from "../../../stage/messages/en.js";

/** What a network takes an image for. */
export interface Reading {
  /** The network's name, and how a sentence begins with it. */
  readonly name: string;
  readonly title: string;
  /** The name of the class, and its probability as text. */
  readonly answer: string;
  readonly sure: string;
}

export const en = {
  title: "Compare and save",
  lead: "Compare runs wherever they were trained, choose the network that the other views show, and save it as a file.",
  copyLink: "Copy a link to this page",
  linkCopied: "Link copied",

  open: "Open",
  dropNote:
    "Drop weights (.pth, .safetensors, .onnx) or run folders from lenet train here. They are read in this tab and not uploaded.",
  chooseFiles: "Choose files",
  chooseFolder: "Choose a folder",
  served: "Runs on this machine",
  noneServed: "None yet. A run started with lenet train appears here at once.",
  epochCount: (epochs: number) => (epochs === 1 ? "1 epoch" : `${epochs} epochs`),
  epochsOf: (done: number, epochs: number) => `${done} of ${epochs}`,

  beside: "Runs and networks",
  nothingBeside:
    "Runs trained in this page or opened here are listed side by side, with the settings in which they differ.",
  name: "Name",
  run: (number: number, seed?: number) => (seed === undefined ? `Run ${number}` : `Run ${number}, seed ${seed}`),
  sources: { page: "this page", folder: "run folder", server: "this machine", file: "weights" },
  live: "in progress",
  /** Names of settings in other languages. */
  settings: {} as Readonly<Record<string, string>>,
  bestValidation: "Best validation",
  test: "Test",
  epochs: "Epochs",
  time: "Time",
  fingerprint: "Fingerprint",
  actions: "Actions",
  show: "Show in all views",
  isShown: "Shown",
  remove: (name: string) => `Remove ${name}`,

  pair: "Two networks, one image",
  firstNetwork: "First network",
  secondNetwork: "Second network",
  readyMade: {
    digits: { name: "the ready-made one", title: "The ready-made one" },
    clothes: { name: "the ready-made one for clothes", title: "The ready-made one for clothes" },
  },
  fooled: (fooled: string, other: string) => `Fooled ${fooled}, not ${other}.`,
  fooledBoth: "Fooled both.",
  bothRead: (answer: string) => `Both ${verbFor(answer, false)} ${withArticle(answer)}.`,
  disagree: "They disagree.",
  itIs: (meant: string) => `It is ${withArticle(meant)}. `,
  readings: (one: Reading, other: Reading) =>
    `${one.title} ${verbFor(one.answer, true)} ${withArticle(one.answer)}, ${one.sure} sure; ${other.name} ${verbFor(other.answer, true)} ${withArticle(other.answer)}, ${other.sure} sure.`,
  inNetwork: (title: string) => `${title}: `,
  findDisagreement: "Find one on which they disagree",
  searching: "Searching",
  stop: "Stop",
  agreeOnAll: (count: string) => `They agree on all ${count}.`,

  curves: "Curves of all runs",
  loss: "Loss",
  accuracy: "Accuracy",
  atEpoch: (epoch: string) => `epoch ${epoch}`,
  noCurves: "No finished epoch yet",
  trainingOf: (name: string) => `${name}, training`,
  validationOf: (name: string) => `${name}, validation`,
  legend: "Thick lines: validation. Thin lines: training.",

  shownNetwork: "Shown network",
  noNetwork: "Train one, or open a file.",
  input: "Input",
  layers: "Layers",
  parameters: "Parameters",
  classes: "Classes",
  save: "Save as",
  formats: { pth: "PyTorch (.pth)", safetensors: "safetensors", onnx: "ONNX" },
  runFolder: "Run folder (.zip)",
  runFolderLater: "The run folder can be saved once the run has finished.",
  saveNote:
    "Every format stores the same bits, and so keeps the fingerprint. lenet eval, predict and export read all of them.",

  evaluation: "Evaluation",
  noData: "No images in memory.",
  toData: "Choose images",
  misfits: {
    shape: (data: string) => `The images in memory (${data}) do not have the size of this network’s input.`,
    classes: (data: string) => `The images in memory (${data}) do not have as many classes as this network.`,
  },
  evaluateOn: (data: string) => `Evaluate on ${data}`,
  chosenImages: { validation: "validation images", all: "all images" },
  chosenImagesNotes: {
    validation: (seed: number) => `The images that a run with seed ${seed} holds out for validation.`,
    all: (_seed: number) => "A network trained on these images has seen most of them, so the result is too optimistic.",
  },
  evaluate: "Evaluate",
  evaluating: "Evaluating",
  outcome: (correct: string, total: string, images: string) => `${correct} of ${total} correct (${images}).`,
  lossOf: (loss: string) => `Loss ${loss}.`,
  confusion: "Confusion matrix",
  trueClass: "true",
  predictedClass: "predicted",
};
