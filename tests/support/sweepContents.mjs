import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** All files of a sweep folder by their paths in it, without what differs between two equal sweeps: times and its name. */
export async function sweepContents(folder, name) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const contents = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), timeless(await readFile(path, "latin1"), name)];
    });
  return new Map((await Promise.all(contents)).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function timeless(text, name) {
  return (
    text
      .replaceAll(`"${name}`, '"SWEEP')
      .replaceAll(/"(startedAt|seconds)": [^,\n]+/g, '"$1": TIME')
      .replaceAll(/(<dt>(?:started|training|validation|total|per epoch)<\/dt><dd>)[^<]+/g, "$1TIME")
      // The last two columns of a history, and one of sweep.csv.
      .replaceAll(/^(\d+(?:,[^,\n]+){5}),[^,\n]+,[^,\n]+$/gm, "$1,TIME,TIME")
      .replaceAll(/(,(?:finished|stopped),\d+,[^,\n]+,[^,\n]*),[^,\n]+(,[0-9a-f]*,)$/gm, "$1,TIME$2")
      // The time per run on the page of a sweep.
      .replaceAll(/<td>\d+:\d\d<\/td>/g, "<td>TIME</td>")
  );
}
