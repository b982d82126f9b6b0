import type { Chapter } from "../../../../address/tourFields.js";

interface Chosen {
  readonly name: string;
  readonly sum: string;
  readonly percent: string;
}

export const en = {
  tour: "Guided tour",
  chapter: (place: number, count: number) => `Chapter ${place} of ${count}`,
  chapters: "Chapters",
  end: "Summary",
  next: "Next",
  back: "Back",
  close: "End the tour",
  check: "Check",
  guess: "Your guess",
  predict: "First, a guess:",
  right: "Right.",
  almost: "Close.",
  wrong: "Not this time.",
  youSaid: (guess: string) => `You said: ${guess}.`,
  isAnswer: (option: string) => `${option}: right`,
  isGuess: (option: string) => `${option}: your guess`,
  draw: "Draw a digit, or pick an image: the question is about it.",
  working: "The engine is working it out …",
  another: "Draw or pick another image, and the question is asked again.",
  pageKeys: "Guided tour",
  doNext: "Next chapter",
  doBack: "Previous chapter",

  titles: {
    pixels: "A picture is numbers",
    kernel: "A kernel looks for one thing",
    map: "Sliding it makes a map",
    pooling: "Pooling makes maps smaller",
    combination: "Maps are combined",
    decision: "Ten sums, one answer",
    learning: "It has learned this",
    fooled: "It can be fooled",
  } satisfies Record<Chapter, string>,
  texts: {
    pixels:
      "The network sees no strokes. All it gets is a number for each pixel, from 0 for paper to 255 for ink. Those of the framed piece are below.",
    kernel:
      "A kernel is a small grid of weights. Laid over the picture, each weight is multiplied by the value below it, and the products are added up. Ink under orange raises the sum, and so does paper under blue.",
    map: "The same kernel is laid over every place of the picture. Each place gives one number, and all of them form a map: it is dark where the kernel has found what it looks for.",
    pooling:
      "The next layer has the same maps with fewer numbers. Each small block becomes one number. What remains is that something was found, and roughly where.",
    combination:
      "A map of the next convolution has a kernel for each map before it, and adds up what they find: from strokes come corners and arcs.",
    decision:
      "The last layers weigh everything that was found. Each class gets a sum; the larger it is, the more probable the class, and the largest wins.",
    learning:
      "Nobody has set these weights. They began as noise, and every image that it read changed them a little, so that the next answer was better.",
    fooled:
      "Now every pixel changes by the same small amount: each one darker or lighter, whichever speaks more for another answer. To your eyes it is still the same thing.",
  } satisfies Record<Chapter, string>,
  pixels: {
    ask: (count: string) => `How many of the ${count} pixels have any ink?`,
    explain: (count: string, percent: string) =>
      `${count} have ink, ${percent} of all. The network gets these numbers and nothing else.`,
    piece: "The framed piece",
  },
  kernel: {
    ask: (map: number, stage: string) => `This is kernel ${map} of ${stage}. In which frame is its sum the largest?`,
    window: (letter: string) => `Frame ${letter}`,
    explain: (sums: readonly string[]) =>
      `The sums are ${sums.join("; ")}. The network now shows the largest, product by product.`,
    weights: (map: number) => `Kernel ${map}`,
  },
  map: {
    ask: (map: number, answers: string) =>
      `Map ${map} is covered. Its kernel ${answers}. In which quarter is there the most?`,
    quarters: ["Top left", "Top right", "Bottom left", "Bottom right"],
    explain: (quarter: string, percent: string) =>
      `${quarter}: ${percent} of all that the map shows. It is uncovered now, with its strongest place worked out.`,
  },
  pooling: {
    ask: (side: number, stage: string) =>
      `Which number does ${stage} have for the framed block of ${side} × ${side} numbers?`,
    largest: (value: string) => `It keeps the largest: ${value}.`,
    other: (value: string) => `It has ${value}.`,
    moved: (before: string, change: string, stage: string, pooled: string) =>
      `If the picture moves to the right by a pixel, ${before} changes by ${change} and ${stage} by ${pooled}.`,
    piece: (map: number, stage: string) => `A piece of map ${map} of ${stage}`,
  },
  combination: {
    ask: (map: number, stage: string, before: string) =>
      `Map ${map} of ${stage} is the strongest here. Which map of ${before} gives it the most?`,
    mapOf: (map: number) => `Map ${map}`,
    explain: (map: number, most: string, all: string, sum: string) =>
      `Map ${map} gives ${most}; all together give ${all}, and with the bias the sum is ${sum}. The network shows every share.`,
  },
  decision: {
    ask: (name: string) => `It reads “${name}”. What does it hold to be the second most probable?`,
    explain: (first: Chosen, second: Chosen, times: string) =>
      `“${second.name}”, at ${second.percent}. Its sum is ${second.sum}, that of “${first.name}” is ${first.sum}: the difference makes “${first.name}” ${times} times as probable, at ${first.percent}.`,
  },
  learning: {
    ask: (name: string) => `How many images had it seen when it began to read “${name}” here, and kept to it?`,
    none: "None: at random",
    images: (images: string) => `${images} images`,
    explain: (images: string, name: string, before: string) =>
      `“${name}” from ${images} images on. At the moment before, it read “${before}”. Choose a moment to see the network then.`,
    byChance: (name: string) => `It read “${name}” from the start, by chance. Choose a moment to see the network then.`,
    moments: "What it read of this picture, by the number of images seen",
  },
  fooled: {
    ask: (name: string) => `By how much must every pixel change, of 255 levels, until it no longer reads “${name}”?`,
    levels: (levels: string) => `${levels} of 255`,
    never: (most: string) => `More than ${most}`,
    explain: (levels: string, name: string, before: string) =>
      `By ${levels} of 255: then it reads “${name}”. Move the slider and watch the maps, then look at the picture: would you still say “${before}”?`,
    notFooled: (name: string, most: string) =>
      `It still reads “${name}” when every pixel has changed by ${most} of 255. Try another picture: clothes give way sooner.`,
    slider: "Change of every pixel",
    now: (levels: string, name: string) => `${levels} of 255: “${name}”`,
  },

  summary: {
    title: (right: number, count: number) => `${right} of ${count} predictions were right`,
    none: "No prediction yet",
    text: "Your first guess in each chapter, and what the engine worked out for the picture that you had. A value counts if it is close.",
    heads: ["Chapter", "Question", "Your guess", "The engine", ""],
    open: "not answered",
    again: "Start again",
    copy: "Copy as text",
    copied: "Copied",
    verdict: { right: "right", wrong: "wrong" },
    print: "Print",
  },
  lesson: {
    title: "Assign a lesson",
    text: "Choose the chapters; the link opens them in this order and ends with this page.",
    copy: "Copy the link",
    link: "Link to the lesson",
  },
};
