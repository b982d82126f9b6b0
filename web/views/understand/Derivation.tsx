import { layerMessages } from "../../i18n/layers/index.js";
import { type LayerDerivation, type Topic, windowOf } from "./derivation/derive.js";
import { Formula } from "./Formula.js";
import { messages } from "./messages/index.js";

const TOPICS: readonly Topic[] = ["size", "values", "field", "step", "parameters", "multiplyAdds"];

/** The derivation of a layer's numbers, step by step. */
export function Derivation({ layer: { layer, equations, input, output } }: { readonly layer: LayerDerivation }) {
  const m = messages();
  return (
    <div class="derivation">
      <p>{layerMessages().kinds[layer.type].about}</p>
      <dl>
        {TOPICS.map((topic) => {
          const those = equations.filter((equation) => equation.topic === topic);
          return (
            those.length > 0 && (
              <div key={topic}>
                <dt>
                  {m.topics[topic]}
                  <small>{m.why(topic, windowOf(layer) !== undefined)}</small>
                </dt>
                <dd>
                  {those.map(({ name, expression }) => (
                    <Formula key={name?.letter} name={name} expression={expression} />
                  ))}
                </dd>
              </div>
            )
          );
        })}
      </dl>
      {equations.length === 0 && <p class="quiet">{m.nothingLearned(input.join(" × "), output.join(" × "))}</p>}
    </div>
  );
}
