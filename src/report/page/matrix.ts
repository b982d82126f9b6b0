import { type ConfusionCell, confusionCells, MOST_NUMBERED } from "../confusion.js";
import { type Markup, markup } from "../markup.js";
import { count, counted, percent } from "../numbers.js";
import { largestShare, SHADES } from "../palette.js";
import { imageStrip } from "./images.js";
import type { Report } from "./report.js";

/** Up to this number of classes, cells have room for percentages. */
const MOST_WITH_PERCENTAGES = 12;

/** The confusion matrix as a table of buttons. Each opens a sheet with images of its cell, without scripts. */
export function matrixSection(report: Report): Markup {
  const { classes } = report;
  const cells = confusionCells(report.confusion);
  const rows = cells.map(
    (row, truth) =>
      markup`<tr><th scope="row" title="${classes[truth]}"><span>${classes[truth]}</span></th>${row.map((cell) => matrixCell(report, cell))}</tr>
`,
  );
  return markup`<section id="confusion" aria-labelledby="confusion-title">
<h2 id="confusion-title">Confusion matrix</h2>
<p>Each row holds the images of one class, each column those predicted as one class. Framed cells are correct predictions.
Select a cell to see its images; press Escape to close them.</p>
<p class="quiet">Rows: true class. Columns: predicted class. Numbers: ${report.part} images.</p>
<a class="skip" href="#classes">Skip the matrix</a>
<div class="scroll" role="region" aria-labelledby="confusion-title" tabindex="0">
<table class="matrix ${sizeOf(classes.length)}" aria-labelledby="confusion-title">
<thead><tr><td></td>${classes.map((name) => markup`<th scope="col" title="${name}"><span>${name}</span></th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
<ul class="scale" aria-label="shades: share of the row">${SHADES.slice(1).map(
    (_, index) => markup`<li class="shade-${index + 1}">≤ ${percent(largestShare(index + 1), 0)}</li>`,
  )}</ul>
<p class="quiet">Shades: share of the row.</p>
${cells.flat().map((cell) => cell.count > 0 && sheet(report, cell))}</section>
`;
}

function sizeOf(classes: number): string {
  if (classes <= MOST_WITH_PERCENTAGES) return "few";
  return classes <= MOST_NUMBERED ? "several" : "many";
}

function matrixCell({ classes }: Report, { truth, predicted, count: value, share, level }: ConfusionCell): Markup {
  if (value === 0) return markup`<td></td>`;
  const label = `${classes[truth]} predicted as ${classes[predicted]}: ${counted(value, "image")}, ${percent(share, 1)}`;
  const number = classes.length <= MOST_NUMBERED && markup`${count(value)}<small>${percent(share, 1)}</small>`;
  return markup`<td class="${truth === predicted ? "right" : "wrong"}"><button type="button" class="shade-${level}" popovertarget="${sheetId(truth, predicted)}" aria-label="${label}" title="${label}">${number}</button></td>`;
}

/** A sheet with images of a cell. */
function sheet(report: Report, { truth, predicted, count: value }: ConfusionCell): Markup {
  const { classes, cells } = report;
  const images = cells[truth][predicted];
  const id = sheetId(truth, predicted);
  const more = value - images.length;
  const heading =
    truth === predicted
      ? markup`${classes[truth]}, predicted correctly`
      : markup`${classes[truth]}, predicted as ${classes[predicted]}`;
  return markup`<div popover class="sheet" id="${id}" role="dialog" aria-labelledby="${id}-title">
<button type="button" class="close" popovertarget="${id}" popovertargetaction="hide" autofocus>Close</button>
<h3 id="${id}-title">${heading}: ${counted(value, "image")}</h3>
<p class="quiet">with the probability of the prediction, most confident first</p>
${imageStrip(images, report)}
${more > 0 && markup`<p>and ${count(more)} more</p>`}</div>
`;
}

function sheetId(truth: number, predicted: number): string {
  return `cell-${truth}-${predicted}`;
}
