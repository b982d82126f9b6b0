import { layerMessages } from "../../i18n/layers/index.js";
import { ScrollRegion } from "../../kit/regions.js";
import type { LayerDerivation } from "./derivation/derive.js";
import { type Block, layOut, type Step, TALLEST } from "./drawingLayout.js";
import { extentsText, termText } from "./labels.js";
import { messages } from "./messages/index.js";

const MARGIN = 24;
const TOP = 34;
/** Space below the tallest block: its dimensions and the names of the steps. */
const BOTTOM = 62;
const HEIGHT = TOP + TALLEST + BOTTOM;
const MIDDLE = TOP + TALLEST / 2;

/** The model in the style of the paper's figure: stacks of maps, and columns for layers without maps. */
export function Drawing({ layers }: { readonly layers: readonly LayerDerivation[] }) {
  const m = messages();
  const { width, blocks, steps } = layOut(layers);
  const full = width + 2 * MARGIN;
  return (
    <ScrollRegion label={m.drawing}>
      <svg
        class="drawing"
        viewBox={`${-MARGIN} 0 ${full} ${HEIGHT}`}
        role="img"
        aria-label={describe(blocks)}
        data-name={m.drawing}
      >
        {blocks.map((block) => (
          <BlockDrawing key={block.term} block={block} />
        ))}
        {blocks.slice(1).map((block, index) => (
          <Link key={block.term} from={blocks[index]} to={block} step={steps[index]} />
        ))}
      </svg>
    </ScrollRegion>
  );
}

/** The drawing in words. */
function describe(blocks: readonly Block[]): string {
  return blocks.map(({ term, extents }) => `${termText(term)} ${extentsText(extents)}`).join(", ");
}

function BlockDrawing({ block }: { readonly block: Block }) {
  const { kind, term, extents, x, width, height, sheets, offset } = block;
  const middle = x + (width + (sheets - 1) * offset) / 2;
  return (
    <g class={`block ${kind}`}>
      {Array.from({ length: sheets }, (_, sheet) => (
        <rect key={sheet} x={x + sheet * offset} y={topOf(block) + sheet * offset} width={width} height={height} />
      ))}
      <text class="term" x={middle} y={TOP - 14} text-anchor="middle">
        {termText(term)}
      </text>
      <text class="extents" x={middle} y={TOP + TALLEST + 20} text-anchor="middle">
        {extentsText(extents)}
      </text>
    </g>
  );
}

/** The top edge of the rearmost sheet. */
function topOf({ height, sheets, offset }: Block): number {
  return MIDDLE - (height + (sheets - 1) * offset) / 2;
}

interface LinkProps {
  readonly from: Block;
  readonly to: Block;
  readonly step: Step;
}

/** The connection between two blocks: a window that becomes one point, or everything that each value depends on. */
function Link({ from, to, step }: LinkProps) {
  const name = layerMessages().kinds[step.type].name;
  const lines = step.kernel === undefined ? name.split(" ") : [name, `${step.kernel} × ${step.kernel}`];
  return (
    <g class="link">
      {step.kernel === undefined ? <Fan from={from} to={to} /> : <Window from={from} to={to} kernel={step.kernel} />}
      <text y={TOP + TALLEST + 42} text-anchor="middle">
        {lines.map((line, index) => (
          <tspan key={line} x={step.x} dy={14 * index}>
            {line}
          </tspan>
        ))}
      </text>
    </g>
  );
}

function Fan({ from, to }: Omit<LinkProps, "step">) {
  const behind = (from.sheets - 1) * from.offset;
  const left = from.x + from.width + behind + 3;
  const [upper, lower] = [topOf(from) + behind, topOf(from) + behind + from.height];
  return <path d={`M${left} ${upper}L${to.x - 3} ${topOf(to)}v${to.height}L${left} ${lower}Z`} />;
}

function Window({ from, to, kernel }: Omit<LinkProps, "step"> & { readonly kernel: number }) {
  const [, rows = 1, columns = 1] = from.extents;
  const behind = (from.sheets - 1) * from.offset;
  const [width, height] = [(from.width * kernel) / columns, (from.height * kernel) / rows];
  const left = from.x + behind + (from.width - width) * 0.7;
  const top = topOf(from) + behind + (from.height - height) * 0.3;
  const ahead = (to.sheets - 1) * to.offset;
  const [x, y] = [to.x + ahead + to.width * 0.35, topOf(to) + ahead + to.height * 0.45];
  return (
    <>
      <rect class="window" x={left} y={top} width={width} height={height} />
      <path class="rays" d={`M${left + width} ${top}L${x} ${y}L${left + width} ${top + height}`} />
      <circle cx={x} cy={y} r="2" />
    </>
  );
}
