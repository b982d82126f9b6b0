import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { ImageSettings } from "../../../../src/data/index.js";
import type { ImageShape } from "../../../../src/model/index.js";
import { Button, Choice, Select } from "../../../kit/controls.js";
import { DropZone, type PlacedFile } from "../../../kit/DropZone.js";
import { loadData } from "../../../state/loadedData.js";
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
  const [input, setInput] = useState<keyof typeof INPUTS>("grey28");
  const [resize, setFit] = useState<ImageSettings["resize"]>("contain");
  const [background, setBackground] = useState<"black" | "white">("black");
  const cameraOpen = useSignal(false);

  const settings: ImageSettings = { shape: INPUTS[input], resize, background: background === "white" ? 255 : 0 };
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
        value={input}
        onChange={setInput}
      />
      <div class="pair">
        <Select
          label={m.resize}
          options={(["contain", "cover", "stretch"] as const).map((value) => ({ value, label: m.fits[value] }))}
          value={resize}
          onChange={setFit}
        />
        <Select
          label={m.background}
          options={(["black", "white"] as const).map((value) => ({ value, label: m.backgrounds[value] }))}
          value={background}
          onChange={setBackground}
        />
      </div>
      <Camera open={cameraOpen} onImages={useImages} />
    </>
  );
}

/** Formats that browsers decode; a folder may contain other files. */
const IMAGE = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;

/** The images among the files, sorted by path and labelled with the name of their folder. */
function labelledImages(files: readonly PlacedFile[]): LabelledImage[] {
  return files
    .filter(({ path }) => IMAGE.test(path) && path.includes("/"))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ file, path }) => ({ label: path.split("/").at(-2) ?? "", image: file }));
}
