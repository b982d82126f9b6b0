import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { PictureShape } from "../../../../src/data/dataset.js";
import type { PictureSettings } from "../../../../src/data/index.js";
import { Button } from "../../../kit/Button.js";
import { Choice } from "../../../kit/Choice.js";
import { DropZone, type PlacedFile } from "../../../kit/DropZone.js";
import { Select } from "../../../kit/Select.js";
import { loadData } from "../../../state/loadedData.js";
import type { LabelledPicture } from "../../../worker/data/protocol.js";
import { messages } from "../messages/index.js";
import { Camera } from "./Camera.js";

const INPUTS = {
  grey28: { channels: 1, height: 28, width: 28 },
  colour32: { channels: 3, height: 32, width: 32 },
} as const satisfies Record<string, PictureShape>;

/** Pictures of somebody's own: dropped, chosen, or taken with the camera. */
export function OwnPictures() {
  const m = messages();
  const [input, setInput] = useState<keyof typeof INPUTS>("grey28");
  const [fit, setFit] = useState<PictureSettings["fit"]>("contain");
  const [background, setBackground] = useState<"black" | "white">("black");
  const cameraOpen = useSignal(false);

  const settings: PictureSettings = { shape: INPUTS[input], fit, background: background === "white" ? 255 : 0 };
  const usePictures = (pictures: readonly LabelledPicture[]) => loadData({ type: "pictures", pictures, settings });
  const take = (placed: readonly PlacedFile[]) => {
    const pictures = labelledPictures(placed);
    if (pictures.length > 0) usePictures(pictures);
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
          label={m.fit}
          options={(["contain", "cover", "stretch"] as const).map((value) => ({ value, label: m.fits[value] }))}
          value={fit}
          onChange={setFit}
        />
        <Select
          label={m.background}
          options={(["black", "white"] as const).map((value) => ({ value, label: m.backgrounds[value] }))}
          value={background}
          onChange={setBackground}
        />
      </div>
      <Camera open={cameraOpen} onPictures={usePictures} />
    </>
  );
}

/** What browsers decode; a folder may hold other things. */
const PICTURE = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;

/** The pictures among files, each with the name of the folder that it lies in, in the order of their paths. */
function labelledPictures(files: readonly PlacedFile[]): LabelledPicture[] {
  return files
    .filter(({ path }) => PICTURE.test(path) && path.includes("/"))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ file, path }) => ({ label: path.split("/").at(-2) ?? "", picture: file }));
}
