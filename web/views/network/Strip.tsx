import { useRef } from "preact/hooks";
import { addressWith, changeUrl, url } from "../../address/url.js";
import { formatCount } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { useWidth } from "../../kit/hooks.js";
import { testAccuracy } from "../../pretrained/pretrained.js";
import { selectedRun } from "../../state/runs.js";
import { messages } from "./messages/index.js";
import { rewoundTo, shownPretrained, shownRun, snapshots } from "./state/network.js";
import { accuracyAt, accuracyNow, curve, imagesNow } from "./state/progress.js";
import { isReplaying, replay, rewind, stopReplay, teach, teachAnother } from "./state/teaching.js";

/** The images of a data set that its networks are tested on. */
const TEST_IMAGES = 10_000;

/**
 * The training of the network on display: to start one, to follow it, and to rewind it.
 *
 * @param unit CSS pixels in a unit of the design
 */
export function Strip({ unit }: { readonly unit: number }) {
  return (
    <section class="network-strip" aria-label={messages().teach}>
      <Act />
      <Figure />
      <Curve unit={unit} />
    </section>
  );
}

/** What to do, and the buttons for it. */
function Act() {
  const m = messages();
  const run = shownRun.value;
  if (!run) {
    return (
      <div class="network-act">
        <h2>{m.teach}</h2>
        <p>{m.teachMore(formatCount(url.value.count))}</p>
        <div class="network-buttons">
          <Button primary icon="play" onClick={() => teach()}>
            {m.start}
          </Button>
          <Replay />
          {selectedRun.value && <Button onClick={() => show("run")}>{m.yours}</Button>}
        </div>
      </div>
    );
  }
  const status = run.status.value;
  const { recipe, member } = run;
  const title = status === "running" ? m.learning : status === "resting" ? m.paused : m.learnt;
  return (
    <div class="network-act">
      <h2>{title}</h2>
      <p role={run.failure.value ? "alert" : undefined}>
        {run.failure.value
          ? m.trainingFailed(run.failure.value)
          : m.settings(recipe.name, recipe.batchSize, String(member.value.seed))}
      </p>
      <div class="network-buttons">
        {status !== "running" && <Replay />}
        {!run.canGo.value && <Button onClick={teachAnother}>{m.again}</Button>}
        <Button onClick={() => show("digits")}>{m.readyMade}</Button>
      </div>
      <p>
        <a href={addressWith({ view: "train" })}>{m.openTrain}</a>
      </p>
    </div>
  );
}

function show(networkShow: "run" | "digits"): void {
  stopReplay();
  rewoundTo.value = undefined;
  changeUrl({ networkShow, part: undefined });
}

function Replay() {
  const m = messages();
  return isReplaying.value ? (
    <Button icon="pause" onClick={stopReplay}>
      {m.stopReplay}
    </Button>
  ) : (
    <Button icon="reset" onClick={() => void replay()}>
      {m.replay}
    </Button>
  );
}

/** How well the network on display does. */
function Figure() {
  const m = messages();
  const run = shownRun.value;
  const name = shownPretrained.value;
  const isMoment = rewoundTo.value !== undefined;
  const best = run?.member.value.best;
  const [about, share, of] = isMoment
    ? [m.atMoment, accuracyNow.value, run ? m.ofSeen : m.ofValidation]
    : name
      ? [m.readsRight, testAccuracy(name), m.ofTest(formatCount(TEST_IMAGES))]
      : run && !run.canGo.value && best
        ? [m.readsRight, best.validationAccuracy, m.ofValidation]
        : [m.atMoment, accuracyNow.value, m.ofSeen];
  return (
    <div class="network-figure">
      <p>{about}</p>
      <p class="network-hero">{share === undefined ? "–" : (100 * share).toFixed(1)}%</p>
      <p>{of}</p>
    </div>
  );
}

/** The least number of images that the curve's logarithmic axis shows. */
const FIRST_IMAGES = 500;
const LABELLED = [1000, 10_000, 100_000, 1_000_000];
/** The curve's height and margins, in units of the design. */
const SIZE = { height: 118, left: 48, right: 136, bottom: 24, top: 8 };

/** The curve of the training: a slider over its moments. */
function Curve({ unit }: { readonly unit: number }) {
  const m = messages();
  const [box, width] = useWidth<HTMLDivElement>();
  const { height, left, right, bottom, top } = SIZE;
  const [tall, start, after, below, above] = [height, left, right, bottom, top].map((length) => length * unit);
  const isHeld = useRef(false);
  const { points, total } = curve.value;
  const moments = snapshots.value;
  const last = Math.max(FIRST_IMAGES * 4, total);
  const x = (images: number) => {
    const share = Math.log(Math.max(FIRST_IMAGES, images) / FIRST_IMAGES) / Math.log(last / FIRST_IMAGES);
    return start + share * Math.max(1, width - start - after);
  };
  const y = (share: number) => above + (1 - share) * (tall - above - below);
  const now = imagesNow.value ?? points.at(-1)?.images ?? 0;
  const accuracy = accuracyAt(points, now) ?? 0;
  const reached = points.filter(({ images }) => images <= now);
  const line = (own: typeof points) =>
    own
      .map(({ images, accuracy: share }, index) => `${index ? "L" : "M"}${x(images).toFixed(1)},${y(share).toFixed(1)}`)
      .join("");
  const isRewound = rewoundTo.value !== undefined;
  const place = rewoundTo.value ?? moments.length - 1;
  const nearest = (event: PointerEvent) => {
    const at = event.clientX - (event.currentTarget as HTMLElement).getBoundingClientRect().left;
    const distance = (index: number) => Math.abs(x(moments[index].images) - at);
    return [...moments.keys()].reduce((best, index) => (distance(index) < distance(best) ? index : best), 0);
  };
  const percent = `${(100 * accuracy).toFixed(1)}%`;
  const canRewind = moments.length > 1;
  return (
    <div
      class="network-curve"
      ref={box}
      role="slider"
      tabIndex={canRewind ? 0 : -1}
      aria-label={m.accuracyCurve}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, moments.length - 1)}
      aria-valuenow={Math.max(0, place)}
      aria-valuetext={m.moment(formatCount(Math.round(now)), percent)}
      aria-disabled={!canRewind}
      onPointerDown={(event) => {
        if (!canRewind) return;
        isHeld.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
        rewind(nearest(event));
      }}
      onPointerMove={(event) => isHeld.current && rewind(nearest(event))}
      onPointerUp={() => {
        isHeld.current = false;
      }}
      onPointerCancel={() => {
        isHeld.current = false;
      }}
      onKeyDown={(event) => {
        const to = keyTarget(event.key, place, moments.length - 1);
        if (to === undefined || !canRewind) return;
        event.preventDefault();
        rewind(to);
      }}
    >
      <svg width={width} height={tall} aria-hidden="true">
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line class="network-grid" x1={start} x2={width - after} y1={y(share)} y2={y(share)} />
            <text class="network-axis" x={start - 8} y={y(share) + 4} text-anchor="end">
              {100 * share}%
            </text>
          </g>
        ))}
        <text class="network-axis" x={start} y={tall - 4}>
          {m.imagesSeen}
        </text>
        {LABELLED.filter((images) => images < 0.7 * last && x(images) - start > 130).map((images) => (
          <text key={images} class="network-axis" x={x(images)} y={tall - 4} text-anchor="middle">
            {formatCount(images)}
          </text>
        ))}
        {reached.length > 1 && (
          <path class="network-area" d={`${line(reached)}L${x(now)},${y(accuracy)}V${y(0)}H${x(reached[0].images)}Z`} />
        )}
        <path class="network-line is-quiet" d={line(points)} />
        {reached.length > 0 && <path class="network-line" d={`${line(reached)}L${x(now)},${y(accuracy)}`} />}
        {moments.length <= 24 &&
          moments.map(({ images }, index) => (
            <circle key={index} class="network-moment" cx={x(images)} cy={y(accuracyAt(points, images) ?? 0)} r={3} />
          ))}
        {points.length > 0 && (
          <>
            <line class="network-now" x1={x(now)} x2={x(now)} y1={y(1)} y2={y(0)} />
            <circle class="network-handle" cx={x(now)} cy={y(accuracy)} r={7.5} />
            <text class="network-at" x={x(now) + 13} y={Math.max(20, y(accuracy)) + 5}>
              {isRewound || !canRewind ? percent : shownRun.value?.status.value === "running" ? m.now : m.rewind}
            </text>
          </>
        )}
      </svg>
    </div>
  );
}

/** The moment that a key leads to. */
function keyTarget(key: string, place: number, last: number): number | undefined {
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return Math.max(0, place - 1);
    case "ArrowRight":
    case "ArrowUp":
      return Math.min(last, place + 1);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return undefined;
  }
}
