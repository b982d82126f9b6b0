import { summarize } from "../../../src/model/index.js";
import type { RunConfig } from "../../../src/runs/config.js";
import { secondsOf } from "../../../src/runs/history.js";
import type { RunRecord } from "../../../src/runs/record.js";
import { VERSION } from "../../../src/version.js";
import type { Run } from "../../state/run.js";

/** A run of this page as its run folder would describe it. */
export function recordOf(run: Run, name: string): RunRecord {
  const history = run.epochs.value;
  const best = history.find(({ epoch }) => epoch === run.bestEpoch.value);
  const isDone = run.status.value === "done";
  return {
    path: name,
    config: configOf(run),
    history,
    result:
      isDone && best
        ? {
            bestEpoch: best.epoch,
            bestValidationAccuracy: best.validationAccuracy,
            seconds: secondsOf(history),
            fingerprint: run.weights.value?.fingerprint,
          }
        : undefined,
  };
}

/** A run of this page as config.json would describe it. */
export function configOf({ recipe, model, settings: { fields, data }, machine, startedAt }: Run): RunConfig {
  const { train } = data.parts;
  return {
    versions: { lenet: VERSION, browser: navigator.userAgent },
    startedAt: startedAt.toISOString(),
    recipe,
    scheduleRestarts: [],
    seed: fields.seed,
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
    arithmetic: machine.value?.arithmetic ?? "unknown",
  };
}
