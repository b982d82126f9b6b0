import { LineChart, type LineSeriesOption } from "echarts/charts";
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
  MarkLineComponent,
  MarkPointComponent,
  TitleComponent,
  type TitleComponentOption,
} from "echarts/components";
import { type ComposeOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { escapeText } from "./markup.js";
import { FONT, INK, QUIET_INK } from "./palette.js";

use([LineChart, GridComponent, LegendComponent, MarkLineComponent, MarkPointComponent, TitleComponent, SVGRenderer]);

/** What a chart of lines consists of, as echarts takes it. */
export type ChartOption = ComposeOption<
  GridComponentOption | LegendComponentOption | LineSeriesOption | TitleComponentOption
>;

/** How the axes of all charts look. */
export const AXIS_STYLE = {
  nameLocation: "middle",
  nameTextStyle: { color: INK, fontSize: 14 },
  axisLine: { show: true, onZero: false, lineStyle: { color: QUIET_INK } },
} as const;
/** And what stands at them. */
export const AXIS_LABEL_STYLE = { color: QUIET_INK, fontSize: 13 };

/** The heading of a chart of a width, from a left edge on. */
export function chartHeading(text: string, subtext: string | undefined, left: number, chartWidth: number) {
  const width = 0.65 * chartWidth; // Measured without the font, whose bold letters are a quarter wider than the estimate.
  return {
    text,
    subtext,
    left: left - 5,
    top: 12,
    itemGap: 8,
    textStyle: { color: INK, fontSize: 20, fontWeight: "bold", overflow: "truncate", width },
    subtextStyle: { color: QUIET_INK, fontSize: 14, overflow: "truncate", width },
  } satisfies TitleComponentOption;
}

/**
 * Draws a chart on white. The same option gives the same text, in which no element has a style.
 *
 * @param size in pixels
 * @param description what a screen reader says of the picture
 */
export function renderChart(
  option: ChartOption,
  size: { readonly width: number; readonly height: number },
  description: string,
): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      textStyle: { fontFamily: FONT },
      ...option,
    });
    return withDescription(withoutInteraction(chart.renderToSVGString()), description);
  } finally {
    chart.dispose();
  }
}

function withDescription(svg: string, description: string): string {
  const title = `<title>${escapeText(description)}</title>`;
  return svg.replace(/^<svg ([^>]*)>/, (_, attributes) => `<svg role="img" ${attributes}>\n${title}`);
}

/**
 * Drops what only a page with the chart library's client needs, replaces the count of charts in the names of the clip
 * paths, and makes attributes of styles, which a page may forbid.
 */
function withoutInteraction(svg: string): string {
  return svg
    .replace(/<style >.*?<\/style>\s*/s, "")
    .replace(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, "")
    .replace(/(url\(#|id=")zr\d+-/g, "$1curves-")
    .replace(/ style="([^"]*)"/g, (_, style: string) =>
      style
        .split(";")
        .filter((property) => property !== "")
        .map((property) => ` ${property.replace(":", '="')}"`)
        .join(""),
    );
}
