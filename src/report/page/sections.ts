import { type ConfusionCell, confusionCells, MOST_NUMBERED } from "../confusion.js";
import { type Markup, markup } from "../markup.js";
import { count, percent } from "../numbers.js";
import { largestShare, SHADES, signedColor } from "../palette.js";
import type { PageMessages } from "./messages/index.js";
import type { Filters, JudgedImage, Report } from "./pageContent.js";

/** The side of a weight, and the gap between the channels of a filter, in SVG units. */
const SIDE = 10;
const GAP = 6;

/** The kernels of the first convolution, drawn as images. */
export function filterSection(filters: Filters, says: PageMessages): Markup {
  const { weights, shape } = filters;
  const [number, channels] = shape;
  const largest = Array.from(weights).reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) || 1;
  return markup`<section id="filters" aria-labelledby="filters-title">
<h2 id="filters-title">${says.filtersTitle}</h2>
<p>${says.filterColours}${channels === 3 && says.filterChannels}</p>
<ul class="filters">${Array.from({ length: number }, (_, index) => filterFigure(filters, index, largest, says))}</ul>
${rangeBar(largest, says)}</section>
`;
}

function filterFigure({ weights, shape }: Filters, index: number, largest: number, says: PageMessages): Markup {
  const [, channels, height, width] = shape;
  const size = channels * height * width;
  const values = Array.from({ length: size }, (_, place) => weights[index * size + place]);
  const across = channels * width * SIDE + (channels - 1) * GAP;
  const squares = values.map((value, place) => {
    const channel = Math.floor(place / (height * width));
    const x = channel * (width * SIDE + GAP) + (place % width) * SIDE;
    const y = (Math.floor(place / width) % height) * SIDE;
    return markup`<rect x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" fill="${signedColor(value / largest)}"/>`;
  });
  const range = `${signed(Math.min(...values))} … ${signed(Math.max(...values))}`;
  return markup`<li><figure><svg viewBox="0 0 ${across} ${height * SIDE}" role="img" aria-label="${says.filter(index + 1, range)}" shape-rendering="crispEdges">${squares}</svg><figcaption>${range}</figcaption></figure></li>
`;
}

/** The colour scale. */
function rangeBar(largest: number, says: PageMessages): Markup {
  const steps = 41;
  const boxes = Array.from({ length: steps }, (_, step) => {
    const value = (2 * step) / (steps - 1) - 1;
    return markup`<rect x="${step * 8}" y="0" width="8" height="12" fill="${signedColor(value)}"/>`;
  });
  const label = (x: number, anchor: string, value: number) =>
    markup`<text x="${x}" y="27" font-size="12" text-anchor="${anchor}" fill="currentColor">${signed(value)}</text>`;
  const width = steps * 8;
  return markup`<svg class="range" viewBox="0 0 ${width} 30" role="img" aria-label="${says.colours(signed(-largest), signed(largest))}">${boxes}${label(0, "start", -largest)}${label(width / 2, "middle", 0)}${label(width, "end", largest)}</svg>
`;
}

function signed(value: number): string {
  return value === 0 ? "0" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** Up to this number of classes, cells have room for percentages. */
const MOST_WITH_PERCENTAGES = 12;

/** The confusion matrix as a table of buttons. Each opens a sheet with images of its cell, without scripts. */
export function matrixSection(report: Report, says: PageMessages): Markup {
  const { classes } = report;
  const cells = confusionCells(report.confusion);
  const rows = cells.map(
    (row, truth) =>
      markup`<tr><th scope="row" title="${classes[truth]}"><span>${classes[truth]}</span></th>${row.map((cell) => matrixCell(report, cell, says))}</tr>
`,
  );
  return markup`<section id="confusion" aria-labelledby="confusion-title">
<h2 id="confusion-title">${says.matrixTitle}</h2>
<p>${says.matrixRows}</p>
<p class="quiet">${says.matrixLegend(says.parts[report.part])}</p>
<a class="skip" href="#classes">${says.skipMatrix}</a>
<div class="scroll" role="region" aria-labelledby="confusion-title" tabindex="0">
<table class="matrix ${sizeOf(classes.length)}" aria-labelledby="confusion-title">
<thead><tr><td></td>${classes.map((name) => markup`<th scope="col" title="${name}"><span>${name}</span></th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
<ul class="scale" aria-label="${says.shades}">${SHADES.slice(1).map(
    (_, index) => markup`<li class="shade-${index + 1}">≤ ${percent(largestShare(index + 1), 0)}</li>`,
  )}</ul>
<p class="quiet">${says.shadesNote}</p>
${cells.flat().map((cell) => cell.count > 0 && sheet(report, cell, says))}</section>
`;
}

function sizeOf(classes: number): string {
  if (classes <= MOST_WITH_PERCENTAGES) return "few";
  return classes <= MOST_NUMBERED ? "several" : "many";
}

function matrixCell(
  { classes }: Report,
  { truth, predicted, count: value, share, level }: ConfusionCell,
  says: PageMessages,
): Markup {
  if (value === 0) return markup`<td></td>`;
  const label = says.cell(classes[truth], classes[predicted], value, percent(share, 1));
  const number = classes.length <= MOST_NUMBERED && markup`${count(value)}<small>${percent(share, 1)}</small>`;
  return markup`<td class="${truth === predicted ? "right" : "wrong"}"><button type="button" class="shade-${level}" popovertarget="${sheetId(truth, predicted)}" aria-label="${label}" title="${label}">${number}</button></td>`;
}

/** A sheet with images of a cell. */
function sheet(report: Report, { truth, predicted, count: value }: ConfusionCell, says: PageMessages): Markup {
  const { classes, cells } = report;
  const images = cells[truth][predicted];
  const id = sheetId(truth, predicted);
  const more = value - images.length;
  return markup`<div popover class="sheet" id="${id}" role="dialog" aria-labelledby="${id}-title">
<button type="button" class="close" popovertarget="${id}" popovertargetaction="hide" autofocus>${says.close}</button>
<h3 id="${id}-title">${says.sheetTitle(classes[truth], truth === predicted ? undefined : classes[predicted], value)}</h3>
<p class="quiet">${says.mostConfident}</p>
${imageStrip(images, report, says)}
${more > 0 && markup`<p>${says.more(more)}</p>`}</div>
`;
}

function sheetId(truth: number, predicted: number): string {
  return `cell-${truth}-${predicted}`;
}

/** How many of an image's likeliest classes are named. */
const NAMED_CLASSES = 3;

type Named = Pick<Report, "classes" | "part">;

/** Small images with the probability of the predicted class. */
export function imageStrip(images: readonly JudgedImage[], report: Named, says: PageMessages): Markup {
  return markup`<ul class="images">${images.map(
    (image) =>
      markup`<li><figure>${imageTag(image, report, says)}<figcaption>${percent(image.probabilities[image.prediction], 1)}</figcaption></figure></li>
`,
  )}</ul>`;
}

/** Images with their likeliest classes and probabilities. */
export function imageCards(images: readonly JudgedImage[], report: Named, says: PageMessages): Markup {
  return markup`<ul class="images large">${images.map(
    (image) => markup`<li><figure>${imageTag(image, report, says)}<figcaption>
<div>${nameOf(image, report, says)}: <strong>${report.classes[image.truth]}</strong></div>
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

function imageTag(image: JudgedImage, { classes, part }: Named, says: PageMessages): Markup {
  const { address, file, truth, prediction } = image;
  const called = says.predicted(truth === prediction ? undefined : classes[prediction]);
  const title = file === undefined ? "" : markup` title="${file}"`;
  return markup`<img src="${address}" alt="${nameOf(image, { part }, says)}, ${classes[truth]}, ${called}"${title}>`;
}

/** An image's file or, in a data set without files, its number. */
function nameOf({ file, index }: JudgedImage, { part }: Pick<Named, "part">, says: PageMessages): string {
  return file ?? says.imageOf(says.parts[part], index);
}
