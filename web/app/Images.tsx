import { useSignal } from "@preact/signals";
import { view } from "../address/url.js";
import { Button } from "../kit/controls.js";
import { Dialog } from "../kit/Dialog.js";
import { download } from "../kit/download.js";
import { pngFile, svgFile } from "../kit/imageFile.js";
import { messages } from "./messages/index.js";

/** The elements of a view that can be saved as images. */
const IMAGES = "main svg[role=img], main canvas";

/** Saves the drawings and canvases of the open view as files. */
export function Images() {
  const m = messages();
  const open = useSignal(false);
  const found = useSignal<readonly (SVGSVGElement | HTMLCanvasElement)[]>([]);
  const look = () => {
    const all = document.querySelectorAll<SVGSVGElement | HTMLCanvasElement>(IMAGES);
    found.value = [...all].filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 0);
    open.value = true;
  };
  return (
    <>
      <button type="button" class="link" onClick={look}>
        {m.saveImages}
      </button>
      <Dialog open={open} title={m.saveImages} close={m.close}>
        {found.value.length === 0 && <p class="quiet">{m.noImages}</p>}
        <ul class="image-list">
          {found.value.map((image, index) => (
            <ImageItem key={index} image={image} number={index + 1} />
          ))}
        </ul>
      </Dialog>
    </>
  );
}

interface ImageItemProps {
  readonly image: SVGSVGElement | HTMLCanvasElement;
  readonly number: number;
}

function ImageItem({ image, number }: ImageItemProps) {
  const m = messages();
  const label = image.getAttribute("aria-label") ?? m.image(number);
  const name = `lenet-${view.peek()}-${number}`;
  const savePng = async () => download(`${name}.png`, await pngFile(image));
  return (
    <li>
      <span>{label}</span>
      {image instanceof SVGSVGElement && (
        <Button label={m.saveAs(label, "SVG")} onClick={() => download(`${name}.svg`, svgFile(image))}>
          SVG
        </Button>
      )}
      <Button label={m.saveAs(label, "PNG")} onClick={() => void savePng()}>
        PNG
      </Button>
    </li>
  );
}
