import { curvesHalves } from "../curves.js";
import type { FactGroup } from "../facts.js";
import { type Markup, markup } from "../markup.js";
import { count, percent, standardError } from "../numbers.js";
import { FONT } from "../palette.js";
import { htmlPage } from "./document.js";
import { PAGE_MESSAGES, type PageLanguage, type PageMessages } from "./messages/index.js";
import type { ClassScores, JudgedImage, Report } from "./pageContent.js";
import { filterSection, imageCards, matrixSection } from "./sections.js";
import { CURVE_INKS } from "./style.js";

/**
 * A run's report as one self-contained HTML page, without requests or scripts. All inserted text is escaped, and the
 * page's content security policy allows only its own style and embedded images.
 */
export async function reportPage(report: Report, language: PageLanguage = "en"): Promise<string> {
  const { title } = report;
  const says = PAGE_MESSAGES[language];
  const part = says.parts[report.part];
  const links: readonly (readonly [string, string])[] = [
    ["curves", says.curvesTitle],
    ["confusion", says.matrixTitle],
    ["classes", says.classesTitle],
    ["most-wrong", says.mostWrong],
    ["least-sure", says.leastSure],
    ["filters", says.filters],
    ["settings", says.settingsTitle],
  ];
  const { mostWrong, leastSure } = report;
  return htmlPage(
    says.language,
    title,
    markup`<header>
<h1>${title}</h1>
${notes(report, says)}${figures(report, says)}<nav aria-label="${says.sections}"><ul>
${links.map(([id, name]) => markup`<li><a href="#${id}">${name}</a></li>\n`)}</ul></nav>
</header>
<main>
${curvesSection(report, says)}${matrixSection(report, says)}${classesSection(report, says)}${imagesSection(
  { id: "most-wrong", title: says.mostWrong, explanation: says.mostWrongImages(part), images: mostWrong },
  report,
  says,
)}${imagesSection(
  { id: "least-sure", title: says.leastSure, explanation: says.leastSureImages(part), images: leastSure },
  report,
  says,
)}${filterSection(report.filters, says)}${settingsSection(report.groups, says)}</main>`,
  );
}

/** Warnings about the data, shown before any figures. */
function notes({ generated, part }: Report, says: PageMessages): Markup {
  const warning = (text: string) => markup`<p class="warning">${text}</p>\n`;
  return markup`${generated && warning(says.generatedImages)}${part === "validation" && warning(says.noTestSet)}`;
}

function figures({ part, accuracy, correct, total, loss, best, history }: Report, says: PageMessages): Markup {
  const error = percent(standardError(accuracy, total));
  const name = says.parts[part];
  return markup`<dl class="figures">
<div><dt>${says.accuracyOf(name)}</dt><dd>${percent(accuracy)} <small>± ${error}: ${says.correctOf(correct, total)}</small></dd></div>
<div><dt>${says.lossOf(name)}</dt><dd>${loss.toFixed(4)} <small>${says.meanCrossEntropy}</small></dd></div>
<div><dt>${says.bestValidation}</dt><dd>${percent(best.validationAccuracy)} <small>${says.inEpoch(best.epoch, history.length)}</small></dd></div>
</dl>
`;
}

/** The two charts of the curves, side by side if there is room. */
function curvesSection({ history }: Report, says: PageMessages): Markup {
  const [loss, accuracy] = curvesHalves(history, CURVE_INKS, says.curves);
  const half = (label: string, left: number, content: Markup) =>
    markup`<svg viewBox="${left} 60 600 415" font-family="${FONT}" role="img" aria-label="${label}">
${content}</svg>
`;
  return markup`<section id="curves" aria-labelledby="curves-title">
<h2 id="curves-title">${says.curvesTitle}</h2>
<div class="curves">
${half(says.lossByEpoch, 0, loss)}${half(says.accuracyByEpoch, 600, accuracy)}</div>
</section>
`;
}

function classesSection({ classes, perClass, macro, confusion, total }: Report, says: PageMessages): Markup {
  const shares = ({ precision, recall, f1 }: ClassScores) =>
    [precision, recall, f1].map((share) => markup`<td>${percent(share)}</td>`);
  const rows = classes.map(
    (name, index) =>
      markup`<tr><th scope="row">${name}</th>${shares(perClass[index])}<td>${count(confusion[index].reduce((sum, value) => sum + value, 0))}</td></tr>
`,
  );
  return markup`<section id="classes" aria-labelledby="classes-title">
<h2 id="classes-title">${says.classesTitle}</h2>
<p>${says.scores}</p>
<div class="scroll" role="region" aria-labelledby="classes-title" tabindex="0">
<table class="scores">
<thead><tr>${says.scoreColumns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
<tfoot><tr><th scope="row">${says.macroAverage}</th>${shares(macro)}<td>${count(total)}</td></tr></tfoot>
</table>
</div>
</section>
`;
}

/** A section of images. */
interface ImagesSection {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly images: readonly JudgedImage[];
}

function imagesSection({ id, title, explanation, images }: ImagesSection, report: Report, says: PageMessages): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${
  images.length === 0
    ? markup`<p>${says.none}</p>`
    : markup`<p>${explanation} ${says.marks}</p>
${imageCards(images, report, says)}`
}
</section>
`;
}

function settingsSection(groups: readonly FactGroup[], says: PageMessages): Markup {
  return markup`<section id="settings" aria-labelledby="settings-title">
<h2 id="settings-title">${says.settingsTitle}</h2>
<div class="groups">
${groups.map(
  ({ title, facts }) => markup`<div><h3>${says.fact(title)}</h3><dl>
${facts.map(({ name, value }) => markup`<dt>${says.fact(name)}</dt><dd>${says.valueOf(name, value)}</dd>`)}
</dl></div>
`,
)}</div>
</section>
`;
}
