import { elementCount, type Pool2dLayer } from "../../../model/index.js";
import { eachIndex, imageExtents, type LayerCode, type LayerKernels } from "./layerKernels.js";
import { coveringWindows } from "./window.js";

/** The mean of each window; the gradient goes back in equal shares. */
export const averagePool2d: LayerKernels<Pool2dLayer> = {
  replacesInput: () => true,

  forward(code) {
    const { layer, x, storeOutput } = code;
    const mean = `
      var sum = 0.0;
      ${eachCovered(code, `sum += ${x("covered")};`)}
      ${storeOutput("i", `sum * ${share(layer)}`)}`;
    return [eachWindow(code, mean)];
  },

  inputGradient(code) {
    const { layer, dy, storeInputGradient } = code;
    const store = storeInputGradient("i", `sum * ${share(layer)}`);
    return [eachInput(code, "var sum = 0.0;", `sum += ${dy("window")};`, store)];
  },
};

function share({ kernel }: Pool2dLayer): string {
  return `(1.0 / ${kernel * kernel}.0)`;
}

/** The largest value of each window; the gradient goes to it, to the first of equals. */
export const maxPool2d: LayerKernels<Pool2dLayer> = {
  // Windows that do not overlap have a thread each, which reads and replaces all of its window.
  replacesInput: ({ layer: { kernel, stride } }) => stride >= kernel,

  forward(code) {
    return [eachWindow(code, `${winner(code)}\n${code.storeOutput("i", "largest")}`)];
  },

  inputGradient(code) {
    const { layer, dy, storeInputGradient } = code;
    if (layer.stride < layer.kernel) {
      const ofWindow = `
        let top = u32(row) * ${layer.stride}u;
        let left = u32(column) * ${layer.stride}u;
        ${winner(code)}
        if (place == i) { sum += ${dy("window")}; }`;
      return [eachInput(code, "var sum = 0.0;", ofWindow, storeInputGradient("i", "sum"))];
    }
    const gradients = eachWindow(
      code,
      `
      ${winner(code)}
      let gradient = ${dy("i")};
      ${eachCovered(code, storeInputGradient("covered", "select(0.0, gradient, covered == place)"))}`,
    );
    return [`${gradients}\n${zerosBetweenWindows(code)}`];
  },
};

/** Declares the largest value of the window at (top, left) of a channel, and its place. */
function winner(code: LayerCode<Pool2dLayer>): string {
  const { x } = code;
  return `
      var place = ${placeOf(code)};
      var largest = ${x("place")};
      ${eachCovered(code, `let value = ${x("covered")}; if (value > largest) { largest = value; place = covered; }`)}`;
}

/** The gradients of what no window covers, where the windows leave gaps. */
function zerosBetweenWindows({ layer, input, output, storeInputGradient }: LayerCode<Pool2dLayer>): string {
  const { kernel, stride } = layer;
  const [, height, width] = imageExtents(input);
  const [, rows, columns] = imageExtents(output);
  if (kernel === stride && rows * stride === height && columns * stride === width) return "";
  const covered = (place: string, windows: number) =>
    `(${place} % ${stride}u < ${kernel}u && ${place} / ${stride}u < ${windows}u)`;
  return eachIndex(
    elementCount(input),
    "i",
    `
      let y = i / ${width}u % ${height}u;
      let x = i % ${width}u;
      if (!(${covered("y", rows)} && ${covered("x", columns)})) { ${storeInputGradient("i", "0.0")} }`,
  );
}

/** A thread for each window `i`, the upper left corner of which is at (top, left) of a channel. */
function eachWindow({ layer: { stride }, output }: LayerCode<Pool2dLayer>, body: string): string {
  const [, rows, columns] = imageExtents(output);
  return eachIndex(
    elementCount(output),
    "i",
    `
      let channel = i / ${rows * columns}u;
      let top = i / ${columns}u % ${rows}u * ${stride}u;
      let left = i % ${columns}u * ${stride}u;
      ${body}`,
  );
}

/** A thread for each input `i`, which passes through the windows that cover it. */
function eachInput(
  { layer, input, output }: LayerCode<Pool2dLayer>,
  before: string,
  ofWindow: string,
  after: string,
): string {
  const [, height, width] = imageExtents(input);
  const [, rows, columns] = imageExtents(output);
  const move = { ...layer, padding: 0 };
  return eachIndex(
    elementCount(input),
    "i",
    `
      let channel = i / ${height * width}u;
      let y = i32(i / ${width}u % ${height}u);
      let x = i32(i % ${width}u);
      ${coveringWindows("row", "y", rows, move)}
      ${coveringWindows("column", "x", columns, move)}
      ${before}
      for (var row = rowFirst; row < rowEnd; row++) {
        for (var column = columnFirst; column < columnEnd; column++) {
          let window = (channel * ${rows}u + u32(row)) * ${columns}u + u32(column);
          ${ofWindow}
        }
      }
      ${after}`,
  );
}

/** Passes through the inputs `covered` by the window at (top, left), row by row. */
function eachCovered(code: LayerCode<Pool2dLayer>, body: string): string {
  const { kernel } = code.layer;
  return `
      for (var down = 0u; down < ${kernel}u; down++) {
        for (var right = 0u; right < ${kernel}u; right++) {
          let covered = ${placeOf(code, "down", "right")};
          ${body}
        }
      }`;
}

function placeOf({ input }: LayerCode<Pool2dLayer>, down = "0u", right = "0u"): string {
  const [, height, width] = imageExtents(input);
  return `(channel * ${height}u + top + ${down}) * ${width}u + left + ${right}`;
}
