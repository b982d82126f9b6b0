import { formatJson } from "../../../src/formats/json.js";
import { writeWeights } from "../../../src/formats/weightFiles.js";
import { writeStoredZip } from "../../../src/formats/zip/write.js";
import type { NamedTensors } from "../../../src/model/index.js";
import { curvesSvg } from "../../../src/report/curves.js";
import { PAGE_MESSAGES } from "../../../src/report/page/messages/index.js";
import { bestWeights } from "../../../src/runs/bestWeights.js";
import { formatHistory } from "../../../src/runs/history.js";
import type { RunRecord } from "../../../src/runs/record.js";
import { RUN_FILES } from "../../../src/runs/runFolderFiles.js";
import { runTitles } from "../../../src/runs/settings.js";
import { language } from "../../i18n/language.js";

/**
 * A finished run as a ZIP archive of the folder that `lenet train` writes, without the checkpoint, the report and the
 * PNG images. Its curves are in the page's language.
 *
 * @throws RangeError if the run is not finished
 */
export async function runFolderZip(
  name: string,
  record: RunRecord,
  parameters: NamedTensors<Float32Array>,
): Promise<Uint8Array> {
  const { config, history, result } = record;
  if (!result) throw new RangeError(`${name} is not finished`);
  const { bestEpoch: epoch, bestValidationAccuracy: validationAccuracy } = result;
  const weights = await bestWeights(config, { epoch, validationAccuracy, parameters });
  const { recipe, data } = config;
  const outcome = { run: name, recipe: recipe.name, data: data.name, generated: data.generated, ...result };
  const { titles, curves } = PAGE_MESSAGES[language.peek()];
  const text = (content: string) => new TextEncoder().encode(content);
  const files = {
    [RUN_FILES.config]: text(formatJson(config)),
    [RUN_FILES.history]: text(formatHistory(history)),
    [RUN_FILES.pth]: writeWeights(weights, "pth"),
    [RUN_FILES.safetensors]: writeWeights(weights, "safetensors"),
    [RUN_FILES.curvesSvg]: text(curvesSvg(history, runTitles(config, titles), curves)),
    [RUN_FILES.result]: text(formatJson({ ...outcome, epochs: history.length })),
  };
  return writeStoredZip(
    Object.entries(files).map(([file, bytes]) => [`${name}/${file}`, bytes] as const),
    1,
  );
}
