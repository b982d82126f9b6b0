import { useSignal } from "@preact/signals";
import { view } from "../address/url.js";
import { Button } from "../kit/Button.js";
import { Dialog } from "../kit/Dialog.js";
import { download } from "../kit/download.js";
import { pngFile, svgFile } from "../kit/pictureFile.js";
import { messages } from "./messages/index.js";

/** What of a view is a picture. */
const PICTURES = "main svg[role=img], main canvas";

/** Saves the drawings and canvases of the open view as files. */
export function Pictures() {
  const m = messages();
  const open = useSignal(false);
  const found = useSignal<readonly (SVGSVGElement | HTMLCanvasElement)[]>([]);
  const look = () => {
    const all = document.querySelectorAll<SVGSVGElement | HTMLCanvasElement>(PICTURES);
    found.value = [...all].filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 0);
    open.value = true;
  };
  return (
    <>
      <button type="button" class="link" onClick={look}>
        {m.savePictures}
      </button>
      <Dialog open={open} title={m.savePictures} close={m.close}>
        {found.value.length === 0 && <p class="quiet">{m.noPictures}</p>}
        <ul class="picture-list">
          {found.value.map((picture, index) => (
            <PictureItem key={index} picture={picture} number={index + 1} />
          ))}
        </ul>
      </Dialog>
    </>
  );
}

interface PictureItemProps {
  readonly picture: SVGSVGElement | HTMLCanvasElement;
  readonly number: number;
}

function PictureItem({ picture, number }: PictureItemProps) {
  const m = messages();
  const label = picture.getAttribute("aria-label") ?? m.picture(number);
  const name = `lenet-${view.peek()}-${number}`;
  const savePng = async () => download(`${name}.png`, await pngFile(picture));
  return (
    <li>
      <span>{label}</span>
      {picture instanceof SVGSVGElement && (
        <Button label={m.saveAs(label, "SVG")} onClick={() => download(`${name}.svg`, svgFile(picture))}>
          SVG
        </Button>
      )}
      <Button label={m.saveAs(label, "PNG")} onClick={() => void savePng()}>
        PNG
      </Button>
    </li>
  );
}
