import { type Markup, markup } from "../markup.js";
import { percent } from "../numbers.js";
import type { JudgedPicture, Report } from "./report.js";

/** Of each picture's classes the likeliest are named. */
const NAMED_CLASSES = 3;

type Named = Pick<Report, "classes" | "part">;

/** Small pictures with the probability of what they were called. */
export function pictureStrip(pictures: readonly JudgedPicture[], report: Named): Markup {
  return markup`<ul class="pictures">${pictures.map(
    (picture) =>
      markup`<li><figure>${imageTag(picture, report)}<figcaption>${percent(picture.probabilities[picture.prediction], 1)}</figcaption></figure></li>
`,
  )}</ul>`;
}

/** Pictures with their likeliest classes. */
export function pictureCards(pictures: readonly JudgedPicture[], report: Named): Markup {
  return markup`<ul class="pictures large">${pictures.map(
    (picture) => markup`<li><figure>${imageTag(picture, report)}<figcaption>
<div>${report.part} image ${picture.index}: <strong>${report.classes[picture.truth]}</strong></div>
<ul>${likeliest(picture).map((index) => classLine(picture, index, report.classes[index]))}</ul>
</figcaption></figure></li>
`,
  )}</ul>`;
}

function classLine({ probabilities, truth }: JudgedPicture, index: number, name: string): Markup {
  const share = probabilities[index];
  const mark = index === truth ? "✓" : "";
  return markup`<li>${percent(share, 1)} ${name} ${mark}<svg class="bar" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${share.toFixed(4)}" height="1"/></svg></li>
`;
}

/** The likeliest classes, and the true one at last where it is not among them. */
function likeliest({ probabilities, truth }: JudgedPicture): number[] {
  const order = Array.from({ length: probabilities.length }, (_, index) => index)
    .sort((one, other) => probabilities[other] - probabilities[one])
    .slice(0, NAMED_CLASSES);
  return order.includes(truth) ? order : [...order, truth];
}

function imageTag({ address, index, truth, prediction }: JudgedPicture, { classes, part }: Named): Markup {
  const called = truth === prediction ? "predicted right" : `predicted as ${classes[prediction]}`;
  return markup`<img src="${address}" alt="${part} image ${index}, ${classes[truth]}, ${called}">`;
}
