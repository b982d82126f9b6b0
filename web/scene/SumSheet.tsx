import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { UnitSum } from "./arithmetic.js";
import { sceneColors } from "./colors.js";
import { drawAddend, rangesOf } from "./joint.js";
import { messages } from "./messages.js";
import { formatSigned } from "./words.js";

/** The rows before the list is opened. */
const FEW = 1;

/** A unit's sum for narrow windows: its largest shares as grids, one below the other. */
export function SumSheet({ sum, width }: { readonly sum: UnitSum; readonly width: number }) {
  const m = messages();
  const [isWhole, setWhole] = useState(false);
  const bySize = [...sum.addends].sort((one, other) => Math.abs(other.sum) - Math.abs(one.sum));
  const shown = isWhole ? bySize : bySize.slice(0, FEW);
  const areUnits = sum.addends[0].seen.length === 1;
  return (
    <div class="scene-sum">
      <p class="scene-sum-heads" aria-hidden="true">
        <span>{areUnits ? m.joint.value : m.joint.seen}</span>
        <span>{m.joint.weights}</span>
        <span>{m.joint.products}</span>
      </p>
      {shown.map((addend) => (
        <Row key={addend.from} sum={sum} from={addend.from} width={width} />
      ))}
      {sum.addends.length > FEW && (
        <button type="button" class="scene-sum-more" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? m.joint.fewer : m.joint.all(sum.addends.length)}
        </button>
      )}
    </div>
  );
}

function Row({ sum, from, width }: { readonly sum: UnitSum; readonly from: number; readonly width: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = sceneColors.value;
  const addend = sum.addends[from];
  const lines = addend.seen.length / sum.width;
  const third = width / 3;
  const cell = Math.min(26, (third - 14) / Math.max(sum.width, lines));
  const height = lines * cell + 4;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!canvas.current || !context) return;
    const density = devicePixelRatio;
    canvas.current.width = Math.round(width * density);
    canvas.current.height = Math.round(height * density);
    context.setTransform(density, 0, 0, density, 0, 0);
    const columns = [third / 2, 1.5 * third, 2.5 * third];
    const place = { addend, width: sum.width, columns, y: height / 2, cell, hasNumbers: true };
    drawAddend(context, place, rangesOf(sum), colors);
  });
  return (
    <figure class="scene-sum-row">
      <canvas
        ref={canvas}
        style={{ width: `${width}px`, height: `${height}px` }}
        role="img"
        aria-label={messages().joint.adds(from + 1, formatSigned(addend.sum))}
      />
      <figcaption>{messages().joint.adds(from + 1, formatSigned(addend.sum))}</figcaption>
    </figure>
  );
}
