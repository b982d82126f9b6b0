import { useMemo } from "preact/hooks";
import { changeUrl, url } from "../../address/url.js";
import { Choice } from "../../kit/controls.js";
import { PRETRAINED, pretrainedClasses } from "../../pretrained/pretrained.js";
import { sceneColors } from "../../scene/colors.js";
import { imageOf } from "../../scene/paint.js";
import { messages } from "./messages/index.js";
import { chooseSample, samples } from "./state/source.js";

/** The images that come with the page. */
export function Picks() {
  const m = messages();
  const { networkShow, networkSample } = url.value;
  const set = networkShow === "clothes" ? "clothes" : "digits";
  return (
    <section class="network-picks" aria-label={m.picks}>
      {PRETRAINED.map((name) => (
        <div key={name} class="network-set">
          <span aria-hidden="true">{name === "digits" ? m.digits : m.clothing}</span>
          {samples.value[name]?.map(({ pixels, label }, index) => {
            const isMisread = index >= pretrainedClasses(name).length;
            const own = name === "clothes" ? m.clothes[label] : m.pickDigit(pretrainedClasses(name)[label]);
            return (
              <Pick
                key={index}
                label={isMisread ? m.pickMisread(own) : own}
                pixels={pixels}
                isChosen={name === set && index === networkSample}
                isMisread={isMisread}
                onChoose={() => chooseSample(name, index)}
              />
            );
          })}
        </div>
      ))}
      <Choice
        label={m.shape}
        options={[
          { value: "flat", label: m.flat },
          { value: "space", label: m.space },
        ]}
        value={url.value.networkSpace ? "space" : "flat"}
        onChange={(shape) => changeUrl({ networkSpace: shape === "space" }, "replace")}
      />
    </section>
  );
}

interface PickProps {
  readonly label: string;
  readonly pixels: Uint8Array;
  readonly isChosen: boolean;
  readonly isMisread: boolean;
  readonly onChoose: () => void;
}

function Pick({ label, pixels, isChosen, isMisread, onChoose }: PickProps) {
  const colors = sceneColors.value;
  const address = useMemo(() => {
    const shares = Float32Array.from(pixels, (byte) => byte / 255);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.sqrt(pixels.length);
    canvas.getContext("2d")?.putImageData(imageOf(shares, canvas.width, canvas.height, false, colors), 0, 0);
    return canvas.toDataURL();
  }, [pixels, colors]);
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
