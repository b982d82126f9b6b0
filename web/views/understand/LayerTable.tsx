import { countParameters } from "../../../src/model/index.js";
import { changeUrl, url } from "../../address/url.js";
import { layerMessages } from "../../i18n/layers/index.js";
import { formatCount } from "../../i18n/numbers.js";
import { Derivation } from "./Derivation.js";
import type { LayerDerivation } from "./derivation/derive.js";
import { extentsText, termText } from "./labels.js";
import { messages } from "./messages/index.js";

/** All layers in a table; each expands to show how its numbers are derived. */
export function LayerTable({ layers }: { readonly layers: readonly LayerDerivation[] }) {
  const m = messages();
  const most = {
    parameters: Math.max(...layers.map(parametersOf)),
    multiplyAdds: Math.max(...layers.map(({ multiplyAdds }) => multiplyAdds)),
  };
  return (
    <section class="layers">
      <h2>{m.layers}</h2>
      <p class="quiet">{m.layersNote}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{m.layer}</th>
            <th scope="col">{m.outputSize}</th>
            <th scope="col" class="wide">
              {m.field}
            </th>
            <th scope="col" class="number">
              {m.parameters}
            </th>
            <th scope="col" class="number wide">
              {m.multiplyAdds}
            </th>
          </tr>
        </thead>
        <tbody>
          {layers.map((layer, index) => (
            <LayerRow key={layer.label} layer={layer} number={index + 1} most={most} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The id of a layer's row. */
export function rowId(number: number): string {
  return `row-${number}`;
}

interface LayerRowProps {
  readonly layer: LayerDerivation;
  /** Counted from 1. */
  readonly number: number;
  /** The maximum over all layers, to which the bars are scaled. */
  readonly most: { readonly parameters: number; readonly multiplyAdds: number };
}

function LayerRow({ layer, number, most }: LayerRowProps) {
  const m = messages();
  const isOpen = url.value.understandLayer === number;
  const id = `layer-${number}`;
  const parameters = parametersOf(layer);
  return (
    <>
      <tr id={rowId(number)} class={layer.term === undefined ? "passing" : undefined}>
        <th scope="row">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={id}
            onClick={() => changeUrl({ understandLayer: isOpen ? 0 : number })}
          >
            <span class="term">{layer.term && termText(layer.term)}</span>
            <span>{layerMessages().kinds[layer.layer.type].title}</span>
          </button>
        </th>
        <td>{extentsText(layer.output)}</td>
        <td class="wide">{layer.field ? m.square(layer.field.extent) : m.wholeImage}</td>
        <NumberCell value={parameters} most={most.parameters} />
        <NumberCell value={layer.multiplyAdds} most={most.multiplyAdds} wide />
      </tr>
      <tr id={id} class="opened" hidden={!isOpen}>
        <td colSpan={5}>{isOpen && <Derivation layer={layer} />}</td>
      </tr>
    </>
  );
}

interface NumberCellProps {
  readonly value: number;
  readonly most: number;
  readonly wide?: boolean;
}

/** A number with a bar of its fraction of the maximum. */
function NumberCell({ value, most, wide }: NumberCellProps) {
  return (
    <td class={wide ? "number wide" : "number"}>
      {value === 0 ? "–" : formatCount(value)}
      <span class="bar" style={{ width: `${((100 * value) / most).toFixed(1)}%` }} />
    </td>
  );
}

/** A layer's parameter count, weights and biases. */
function parametersOf({ parameters }: LayerDerivation): number {
  return countParameters(parameters);
}
