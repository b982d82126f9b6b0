import { useSignal } from "@preact/signals";
import { view } from "../address/url.js";
import { Button } from "../kit/controls.js";
import { Dialog } from "../kit/Dialog.js";
import { download } from "../kit/download.js";
import { pngFile, printPng, svgFile } from "../kit/imageFile.js";
import { messages } from "./messages/index.js";

/** The elements of a view that can be saved as images. */
const IMAGES = "main svg[role=img], main canvas:not(button canvas)";

/** Saves the drawings and canvases of the open view as files. */
export function Images() {
  const m = messages();
  const open = useSignal(false);
  const found = useSignal<readonly (SVGSVGElement | HTMLCanvasElement)[]>([]);
  const look = () => {
    const all = document.querySelectorAll<SVGSVGElement | HTMLCanvasElement>(IMAGES);
    found.value = [...all].filter(
      (one) =>
        one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
        one.getBoundingClientRect().width > 0,
    );
    open.value = true;
  };
  return (
    <>
      <button type="button" class="link" onClick={look}>
        {m.saveImages}
      </button>
      <Dialog open={open} title={m.saveImages} close={m.close}>
        <ul class="image-list">
          <WholeView />
          {found.value.map((image, index) => (
            <ImageItem key={index} image={image} number={index + 1} />
          ))}
        </ul>
      </Dialog>
    </>
  );
}

/** The whole view: as vectors, or at the resolution of print. */
function WholeView() {
  const m = messages();
  const name = `lenet-${view.peek()}`;
  const draw = async () => {
    // Loaded on demand: few visitors save a view.
    const { viewFile } = await import("../kit/viewFile.js");
    return viewFile(document.querySelector<HTMLElement>("main") ?? document.body);
  };
  const saveSvg = async () => download(`${name}.svg`, await draw());
  const savePng = async () => download(`${name}.png`, await printPng(await draw()));
  return (
    <li>
      <span>{m.wholeView}</span>
      <Button label={m.saveAs(m.wholeView, "SVG")} onClick={() => void saveSvg()}>
        SVG
      </Button>
      <Button label={m.saveAs(m.wholeView, "PNG")} onClick={() => void savePng()}>
        PNG
      </Button>
    </li>
  );
}

interface ImageItemProps {
  readonly image: SVGSVGElement | HTMLCanvasElement;
  readonly number: number;
}

function ImageItem({ image, number }: ImageItemProps) {
  const m = messages();
  const label = image.dataset.name ?? image.getAttribute("aria-label") ?? m.image(number);
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
