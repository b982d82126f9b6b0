// Starts the worker, shows its results, and stores them in window.result, or { error } if it fails.
// ?seconds=12: approximate time to measure, 0 computes only the fingerprints; &threads=2: the maximum number of threads.

/** Kernels that take fewer microseconds of a step than this are not in the table. */
const WORTH_A_LINE = 1;

const query = new URLSearchParams(location.search);
const seconds = Number(query.get("seconds") ?? 12);
const threads = query.has("threads") ? Number(query.get("threads")) : undefined;
const element = (id) => document.getElementById(id);

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.addEventListener("message", ({ data: { progress, result, error } }) => {
  if (progress) showProgress(progress);
  if (result) finish(result);
  if (error) fail(error);
});
worker.addEventListener("error", ({ message }) => fail(message || "the worker could not be started"));
worker.postMessage({ seconds, threads });

function showProgress({ doing, done, total }) {
  element("bar").max = total;
  element("bar").value = done;
  element("doing").textContent = doing;
}

function finish(result) {
  worker.terminate();
  element("status").remove();
  const { isolated, threads, fused } = result;
  element("about").textContent = [
    `${isolated ? "Cross-origin isolated" : "Not cross-origin isolated"}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${fused ? "" : "no "}fused arithmetic.`,
    result.report ? "Medians, quartiles in brackets." : "",
    result.report && !isolated ? "The clock of such a page is coarse, so times of a few µs are approximate." : "",
    navigator.userAgent,
  ].join(" ");
  element("results").replaceChildren(...tablesOf(result));
  window.result = result;
}

function fail(error) {
  worker.terminate();
  element("status").textContent = error;
  window.result = { error };
}

function tablesOf({ fingerprints, report }) {
  const tables = [];
  if (report) {
    const { steps, kernels, otherKernels, images, peaks } = report;
    tables.push(
      table(
        "Steps, augmentation included",
        ["recipe", "input", "batch", "threads", "train µs", "forward µs"],
        2,
        steps.map((figure) => [
          figure.recipe,
          figure.input,
          figure.batch,
          figure.threads,
          spread(figure.trainMicroseconds, figure.trainMicrosecondsQuartiles, 0),
          spread(figure.forwardMicroseconds, figure.forwardMicrosecondsQuartiles, 0),
        ]),
      ),
      table(
        "Kernels of a training step of 32, 1x28x28, one thread",
        ["kernel", "µs", "GFLOP/s", "of peak"],
        1,
        kernels.map(({ name, microseconds, microsecondsQuartiles, gflops, percentOfPeak }) => [
          name,
          spread(microseconds, microsecondsQuartiles, 1),
          gflops.toFixed(1),
          `${percentOfPeak.toFixed(0)} %`,
        ]),
      ),
      table(
        `Kernels without multiply-adds (${WORTH_A_LINE} µs or more)`,
        ["kernel", "recipe", "µs"],
        2,
        otherKernels
          .filter(({ microseconds }) => microseconds >= WORTH_A_LINE)
          .map(({ recipe, name, microseconds, microsecondsQuartiles }) => [
            name,
            recipe,
            spread(microseconds, microsecondsQuartiles, 1),
          ]),
      ),
      table(
        "Preparing one image for a batch, one thread, µs",
        ["input", "draw", "plain", "augmented"],
        1,
        images.map((figure) => [
          figure.input,
          spread(figure.drawMicroseconds, figure.drawMicrosecondsQuartiles, 2),
          spread(figure.plainMicroseconds, figure.plainMicrosecondsQuartiles, 2),
          spread(figure.augmentedMicroseconds, figure.augmentedMicrosecondsQuartiles, 2),
        ]),
      ),
      table(
        "Peak of one core in WebAssembly",
        ["arithmetic", "GFLOP/s"],
        1,
        peaks.map(({ fused, gflops, gflopsQuartiles }) => [
          fused ? "fused multiply-add" : "multiply, then add",
          spread(gflops, gflopsQuartiles, 1),
        ]),
      ),
    );
  }
  tables.push(
    table(
      "SHA-256 of the parameters after a short training",
      ["threads", "SHA-256"],
      2,
      fingerprints.map(({ threads, sha256 }) => [threads, code(sha256)]),
    ),
  );
  return tables;
}

function code(text) {
  const element = document.createElement("code");
  element.textContent = text;
  return element;
}

/** A table with the first `flushLeft` columns aligned left, the others right. */
function table(caption, head, flushLeft, rows) {
  const table = document.createElement("table");
  table.createCaption().textContent = caption;
  const fill = (row, kind, values) => {
    for (const [column, value] of values.entries()) {
      const cell = document.createElement(kind);
      if (column >= flushLeft) cell.className = "number";
      cell.append(value);
      row.append(cell);
    }
  };
  fill(table.createTHead().insertRow(), "th", head);
  const body = table.createTBody();
  for (const row of rows) fill(body.insertRow(), "td", row);
  const scrolling = document.createElement("div");
  scrolling.className = "table";
  scrolling.append(table);
  return scrolling;
}

function spread(median, [low, high], digits) {
  const quartiles = document.createElement("small");
  quartiles.textContent = ` (${low.toFixed(digits)}–${high.toFixed(digits)})`;
  const cell = document.createDocumentFragment();
  cell.append(median.toFixed(digits), quartiles);
  return cell;
}
