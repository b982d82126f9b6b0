import { elementCount, inferShapes, type Model, type Normalization } from "../../src/model/index.js";
import { dequantise, quantise, quantisedSize } from "../pretrained/quantised.js";
import type { Network } from "../state/currentNetwork.js";
import { takeNumber } from "../state/runs.js";
import { addOpenedFile, networkOf } from "./opened.js";

/** What a link says of a network besides its parameters. */
interface Description {
  readonly model: Model;
  readonly normalization: Normalization;
  readonly classes: readonly string[];
}

/** A link describes no more than this. */
const MOST_TEXT = 20_000;
const MOST_PARAMETERS = 1_000_000;
/** A LeNet-5 of 512 × 512 pixels computes less. */
const MOST_MULTIPLY_ADDS = 3e8;

/**
 * A network as text for an address: its description and its parameters, the weights in steps of a byte, about 1.4
 * characters per parameter.
 */
export function networkText({ model, normalization, classes, parameters }: Network): string {
  const description: Description = { model, normalization, classes };
  const json = new TextEncoder().encode(JSON.stringify(description));
  const bytes = new Uint8Array([...json, 0, ...quantise(model, parameters)]);
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Opens a network from an address.
 *
 * @param name what it is called
 * @throws Error if the text is damaged
 */
export async function openNetworkText(text: string, name: string): Promise<void> {
  const weights = read(text);
  const origin = { number: takeNumber(), name };
  const network = await networkOf(origin, weights);
  addOpenedFile(origin, { ...network, classes: weights.classes });
}

function read(text: string) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const end = bytes.indexOf(0);
  if (end < 0 || end > MOST_TEXT) throw new Error("the link holds no network");
  const { model, normalization, classes } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Description;
  const layers = inferShapes(model);
  const count = layers.flatMap(({ parameters }) => parameters).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const cost = layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  if (count > MOST_PARAMETERS || cost > MOST_MULTIPLY_ADDS || bytes.length !== end + 1 + quantisedSize(model)) {
    throw new Error("the network in the link is damaged");
  }
  const parameters = dequantise(model, bytes.subarray(end + 1));
  return { model, normalization, classes: classes.map(String), parameters, metadata: undefined };
}
