import type { CurveInks } from "../curves.js";
import { DARK_SHADES, DISTINCT_COLORS, LINE_INK, SHADES, type Shade } from "../palette.js";

const shadeRules = (shades: readonly Shade[]) =>
  shades.map(({ fill, ink }, level) => `.shade-${level} { background: ${fill}; color: ${ink}; }`).join("\n");

/** The colours of the curves, defined by the style sheet for light and dark pages. */
export const CURVE_INKS: CurveInks = {
  ...{ text: "var(--ink)", quiet: "var(--quiet)", grid: "var(--grid)" },
  ...{ train: "var(--train)", validation: "var(--validation)" },
};

/** The page's style sheet. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f4f6f8; --ink: #1b1b1b; --quiet: #575757; --line: #d5d9dd; --accent: #005a9c;
  --grid: ${LINE_INK}; --train: ${DISTINCT_COLORS[0]}; --validation: ${DISTINCT_COLORS[1]};
}
${shadeRules(SHADES)}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16191d; --panel: #20252b; --ink: #e9ecef; --quiet: #aeb6bf; --line: #3d454e; --accent: #82c4f8;
    --grid: #333a42; --train: #56b4e9; --validation: #f08a3c;
  }
  ${shadeRules(DARK_SHADES)}
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem clamp(0.75rem, 3vw, 2.5rem) 4rem; max-width: 84rem;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
a { color: var(--accent); }
.quiet { color: var(--quiet); font-size: 0.9rem; }
.warning { border-left: 0.3rem solid #d55e00; padding: 0.25rem 0.75rem; background: var(--panel); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0.75rem 0; padding: 0; }
nav a { display: inline-block; padding: 0.2rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1rem 0; }
.figures div { background: var(--panel); padding: 0.6rem 1rem; border-radius: 0.4rem; flex: 1 1 10rem; }
.figures dt { color: var(--quiet); font-size: 0.85rem; }
.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures small { display: block; font-size: 0.85rem; font-weight: 400; color: var(--quiet); }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 0.5rem 1rem; }
.curves > svg { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; padding: 3px; }
.wide { width: 100%; min-width: 60rem; height: auto; display: block; }
.scores.swept th:first-child { max-width: 36rem; }
.scores .links { text-align: left; }
.scores td.links { white-space: normal; min-width: 8rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scores th, .scores td { padding: 0.25rem clamp(0.3rem, 1.5vw, 0.75rem); white-space: nowrap; text-align: right; border-bottom: 1px solid var(--line); }
.scores th:first-child { text-align: left; font-weight: 400; max-width: 16rem; white-space: normal; }
.scores { font-size: clamp(0.8rem, 3.3vw, 1rem); }
.scores thead th, .scores thead th:first-child, .scores tfoot th:first-child, .scores tfoot td { font-weight: 600; }
.matrix { --side: clamp(1.7rem, 7vw, 3.6rem); width: max-content; }
.matrix.several { --side: 2.4rem; }
.matrix.many { --side: 0.9rem; }
.matrix th { font-weight: 400; font-size: 0.85rem; padding: 0 0.4rem; }
.matrix th[scope="row"], .matrix thead td { position: sticky; left: 0; background: var(--ground); z-index: 1; }
.matrix th[scope="row"] span {
  display: block; max-width: clamp(5rem, 22vw, 12rem); margin-left: auto; text-align: right;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}
.matrix th[scope="col"] { width: var(--side); padding: 0.3rem 0; vertical-align: bottom; }
.matrix th[scope="col"] span {
  writing-mode: vertical-rl; transform: rotate(180deg); max-height: 8rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; margin: 0 auto; display: block; width: 1.3em; line-height: 1.3em;
}
.matrix tbody td { min-width: var(--side); width: var(--side); height: var(--side); padding: 0; border: 1px solid var(--line); }
.matrix button {
  display: block; width: 100%; height: var(--side); border: 0; padding: 0; font: inherit; cursor: pointer;
  font-size: clamp(0.62rem, 2.4vw, 0.95rem); line-height: 1.15; overflow: hidden;
}
.matrix.several button { font-size: 0.75rem; }
.matrix.many th, .matrix.many button { font-size: 0.7rem; line-height: 0.9rem; }
.matrix.many th[scope="col"] span { width: 0.9rem; line-height: 0.9rem; }
.matrix button:hover { outline: 2px solid var(--accent); outline-offset: -2px; }
.matrix button:focus-visible { outline-offset: -3px; position: relative; }
.matrix .right button { border: 2px solid var(--ink); font-weight: 700; }
.matrix small { display: block; font-size: 0.7rem; font-weight: 400; }
.matrix.several small { display: none; }
@media (max-width: 52rem) { .matrix small { display: none; } }
.scale { display: flex; flex-wrap: wrap; list-style: none; padding: 0; margin: 0.75rem 0 0; font-size: 0.75rem; }
.scale li { padding: 0.1rem 0.5rem; border: 1px solid var(--line); }
.sheet .close { float: right; font: inherit; padding: 0.4rem 0.9rem; cursor: pointer; margin-left: 1rem; }
@supports selector(:popover-open) {
  .sheet {
    position: fixed; inset: auto 0 0; width: 100%; max-width: none; max-height: 55vh; overflow: auto; margin: 0;
    border: 0; border-top: 3px solid var(--accent); padding: 1rem clamp(0.75rem, 3vw, 2.5rem);
    background: var(--panel); color: var(--ink); box-shadow: 0 -0.5rem 2rem #0006;
  }
}
.images { display: flex; flex-wrap: wrap; gap: 0.75rem; list-style: none; margin: 0.5rem 0; padding: 0; }
.images figure { margin: 0; width: min-content; min-width: 100%; }
.images img { height: 4rem; width: auto; image-rendering: pixelated; display: block; border: 1px solid var(--line); }
.images.large { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); }
.images.large figure { display: flex; gap: 0.75rem; }
.images.large img { height: 5.5rem; align-self: flex-start; }
.images figcaption { font-size: 0.8rem; line-height: 1.35; color: var(--quiet); font-variant-numeric: tabular-nums; }
.images.large figcaption { flex: 1; min-width: 0; }
.images ul { list-style: none; margin: 0; padding: 0; }
.images strong { color: var(--ink); }
.bar { width: 100%; height: 0.3rem; display: block; fill: var(--accent); background: var(--line); }
.filters { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0; }
.filters svg { display: block; height: 5.5rem; width: auto; }
.filters figure { margin: 0; }
.filters figcaption { font-size: 0.8rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.range { max-width: 24rem; width: 100%; height: auto; display: block; }
.groups { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1rem 2rem; }
.groups dl { display: grid; grid-template-columns: 9.5rem 1fr; gap: 0.2rem 1rem; margin: 0; }
.groups dt { color: var(--quiet); }
.groups dd { margin: 0; overflow-wrap: anywhere; }
@media print { .sheet, nav, .skip { display: none; } }
`;
