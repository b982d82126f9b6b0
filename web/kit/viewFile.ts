import { drawingCopy, groundColor, plain } from "./imageFile.js";

/** Visible parts of a page as SVG markup, and the clips that it refers to. */
interface Picture {
  readonly parts: string[];
  /** What its coordinates are relative to. */
  readonly left: number;
  readonly top: number;
  /** Numbers the clips and gradients. */
  count: number;
}

/**
 * A part of the page as SVG text, as it looks now: boxes, text as text, drawings as vectors, canvases as images. It
 * knows what the lab's pages consist of, not all of CSS.
 */
export function viewFile(root: HTMLElement): string {
  // What sticks to the window's edges goes back to its place in the page.
  const [x, y] = [scrollX, scrollY];
  scrollTo({ left: 0, top: 0, behavior: "instant" });
  const { left, top, width, height } = root.getBoundingClientRect();
  const picture: Picture = { parts: [], left, top, count: 0 };
  addElement(picture, root);
  scrollTo({ left: x, top: y, behavior: "instant" });
  const ground = tag("rect", { width, height, fill: groundColor() });
  const frame = { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` };
  return tag("svg", frame, [ground, ...picture.parts].join("\n"));
}

function addElement(picture: Picture, element: Element): void {
  const style = getComputedStyle(element);
  const isShown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  // What is only for screen readers is clipped.
  if (!isShown || style.clipPath !== "none" || element instanceof HTMLDialogElement) return;
  const box = boxIn(picture, element.getBoundingClientRect());
  if (element instanceof SVGSVGElement) {
    const copy = drawingCopy(element);
    for (const [name, value] of Object.entries({ x: box.x, y: box.y })) copy.setAttribute(name, String(value));
    picture.parts.push(new XMLSerializer().serializeToString(copy));
    return;
  }
  if (element instanceof HTMLCanvasElement) {
    const image = {
      ...box,
      href: element.toDataURL(),
      preserveAspectRatio: "none",
      style: "image-rendering: pixelated",
    };
    if (box.width > 0) picture.parts.push(tag("image", image));
    return;
  }
  addBox(picture, box, style);
  if (addControl(picture, element, box, style)) return;
  if (element.localName === "mfrac") addFractionBar(picture, element);
  const clips = style.overflowX !== "visible";
  if (clips) {
    const id = `clip-${picture.count++}`;
    picture.parts.push(`${tag("clipPath", { id }, tag("rect", box))}<g clip-path="url(#${id})">`);
  }
  for (const child of element.childNodes) {
    if (child instanceof Element) addElement(picture, child);
    else if (child instanceof Text) addText(picture, child, style);
  }
  if (clips) picture.parts.push("</g>");
}

/** The background and the border. */
function addBox(picture: Picture, box: Box, style: CSSStyleDeclaration): void {
  const { x, y, width, height } = box;
  if (width === 0 || height === 0) return;
  const rx = Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, width / 2, height / 2);
  const fill = gradientIn(picture, style.backgroundImage) ?? plain(style.backgroundColor);
  if (fill !== TRANSPARENT) picture.parts.push(tag("rect", { ...box, rx, fill }));
  const dot = /^radial-gradient\(circle, (rgb[^)]*\)) 0px, \1 ([\d.]+)px/.exec(style.backgroundImage);
  if (dot)
    picture.parts.push(tag("circle", { cx: x + width / 2, cy: y + height / 2, r: Number(dot[2]), fill: dot[1] }));
  // A shadow without offset and blur is a frame.
  const frame = /^(rgb[^)]*\)) 0px 0px 0px ([\d.]+)px$/.exec(style.boxShadow);
  if (frame)
    picture.parts.push(tag("rect", { ...box, rx, fill: "none", stroke: frame[1], "stroke-width": Number(frame[2]) }));
  const sides = (["Top", "Right", "Bottom", "Left"] as const).map((side) => ({
    width: style[`border${side}Style`] === "none" ? 0 : Number.parseFloat(style[`border${side}Width`]),
    color: plain(style[`border${side}Color`]),
  }));
  if (sides.every((side) => side.width > 0 && side.width === sides[0].width)) {
    const line = sides[0].width;
    const inner = { x: x + line / 2, y: y + line / 2, width: width - line, height: height - line };
    picture.parts.push(tag("rect", { ...inner, rx, fill: "none", stroke: sides[0].color, "stroke-width": line }));
    return;
  }
  const lines = [
    `M${x},${y}h${width}`,
    `M${x + width},${y}v${height}`,
    `M${x},${y + height}h${width}`,
    `M${x},${y}v${height}`,
  ];
  sides.forEach(({ width: line, color }, side) => {
    if (line > 0 && color !== TRANSPARENT) {
      picture.parts.push(tag("path", { d: lines[side], stroke: color, "stroke-width": line }));
    }
  });
}

const TRANSPARENT = "rgba(0, 0, 0, 0)";

/** A gradient from left to right as a paint; undefined if the image is none. */
function gradientIn(picture: Picture, image: string): string | undefined {
  if (!image.startsWith("linear-gradient(to right")) return undefined;
  const colors = image.match(/rgba?\([^)]*\)/g) ?? [];
  const id = `gradient-${picture.count++}`;
  const stops = colors.map((color, index) => tag("stop", { offset: index / (colors.length - 1), "stop-color": color }));
  picture.parts.push(tag("linearGradient", { id }, stops.join("")));
  return `url(#${id})`;
}

/** What the browser draws within a control. Returns whether the element is one. */
function addControl(picture: Picture, element: Element, box: Box, style: CSSStyleDeclaration): boolean {
  const { x, y, width, height } = box;
  const middle = y + height / 2;
  const accent = plain(getComputedStyle(document.documentElement).accentColor);
  const line = (from: number, to: number, stroke: string) =>
    picture.parts.push(tag("path", { d: `M${from},${middle}H${to}`, stroke, "stroke-width": 3 }));
  const write = (text: string) =>
    picture.parts.push(
      textTag(text, x + Number.parseFloat(style.paddingLeft) + 1, middle + 0.35 * fontSize(style), style),
    );
  if (element instanceof HTMLProgressElement) {
    if (element.position > 0) line(x, x + width * element.position, accent);
    return true;
  }
  if (element instanceof HTMLSelectElement) {
    write(element.selectedOptions[0]?.text ?? "");
    return true;
  }
  if (!(element instanceof HTMLInputElement)) return false;
  if (element.type === "range") {
    const share = (element.valueAsNumber - Number(element.min)) / (Number(element.max) - Number(element.min) || 1);
    const at = x + 8 + share * (width - 16);
    line(x, x + width, plain(style.color));
    line(x, at, accent);
    picture.parts.push(tag("circle", { cx: at, cy: middle, r: 8, fill: accent }));
  } else if (element.type === "checkbox" || element.type === "radio") {
    const fill = element.checked ? accent : "none";
    picture.parts.push(tag("rect", { ...box, rx: 3, fill, stroke: plain(style.color) }));
  } else if (element.type !== "file") {
    write(element.value || element.placeholder);
  }
  return true;
}

/** The bar between numerator and denominator. */
function addFractionBar(picture: Picture, element: Element): void {
  const [upper, lower] = [...element.children].map((part) => boxIn(picture, part.getBoundingClientRect()));
  const { x, width } = boxIn(picture, element.getBoundingClientRect());
  const y = (upper.y + upper.height + lower.y) / 2;
  picture.parts.push(tag("path", { d: `M${x},${y}h${width}`, stroke: plain(getComputedStyle(element).color) }));
}

/** A text, line by line as the page breaks it. */
function addText(picture: Picture, node: Text, style: CSSStyleDeclaration): void {
  if (node.data.trim() === "") return;
  const range = document.createRange();
  const lines: { text: string; box: Box }[] = [];
  for (let place = 0; place < node.length; place++) {
    range.setStart(node, place);
    range.setEnd(node, place + 1);
    const [rect] = range.getClientRects();
    // Collapsed spaces have no width.
    if (!rect || (rect.width === 0 && rect.height === 0)) continue;
    const box = boxIn(picture, rect);
    const line = lines.at(-1);
    const isVertical = style.writingMode.startsWith("vertical");
    const continues = line && (isVertical ? Math.abs(line.box.x - box.x) < 2 : Math.abs(line.box.y - box.y) < 2);
    if (continues) line.text += node.data[place];
    else lines.push({ text: node.data[place], box });
  }
  for (const { text, box } of lines) {
    if (text.trim() === "") continue;
    if (style.writingMode.startsWith("vertical")) {
      // The page turns vertical text so that it reads upwards.
      const [x, y] = [box.x + 0.75 * box.width, box.y + box.height];
      picture.parts.push(textTag(text, 0, 0, style, `translate(${x} ${y}) rotate(-90)`));
    } else {
      picture.parts.push(textTag(text, box.x, box.y + box.height * ascentShare(style), style));
    }
  }
}

function textTag(text: string, x: number, y: number, style: CSSStyleDeclaration, transform?: string): string {
  const looks = {
    "font-family": style.fontFamily,
    "font-size": style.fontSize,
    "font-weight": style.fontWeight,
    "font-style": style.fontStyle,
    "letter-spacing": style.letterSpacing,
    fill: plain(style.color),
    "xml:space": "preserve",
  };
  return tag("text", { x, y, ...looks, ...(transform && { transform }) }, escaped(text.replace(/\s/g, " ")));
}

const measure = document.createElement("canvas").getContext("2d");

/** The share of a line of text that is above the baseline. */
function ascentShare({ font, fontStyle, fontWeight, fontSize, fontFamily }: CSSStyleDeclaration): number {
  if (!measure) return 0.8;
  measure.font = font || `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = measure.measureText("x");
  return above / (above + below);
}

const fontSize = (style: CSSStyleDeclaration): number => Number.parseFloat(style.fontSize);

type Box = Record<"x" | "y" | "width" | "height", number>;

function boxIn({ left, top }: Picture, rect: DOMRect): Box {
  return { x: rect.left - left, y: rect.top - top, width: rect.width, height: rect.height };
}

function tag(name: string, attributes: Readonly<Record<string, string | number>>, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    const text = typeof value === "number" ? String(Math.round(100 * value) / 100) : escaped(value);
    return ` ${key}="${text}"`;
  });
  return `<${name}${list.join("")}>${content}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
