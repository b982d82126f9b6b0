import { useId } from "preact/hooks";
import { addressWith } from "../../address/url.js";
import { formatPercent } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import type { Member } from "../../state/member.js";
import type { Run } from "../../state/run.js";
import { addToCompare, selectedRun } from "../../state/runs.js";
import { accuracyOf, type Ranking, rankingOf } from "./fleet.js";
import { messages } from "./messages/index.js";

/** The selected run's networks, if it is a fleet: how far apart they are, and which one is shown. */
export function Fleet() {
  const m = messages();
  const run = selectedRun.value;
  if (!run?.isFleet) return null;
  const ranking = rankingOf(run);
  return (
    <section class="fleet" aria-labelledby="fleet">
      <h2 id="fleet">{m.fleetOf(run.members.length)}</h2>
      {ranking ? <Summary run={run} ranking={ranking} /> : <p class="quiet">{m.fleetEmpty}</p>}
      <Members run={run} ranking={ranking} />
      <Shown run={run} member={run.member.value} />
    </section>
  );
}

/** Mean and spread of the accuracy. */
function Summary({ run, ranking }: { readonly run: Run; readonly ranking: Ranking }) {
  const m = messages();
  const { spread, count, worst, best } = ranking;
  const pick = (label: (accuracy: string, seed: number) => string, member: Member) => (
    <button type="button" class="link" onClick={() => run.pick(member)}>
      {label(formatPercent(accuracyOf(member)), member.seed)}
    </button>
  );
  return (
    <div class="summary">
      <p class="mean">
        {formatPercent(spread.mean)}
        {spread.std !== undefined && <span> ± {(100 * spread.std).toFixed(2)}</span>}
      </p>
      <p>
        {m.spreadNote(count)} {pick(m.lowestIs, worst)} {pick(m.highestIs, best)}
      </p>
    </div>
  );
}

/** Every network by its seed, to pick one; a dot shows where it lies between the lowest and the highest. */
function Members({ run, ranking }: { readonly run: Run; readonly ranking: Ranking | undefined }) {
  const m = messages();
  const name = useId();
  const [least, most] = ranking ? [accuracyOf(ranking.worst), accuracyOf(ranking.best)] : [0, 0];
  return (
    <fieldset class="members">
      <legend class="picked-by">{m.pickNetwork}</legend>
      <div>
        {run.members.map((member) => {
          const { best, failure, seed } = member;
          const share = best && most > least ? (best.validationAccuracy - least) / (most - least) : undefined;
          return (
            <label key={seed} title={failure.value}>
              <input type="radio" name={name} checked={run.member.value === member} onChange={() => run.pick(member)} />
              <span class="network">
                <small>{seed}</small>
                <b>{failure.value ? m.diverged : best ? formatPercent(best.validationAccuracy) : "–"}</b>
                <span class="track">{share !== undefined && <i style={{ left: `${100 * share}%` }} />}</span>
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

/** Where the shown network can go. */
function Shown({ run, member }: { readonly run: Run; readonly member: Member }) {
  const m = messages();
  const isListed = member.compareNumber.value !== undefined;
  return (
    <div class="buttons">
      <a class="button" href={addressWith({ view: "inspect" })}>
        {m.lookInside(m.run(run.number, member.seed))}
      </a>
      <Button disabled={isListed} onClick={() => addToCompare(member)}>
        {isListed ? m.inCompare : m.toCompare}
      </Button>
    </div>
  );
}
