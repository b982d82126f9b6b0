/** Inherited properties that style sheets set on the page and a standalone file must contain itself. */
const INHERITED = [
  ...["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin"],
  ...["font-family", "font-size", "font-weight", "font-style", "text-anchor"],
];

/** Image pixels per page pixel. */
const SCALE = 2;
/** A page pixel is a 96th of an inch. */
const PRINT_SCALE = 300 / 96;
/** What browsers can draw. */
const MOST_SIDE = 16_384;
const MOST_PIXELS = 1.2e8;

/** A drawing of the page as SVG text: as it looks now, on the page's background. */
export function svgFile(drawing: SVGSVGElement): string {
  const copy = drawingCopy(drawing);
  const { width, height } = drawing.getBoundingClientRect();
  copy.prepend(groundOf(drawing.hasAttribute("viewBox") ? drawing.viewBox.baseVal : { x: 0, y: 0, width, height }));
  return new XMLSerializer().serializeToString(copy);
}

/** A copy of a drawing that looks the same without the page's style sheets. */
export function drawingCopy(drawing: SVGSVGElement): SVGSVGElement {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const originals = [drawing, ...drawing.querySelectorAll<SVGElement>("*")];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  for (const [index, original] of originals.entries()) giveLooks(original, copies[index], original === drawing);
  const { width, height } = drawing.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  return copy;
}

/** Copies an element's computed style to its clone, except what it inherits from its parent. */
function giveLooks(original: SVGElement, copy: SVGElement, isWhole: boolean): void {
  const own = getComputedStyle(original);
  const outer = original.parentElement && !isWhole ? getComputedStyle(original.parentElement) : undefined;
  for (const look of INHERITED) {
    const value = own.getPropertyValue(look);
    if (value === outer?.getPropertyValue(look)) copy.removeAttribute(look);
    else copy.setAttribute(look, plain(value));
  }
  if (own.opacity !== "1") copy.setAttribute("opacity", own.opacity);
  copy.removeAttribute("class");
  copy.removeAttribute("style");
}

/** A rectangle of the page's background colour, to lie behind a drawing. */
function groundOf({ x, y, width, height }: Pick<DOMRect, "x" | "y" | "width" | "height">): SVGRectElement {
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x, y, width, height, fill: groundColor() })) {
    ground.setAttribute(name, String(value));
  }
  return ground;
}

/** A drawing or canvas of the page as a PNG file, on the page's background. */
export async function pngFile(source: SVGSVGElement | HTMLCanvasElement): Promise<Blob> {
  const image = source instanceof HTMLCanvasElement ? source : await decoded(svgFile(source));
  return pngOf(image, source.getBoundingClientRect(), SCALE);
}

/** SVG text as a PNG file for print: 300 pixels per inch, fewer if browsers could not draw that many. */
export async function printPng(svg: string): Promise<Blob> {
  const image = await decoded(svg);
  const { width, height } = image;
  const most = Math.min(MOST_SIDE / Math.max(width, height), Math.sqrt(MOST_PIXELS / (width * height)));
  return pngOf(image, { width, height }, Math.min(PRINT_SCALE, most));
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function pngOf(image: HTMLImageElement | HTMLCanvasElement, { width, height }: Size, scale: number): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw images");
  context.fillStyle = groundColor();
  context.fillRect(0, 0, canvas.width, canvas.height);
  // Canvases are scaled up with sharp pixel edges.
  context.imageSmoothingEnabled = !(image instanceof HTMLCanvasElement);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the image could not be encoded"))));
  });
}

async function decoded(svg: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    await image.decode();
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return image;
}

export function groundColor(): string {
  return plain(getComputedStyle(document.documentElement).backgroundColor);
}

/** Converts colours that only browsers understand to rgba(); returns others unchanged. */
export function plain(value: string): string {
  if (!/^(color|oklab|oklch|lab|lch)\(/.test(value)) return value;
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  if (!context) return value;
  context.fillStyle = value;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${(alpha / 255).toFixed(3)})`;
}
