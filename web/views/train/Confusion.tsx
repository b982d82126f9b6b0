import { Matrix } from "../../kit/Matrix.js";
import { selectedRun } from "../../state/runs.js";
import { messages } from "./messages/index.js";
import { nameOf } from "./nameOf.js";

/** The selected run's confusion matrix, updated during every validation. */
export function Confusion() {
  const m = messages();
  const run = selectedRun.value;
  const counts = run?.member.value.confusion.value;
  const classes = run?.settings.data.parts.train.classes ?? [];
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
        />
      ) : (
        <p class="quiet">{m.confusionEmpty}</p>
      )}
    </section>
  );
}
