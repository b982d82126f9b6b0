import { type Markup, markup } from "../markup.js";
import { percent } from "../numbers.js";
import type { JudgedImage, Report } from "./report.js";

/** How many of an image's likeliest classes are named. */
const NAMED_CLASSES = 3;

type Named = Pick<Report, "classes" | "part">;

/** Small images with the probability of the predicted class. */
export function imageStrip(images: readonly JudgedImage[], report: Named): Markup {
  return markup`<ul class="images">${images.map(
    (image) =>
      markup`<li><figure>${imageTag(image, report)}<figcaption>${percent(image.probabilities[image.prediction], 1)}</figcaption></figure></li>
`,
  )}</ul>`;
}

/** Images with their likeliest classes and probabilities. */
export function imageCards(images: readonly JudgedImage[], report: Named): Markup {
  return markup`<ul class="images large">${images.map(
    (image) => markup`<li><figure>${imageTag(image, report)}<figcaption>
<div>${report.part} image ${image.index}: <strong>${report.classes[image.truth]}</strong></div>
<ul>${likeliest(image).map((index) => classLine(image, index, report.classes[index]))}</ul>
</figcaption></figure></li>
`,
  )}</ul>`;
}

function classLine({ probabilities, truth }: JudgedImage, index: number, name: string): Markup {
  const share = probabilities[index];
  const mark = index === truth ? "✓" : "";
  return markup`<li>${percent(share, 1)} ${name} ${mark}<svg class="bar" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${share.toFixed(4)}" height="1"/></svg></li>
`;
}

/** The likeliest classes, followed by the true one if it is not among them. */
function likeliest({ probabilities, truth }: JudgedImage): number[] {
  const order = Array.from({ length: probabilities.length }, (_, index) => index)
    .sort((one, other) => probabilities[other] - probabilities[one])
    .slice(0, NAMED_CLASSES);
  return order.includes(truth) ? order : [...order, truth];
}

function imageTag({ address, index, truth, prediction }: JudgedImage, { classes, part }: Named): Markup {
  const called = truth === prediction ? "predicted correctly" : `predicted as ${classes[prediction]}`;
  return markup`<img src="${address}" alt="${part} image ${index}, ${classes[truth]}, ${called}">`;
}
