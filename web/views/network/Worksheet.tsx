import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { changeUrl, url } from "../../address/url.js";
import { formatCount, formatValue } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import type { Stage } from "../../scene/arithmetic.js";
import { sceneColors } from "../../scene/colors.js";
import { formatShort } from "../../scene/joint.js";
import { hasMaps, layoutAcross } from "../../scene/layout.js";
import { imageOf } from "../../scene/paint.js";
import { Scene } from "../../scene/Scene.js";
import { formatSigned, formatSure } from "../../scene/words.js";
import { messages } from "./messages/index.js";
import { subject } from "./state/subject.js";

/** The size of the drawing of the network, in units of the design; the style sheet fits it to the paper. */
const DRAWING = { width: 1440, height: 560, unit: 1, answer: 20 };

/** A page for paper: the network with the image on display, and numbers to fill in; or with these numbers. */
export function Worksheet() {
  const m = messages().sheet;
  const isSolved = url.value.networkSheet === "solutions";
  const found = example();
  return (
    <article class="sheet">
      <div class="sheet-tools network-buttons">
        <Button primary onClick={() => print()}>
          {m.print}
        </Button>
        <Button onClick={() => changeUrl({ networkSheet: isSolved ? "tasks" : "solutions" }, "replace")}>
          {isSolved ? m.hide : m.show}
        </Button>
        <Button onClick={() => changeUrl({ networkSheet: undefined })}>{m.back}</Button>
      </div>
      <header>
        <h1>{m.title}</h1>
        <p class="sheet-names">
          <span>{m.name}</span>
          <span>{m.date}</span>
        </p>
      </header>
      {found ? <Tasks found={found} isSolved={isSolved} /> : <p>{m.blank}</p>}
    </article>
  );
}

/** A unit of the first convolution, and the block of its map that is pooled with it. */
interface Example {
  readonly first: number;
  readonly pool: number;
  readonly map: number;
  readonly place: number;
}

/** The strongest unit of the first convolution whose window is inside of the image. */
function example(): Example | undefined {
  const { values } = subject;
  if (!values.value || subject.isBlank.value) return undefined;
  const { stages, layers } = subject.structure.value;
  const first = stages.findIndex((stage) => stage.kind === "convolution" && hasMaps(stage));
  const pool = stages.findIndex((stage, index) => index > first && stage.kind === "subsampling");
  const stage = stages[first];
  const { layer } = layers[stage.main];
  if (layer.type !== "conv2d" || pool === -1) return undefined;
  const { height, width } = subject.inputShape.value;
  const own = values.value[stage.last + 1];
  const size = stage.height * stage.width;
  const isInside = (place: number) => {
    const [top, left] = [Math.floor(place / stage.width), place % stage.width].map(
      (step) => step * layer.stride - layer.padding,
    );
    return top >= 0 && left >= 0 && top + layer.kernel <= height && left + layer.kernel <= width;
  };
  let best = -1;
  for (let index = 0; index < own.length; index++) {
    if (isInside(index % size) && (best === -1 || own[index] > own[best])) best = index;
  }
  return { first, pool, map: Math.floor(best / size), place: best % size };
}

function Tasks({ found, isSolved }: { readonly found: Example; readonly isSolved: boolean }) {
  const m = messages().sheet;
  const { stages, layers } = subject.structure.value;
  const values = subject.values.value ?? [];
  const { first, pool, map, place } = found;
  const [stage, pooled] = [stages[first], stages[pool]];
  const { layer } = layers[stage.main];
  const size = stage.height * stage.width;
  const sum = subject.network.value?.sumOf(values, { stage: first, index: map * size + place });
  if (!sum || layer.type !== "conv2d") return null;
  const [addend] = sum.addends;
  const half = Math.floor(addend.products.length / 2 / sum.width) * sum.width;
  const own = values[stage.last + 1];
  // Two blocks by two, of which one has the unit.
  const side = Math.floor(stage.height / pooled.height);
  const corner = (at: number, extent: number) => Math.min(extent - 2 * side, Math.floor(at / (2 * side)) * 2 * side);
  const [row, column] = [
    corner(Math.floor(place / stage.width), stage.height),
    corner(place % stage.width, stage.width),
  ];
  const piece = Array.from({ length: 4 * side * side }, (_, cell) => {
    const [y, x] = [row + Math.floor(cell / (2 * side)), column + (cell % (2 * side))];
    return own[map * size + y * stage.width + x];
  });
  const kept = [0, 1, 2, 3].map((block) => {
    const [y, x] = [row / side + Math.floor(block / 2), column / side + (block % 2)];
    return values[pooled.last + 1][(map * pooled.height + y) * pooled.width + x];
  });
  const logits = values[stages[stages.length - 1].last + 1];
  const ranked = [...logits.keys()].sort((one, other) => logits[other] - logits[one]);
  const blank = (text: string) => <Blank text={text} isSolved={isSolved} />;
  return (
    <>
      <section>
        <h2>1 · {m.network}</h2>
        <Drawing />
        <p>{m.sizes}</p>
        <ul class="sheet-sizes">
          {stages.map((one, index) => (
            <li key={one.term}>
              <strong>{index === 0 ? m.input : one.term}</strong> {index === 0 ? sizeOf(one) : blank(sizeOf(one))}
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2>2 · {m.kernel(map + 1, stage.term)}</h2>
        <p>{m.multiply}</p>
        <div class="sheet-sum">
          <Numbers caption={m.sees} width={sum.width} cells={Array.from(addend.seen, formatShort)} />
          <b>×</b>
          <Numbers caption={m.weights} width={sum.width} cells={Array.from(addend.weights, formatShort)} />
          <b>=</b>
          <Numbers
            caption={m.products}
            width={sum.width}
            cells={Array.from(addend.products, (product, tap) => (tap < half || isSolved ? formatShort(product) : ""))}
          />
        </div>
        <p>
          {m.total} {blank(formatSigned(addend.sum))} + {m.bias} {formatSigned(sum.value - addend.sum)} ={" "}
          {blank(formatValue(sum.value))}
        </p>
      </section>
      <section class="sheet-pair">
        <div>
          <h2>3 · {m.pooling(pooled.term)}</h2>
          <p>{m.poolEach(side)}</p>
          <div class="sheet-sum">
            <Numbers caption={`${stage.term}, ${map + 1}`} width={2 * side} cells={piece.map(formatShort)} />
            <b>→</b>
            <Numbers
              caption={`${pooled.term}, ${map + 1}`}
              width={2}
              cells={kept.map((value) => (isSolved ? formatShort(value) : ""))}
            />
          </div>
        </div>
        <div>
          <h2>4 · {m.answer}</h2>
          <table class="sheet-scores">
            <tbody>
              {Array.from(logits, (logit, index) => (
                <tr key={index}>
                  <th scope="row">{subject.className(index)}</th>
                  <td>{formatSigned(logit)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p>
            {m.wins} {blank(`${subject.className(ranked[0])} (${formatSure(subject.probabilities.value[ranked[0]])})`)}{" "}
            {m.second} {blank(subject.className(ranked[1]))}
          </p>
        </div>
      </section>
    </>
  );
}

function sizeOf({ count, height, width }: Stage): string {
  return formatCount(count * height * width);
}

/** The network as a drawing, with the image at its beginning. */
function Drawing() {
  const shown = useComputed(() => {
    const { height, width } = subject.inputShape.value;
    const shares = Float32Array.from(
      subject.inputPixels.value.subarray(0, height * width),
      (byte) => Math.abs(byte - subject.background.value) / 255,
    );
    return {
      ...subject.picture.value,
      chosen: undefined,
      input: imageOf(shares, width, height, false, sceneColors.value),
    };
  });
  const light = useSignal(0);
  const structure = subject.structure.value;
  const hasWords = !subject.areDigits.value;
  const layout = useMemo(() => layoutAcross(structure, { ...DRAWING, hasWords }), [structure, hasWords]);
  return (
    <div
      class="sheet-drawing"
      role="img"
      aria-label={messages().sheet.drawing(subject.className(subject.winner.value))}
      inert
    >
      <Scene
        picture={shown}
        layout={layout}
        isEased={() => false}
        light={light}
        onChoose={() => {}}
        onFocusRow={() => {}}
      />
    </div>
  );
}

/** Numbers in cells; empty ones are to be filled in. */
function Numbers(props: { readonly caption: string; readonly width: number; readonly cells: readonly string[] }) {
  const { caption, width, cells } = props;
  return (
    <table class="sheet-grid">
      <caption>{caption}</caption>
      <tbody>
        {Array.from({ length: cells.length / width }, (_, row) => (
          <tr key={row}>
            {cells.slice(row * width, (row + 1) * width).map((cell, column) => (
              <td key={column}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A line to write on, or what belongs there. */
function Blank({ text, isSolved }: { readonly text: string; readonly isSolved: boolean }): ComponentChildren {
  return isSolved ? <strong class="sheet-solution">{text}</strong> : <span class="sheet-blank" />;
}
