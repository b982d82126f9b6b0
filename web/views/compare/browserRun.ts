import { summarize } from "../../../src/model/index.js";
import type { RunConfig } from "../../../src/runs/config.js";
import { secondsOf } from "../../../src/runs/history.js";
import type { RunRecord } from "../../../src/runs/record.js";
import { VERSION } from "../../../src/version.js";
import { graphicsCard } from "../../state/graphicsCard.js";
import type { Member } from "../../state/member.js";
import type { Run } from "../../state/run.js";

/** A network of a run of this page as its run folder would describe it. */
export function recordOf(run: Run, member: Member, name: string): RunRecord {
  const history = member.epochs.value;
  const { best } = member;
  const isDone = run.status.value === "done";
  return {
    path: name,
    config: configOf(run, member),
    history,
    result:
      isDone && best
        ? {
            bestEpoch: best.epoch,
            bestValidationAccuracy: best.validationAccuracy,
            seconds: secondsOf(history),
            fingerprint: member.weights.value?.fingerprint,
          }
        : undefined,
  };
}

/** A network of a run of this page as config.json would describe it. */
export function configOf(run: Run, { seed }: Member): RunConfig {
  const { recipe, model, machine, startedAt, settings } = run;
  const { data } = settings;
  const card = graphicsCard.value;
  const { train } = data.parts;
  return {
    versions: { lenet: VERSION, browser: navigator.userAgent },
    startedAt: startedAt.toISOString(),
    recipe,
    scheduleRestarts: [],
    seed,
    model,
    parameterCount: summarize(model).totalParameters,
    data: {
      name: train.name,
      resize: data.request.type === "images" ? data.request.settings.resize : "contain",
      background: data.background,
      checksum: train.checksum,
      validationCount: data.parts.validationCount,
      testChecksum: data.parts.test?.checksum,
      images: train.labels.length,
      classes: [...train.classes],
      generated: train.generated,
    },
    threads: machine.value?.threads ?? 1,
    card: settings.fields.device === "gpu" && card?.type === "there" ? { name: card.name } : undefined,
    arithmetic: machine.value?.arithmetic ?? "unknown",
    kernels: machine.value?.kernels,
  };
}
