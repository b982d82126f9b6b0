import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Dataset } from "../../src/data/dataset.js";
import { url } from "../address/url.js";
import { formatCount } from "../i18n/numbers.js";
import { Button } from "../kit/controls.js";
import { PRETRAINED, type PretrainedName, pretrainedClasses } from "../pretrained/pretrained.js";
import { sceneColors } from "../scene/colors.js";
import { inputImage } from "../scene/paint.js";
import { chooseImage, heldOutImages, samples } from "./image.js";
import { messages } from "./messages/index.js";
import { namesOf } from "./subject.js";

export interface PicksProps {
  /** The sets of images to choose from. Default: those with these classes. */
  readonly sets: readonly PretrainedName[];
  /** Called before an image of a set is shown. */
  readonly onChoose?: (set: PretrainedName) => void;
  /** Other controls, at the end of the row. */
  readonly children?: ComponentChildren;
}

/** Images to show to the network: those that come with the page, and others. */
export function Picks({ sets, onChoose, children }: PicksProps) {
  const m = messages();
  return (
    <section class="network-picks" aria-label={m.picks}>
      {sets.map((name) => (
        <SampleSet key={name} name={name} onChoose={onChoose} />
      ))}
      {children}
    </section>
  );
}

/** Which of the page's sets of images have a network's classes. */
export function setsFor(classes: readonly string[]): PretrainedName[] {
  return PRETRAINED.filter((name) => namesOf(pretrainedClasses(name)).join() === classes.join());
}

function SampleSet({ name, onChoose }: { readonly name: PretrainedName; readonly onChoose: PicksProps["onChoose"] }) {
  const m = messages();
  const set = samples.value[name];
  const classes = namesOf(pretrainedClasses(name));
  return (
    <div class="network-set">
      <span aria-hidden="true">{name === "digits" ? m.digits : m.clothing}</span>
      {set &&
        Array.from(set.labels, (label, index) => {
          const isMisread = index >= classes.length;
          const own = name === "clothes" ? classes[label] : m.pickDigit(classes[label]);
          const image = `${name}:${index}`;
          return (
            <Pick
              key={index}
              label={isMisread ? m.pickMisread(own) : own}
              set={set}
              index={index}
              isChosen={url.value.image === image}
              isMisread={isMisread}
              onChoose={() => {
                onChoose?.(name);
                chooseImage(image);
              }}
            />
          );
        })}
    </div>
  );
}

/** Steps through the images that are held out of the training. */
export function HeldOutStepper() {
  const m = messages();
  const held = heldOutImages.value;
  if (!held || held.indices.length === 0) return null;
  const { indices, dataset } = held;
  const [source, number] = url.value.image?.split(":") ?? [];
  const place = source === "heldOut" ? indices.indexOf(Number(number)) : -1;
  const show = (to: number) => chooseImage(`heldOut:${indices[(to + indices.length) % indices.length]}`);
  return (
    <div class="network-set">
      <span>{m.heldOut}</span>
      <Button icon="back" label={m.previousImage} onClick={() => show(Math.max(0, place) - 1)} />
      <Button icon="step" label={m.nextImage} onClick={() => show(place + 1)} />
      <Button onClick={() => show(Math.floor(Math.random() * indices.length))}>{m.anyImage}</Button>
      {place >= 0 && (
        <span>
          {m.heldOutPlace(
            formatCount(place + 1),
            formatCount(indices.length),
            namesOf(dataset.classes)[dataset.labels[indices[place]]],
          )}
        </span>
      )}
    </div>
  );
}

interface PickProps {
  readonly label: string;
  readonly set: Dataset;
  readonly index: number;
  readonly isChosen: boolean;
  readonly isMisread: boolean;
  readonly onChoose: () => void;
}

function Pick({ label, set, index, isChosen, isMisread, onChoose }: PickProps) {
  const colors = sceneColors.value;
  const address = useMemo(() => {
    const size = set.channels * set.height * set.width;
    const image = inputImage(set.images.subarray(index * size, (index + 1) * size), set, 0, colors);
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }, [set, index, colors]);
  return (
    <button
      type="button"
      class={`network-pick${isMisread ? " is-misread" : ""}`}
      aria-pressed={isChosen}
      aria-label={label}
      title={label}
      onClick={onChoose}
    >
      <img src={address} alt="" width={28} height={28} />
    </button>
  );
}
