import type { Influence } from "../influence.js";
import { type Markup, markup } from "../markup.js";
import { formatDuration, percent } from "../numbers.js";
import { FONT } from "../palette.js";
import type { Spread } from "../statistics.js";
import { leftOut, sweepMarkup } from "../sweep.js";
import { htmlPage } from "./document.js";
import { PAGE_MESSAGES, type PageLanguage, type PageMessages } from "./messages/index.js";
import { CURVE_INKS } from "./style.js";

/** A run on the page of its sweep. Runs that failed have no figures. */
export interface PageRun {
  /** The name of its folder. */
  readonly name: string;
  /** Its seed and, in a cross-validation, its fold. */
  readonly label: string;
  readonly validationAccuracy?: number;
  readonly testAccuracy?: number;
  /** Whether it has a report to open. */
  readonly isFinished: boolean;
}

/** The runs of a combination. */
export interface PageCombination {
  readonly label: string;
  /** Best first. */
  readonly runs: readonly PageRun[];
  readonly validationAccuracy?: Spread;
  readonly testAccuracy?: Spread;
  readonly stoppedAfter?: number;
  /** Mean time per run. */
  readonly seconds?: number;
}

/** Everything that a sweep's page shows. */
export interface SweepPage {
  readonly title: string;
  readonly subtitle: string;
  readonly generated: boolean;
  /** Best first. */
  readonly combinations: readonly PageCombination[];
  readonly influences: readonly Influence[];
  /** The epochs after which runs are compared for their settings, if some were stopped early. */
  readonly comparedAfter?: number;
}

/** The runs that are listed as the best. */
const BEST = 10;
/** The runs that are linked from a row. */
const MOST_LINKS = 24;

/** A sweep as one self-contained HTML page, without requests or scripts. Its links lead to the reports of the runs. */
export async function sweepPage(page: SweepPage, language: PageLanguage = "en"): Promise<string> {
  const says = PAGE_MESSAGES[language];
  const { title, subtitle, generated } = page;
  return htmlPage(
    says.language,
    title,
    markup`<header>
<h1>${title}</h1>
<p class="quiet">${subtitle}</p>
${
  generated &&
  markup`<p class="warning">${says.generatedImages}</p>
`
}</header>
<main>
${pictureSection(page, says)}${bestSection(page, says)}${combinationsSection(page, says)}${settingsSection(page, says)}</main>`,
  );
}

function pictureSection({ combinations, influences }: SweepPage, says: PageMessages): Markup {
  const picture = {
    combinations: combinations.map(({ label, runs, stoppedAfter }) => ({
      label,
      stoppedAfter,
      accuracies: runs.flatMap(({ validationAccuracy }) => validationAccuracy ?? []),
    })),
    influences,
  };
  const { width, top, height, content } = sweepMarkup(picture, CURVE_INKS, says.sweep);
  const others = leftOut(picture);
  return markup`<section id="picture" aria-labelledby="picture-title">
<h2 id="picture-title">${says.pictureTitle}</h2>
<div class="scroll" role="region" aria-labelledby="picture-title" tabindex="0">
<svg class="wide" viewBox="0 ${top} ${width} ${height - top}" font-family="${FONT}" role="img" aria-label="${says.sweep.description}">
${content}</svg>
</div>
${
  others > 0 &&
  markup`<p class="quiet">${says.bestOf(combinations.length - others, combinations.length)}</p>
`
}</section>
`;
}

function bestSection({ combinations }: SweepPage, says: PageMessages): Markup {
  const runs = combinations
    .flatMap(({ label, runs }) => runs.map((run) => ({ label, run })))
    .filter(({ run }) => run.isFinished)
    .sort((one, other) => other.run.validationAccuracy! - one.run.validationAccuracy!)
    .slice(0, BEST);
  const rows = runs.map(
    ({ label, run }) => markup`<tr><th scope="row">${runLink(run, says.runOf(label, run.label))}</th>
<td>${percentOf(run.validationAccuracy)}</td><td>${percentOf(run.testAccuracy)}</td></tr>
`,
  );
  return markup`<section id="best" aria-labelledby="best-title">
<h2 id="best-title">${says.bestRuns}</h2>
<p>${says.bestRunsNote}</p>
<div class="scroll" role="region" aria-labelledby="best-title" tabindex="0">
<table class="scores swept">
<thead><tr>${says.bestColumns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
</section>
`;
}

function combinationsSection({ combinations }: SweepPage, says: PageMessages): Markup {
  const { columns } = says;
  const isHalved = combinations.some(({ stoppedAfter }) => stoppedAfter !== undefined);
  const rows = combinations.map(
    ({ label, runs, validationAccuracy, testAccuracy, stoppedAfter, seconds }) =>
      markup`<tr><th scope="row">${label}</th>${isHalved && markup`<td>${stoppedAfter ?? says.allEpochs}</td>`}
<td>${spread(validationAccuracy)}</td><td>${spread(testAccuracy)}</td>
<td>${seconds === undefined ? "–" : formatDuration(seconds)}</td>
<td class="links">${runs.slice(0, MOST_LINKS).map((run) => markup`${runLink(run, run.label)} `)}${
        runs.length > MOST_LINKS && says.more(runs.length - MOST_LINKS)
      }</td></tr>
`,
  );
  return markup`<section id="combinations" aria-labelledby="combinations-title">
<h2 id="combinations-title">${says.combinations}</h2>
<p>${says.combinationsNote(isHalved)}</p>
<div class="scroll" role="region" aria-labelledby="combinations-title" tabindex="0">
<table class="scores swept">
<thead><tr><th scope="col">${columns.settings}</th>${isHalved && markup`<th scope="col">${columns.epochs}</th>`}<th scope="col">${columns.validation}</th><th scope="col">${columns.test}</th><th scope="col">${columns.time}</th><th scope="col" class="links">${columns.seeds}</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
</section>
`;
}

function settingsSection({ influences, comparedAfter }: SweepPage, says: PageMessages): Markup {
  if (influences.length === 0) return markup``;
  return markup`<section id="settings" aria-labelledby="settings-title">
<h2 id="settings-title">${says.settings}</h2>
<p>${says.settingsNote(comparedAfter)}</p>
<div class="groups">
${influences.map(
  ({
    setting,
    share,
    groups,
  }) => markup`<div><h3>${setting}: ${share === undefined ? says.tooFew : percent(share, 0)}</h3><dl>
${groups.map(({ name, runs, mean }) => markup`<dt>${name}</dt><dd>${percent(mean)} <span class="quiet">${says.runs(runs)}</span></dd>`)}
</dl></div>
`,
)}</div>
</section>
`;
}

function runLink({ name, isFinished }: PageRun, text: string): Markup {
  if (!isFinished) return markup`${text}`;
  return markup`<a href="${encodeURIComponent(name)}/report.html">${text}</a>`;
}

function percentOf(accuracy: number | undefined): string {
  return accuracy === undefined ? "–" : percent(accuracy);
}

function spread(value: Spread | undefined): string {
  if (value?.std === undefined) return percentOf(value?.mean);
  return `${(100 * value.mean).toFixed(2)} ± ${percent(value.std)}`;
}
