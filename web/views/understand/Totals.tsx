import { summarize } from "../../../src/model/index.js";
import type { LayerDerivation } from "./derivation/derive.js";
import { evaluate, LETTERS, number, sum } from "./derivation/expression.js";
import { chosenModel } from "./explained.js";
import { Formula, LetterOf } from "./Formula.js";
import { messages } from "./messages/index.js";

const TOPICS = ["parameters", "multiplyAdds"] as const;

/** The totals over all layers, and the meaning of the letters. */
export function Totals({ layers }: { readonly layers: readonly LayerDerivation[] }) {
  const m = messages();
  const { parameterMegabytes } = summarize(chosenModel.value);
  return (
    <section class="totals">
      <h2>{m.inTotal}</h2>
      <dl>
        {TOPICS.map((topic) => (
          <div key={topic}>
            <dt>
              {m[topic]}
              <small>{topic === "parameters" ? m.kilobytes((1024 * parameterMegabytes).toFixed(0)) : m.forOne}</small>
            </dt>
            <dd>
              <Formula expression={sum(...valuesOf(layers, topic).map(number))} />
            </dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>{m.letters}</summary>
        <ul class="letters">
          {Object.entries(LETTERS).map(([key, name]) => (
            <li key={key}>
              <math>
                <LetterOf name={name} />
              </math>
              <span>{m.letterNames[key as keyof typeof LETTERS]}</span>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

/** The results of a topic's equations, layer by layer. */
function valuesOf(layers: readonly LayerDerivation[], topic: (typeof TOPICS)[number]): number[] {
  return layers.flatMap(({ equations }) =>
    equations.filter((equation) => equation.topic === topic).map(({ expression }) => evaluate(expression)),
  );
}
