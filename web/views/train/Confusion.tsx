import { useComputed, useSignal } from "@preact/signals";
import { splitTraining } from "../../../src/data/index.js";
import { type Cell, Matrix } from "../../kit/Matrix.js";
import { CellImages } from "../../mistakes/CellImages.js";
import { messages as cellMessages } from "../../mistakes/messages/index.js";
import { networkOfSelectedRun, openedNetwork } from "../../state/currentNetwork.js";
import { selectedRun } from "../../state/runs.js";
import { messages } from "./messages/index.js";
import { nameOf } from "./nameOf.js";

/** The selected run's confusion matrix, updated during every validation; its cells show their images. */
export function Confusion() {
  const m = messages();
  const cell = useSignal<Cell | undefined>(undefined);
  const images = useComputed(() => {
    const run = selectedRun.value;
    if (!run) return undefined;
    const { parts } = run.settings.data;
    const { validationFraction, fold } = run.recipe;
    const { validation } = splitTraining(parts, validationFraction, run.member.value.seed, fold);
    return { dataset: parts.train, indices: validation.toSorted() };
  });
  const run = selectedRun.value;
  const counts = run?.member.value.confusion.value;
  const classes = run?.settings.data.parts.train.classes ?? [];
  const network = run?.status.value === "running" ? undefined : networkOfSelectedRun();
  return (
    <section class="confusion">
      <h2>{m.confusion}</h2>
      {run && counts ? (
        <Matrix
          caption={m.confusionOf(nameOf(run))}
          classes={classes}
          counts={classes.map((_, row) => counts.subarray(row * classes.length, (row + 1) * classes.length))}
          trueLabel={m.trueClass}
          predictedLabel={m.predictedClass}
          cells={
            network && {
              label: cellMessages().cell,
              shown: cell.value,
              onShow: (chosen) => {
                cell.value = chosen;
                // Look inside then shows this run.
                openedNetwork.value = undefined;
              },
            }
          }
        />
      ) : (
        <p class="quiet">{m.confusionEmpty}</p>
      )}
      {network && counts && !cell.value && <p class="quiet">{m.cellHint}</p>}
      {network && counts && cell.value && images.value && (
        <CellImages
          network={network}
          images={images.value}
          part="validation"
          cell={cell.value}
          onClose={() => {
            cell.value = undefined;
          }}
        />
      )}
    </section>
  );
}
