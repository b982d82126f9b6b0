import { useSignal } from "@preact/signals";
import type { ImageSettings } from "../../../../src/data/index.js";
import type { ImageShape } from "../../../../src/model/index.js";
import { Button, Choice, Select } from "../../../kit/controls.js";
import { DropZone, type PlacedFile } from "../../../kit/DropZone.js";
import { loadData } from "../../../state/loadedData.js";
import { labelledImages, ownImageSettings } from "../../../state/ownImages.js";
import type { LabelledImage } from "../../../worker/data/protocol.js";
import { messages } from "../messages/index.js";
import { Camera } from "./Camera.js";

const INPUTS = {
  grey28: { channels: 1, height: 28, width: 28 },
  colour32: { channels: 3, height: 32, width: 32 },
} as const satisfies Record<string, ImageShape>;

/** The user's own images: dropped, chosen, or taken with the camera. */
export function OwnImages() {
  const m = messages();
  const cameraOpen = useSignal(false);
  const settings = ownImageSettings.value;
  const change = (changes: Partial<ImageSettings>) => {
    ownImageSettings.value = { ...settings, ...changes };
  };
  const useImages = (images: readonly LabelledImage[]) => loadData({ type: "images", images, settings });
  const take = (placed: readonly PlacedFile[]) => {
    const images = labelledImages(placed);
    if (images.length > 0) useImages(images);
    else if (placed.length > 0) loadData({ type: "files", files: placed.map(({ file }) => file) });
  };
  return (
    <>
      <DropZone label={m.sources.own} onFiles={take}>
        {(choose) => (
          <>
            <p>{m.ownNote}</p>
            <div class="buttons">
              <Button onClick={() => choose("folder")}>{m.chooseFolder}</Button>
              <Button onClick={() => choose("files")}>{m.chooseFiles}</Button>
              <Button
                onClick={() => {
                  cameraOpen.value = true;
                }}
              >
                {m.webcam}
              </Button>
            </div>
          </>
        )}
      </DropZone>
      <Choice
        label={m.input}
        options={(["grey28", "colour32"] as const).map((value) => ({ value, label: m.inputs[value] }))}
        value={settings.shape.channels === 1 ? "grey28" : "colour32"}
        onChange={(input) => change({ shape: INPUTS[input] })}
      />
      <div class="pair">
        <Select
          label={m.resize}
          options={(["contain", "cover", "stretch"] as const).map((value) => ({ value, label: m.fits[value] }))}
          value={settings.resize}
          onChange={(resize) => change({ resize })}
        />
        <Select
          label={m.background}
          options={(["black", "white"] as const).map((value) => ({ value, label: m.backgrounds[value] }))}
          value={settings.background === 255 ? "white" : "black"}
          onChange={(background) => change({ background: background === "white" ? 255 : 0 })}
        />
      </div>
      <Camera open={cameraOpen} onImages={useImages} />
    </>
  );
}
