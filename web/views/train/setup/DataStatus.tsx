import { type CifarEntry, catalogEntry } from "../../../../src/data/catalog.js";
import { formatCount } from "../../../i18n/numbers.js";
import { Button } from "../../../kit/controls.js";
import { type DataState, dataState, loadData } from "../../../state/loadedData.js";
import type { DataRequest, DataTask } from "../../../worker/data/protocol.js";
import { messages } from "../messages/index.js";

/** The state of the chosen images. */
export function DataStatus() {
  const m = messages();
  const state = dataState.value;
  switch (state.type) {
    case "none":
      return null;
    case "loading":
      return <Loading state={state} />;
    case "missing":
      return <Missing request={state.request} />;
    case "failed":
      return (
        <div class="notice" role="alert">
          <p>{m.dataFailed}</p>
          <p class="quiet">{state.message}</p>
          <Button onClick={() => loadData(state.request)}>{m.tryAgain}</Button>
        </div>
      );
    case "ready": {
      const { parts, skipped } = state.data;
      return (
        <p class="quiet">
          {m.images(formatCount(parts.train.labels.length), parts.train.classes.length)}
          {skipped.length > 0 && <span title={skipped.join("\n")}> {m.skipped(skipped.length)}</span>}
        </p>
      );
    }
  }
}

function Loading({ state: { request, progress } }: { readonly state: Extract<DataState, { type: "loading" }> }) {
  const m = messages();
  const text = progress ? describe(progress.task) : m.reading;
  const share = progress && progress.total > 0 ? progress.done / progress.total : undefined;
  return (
    <div class="loading">
      <p class="quiet">{text}</p>
      <progress value={share} max={1} aria-label={text} />
      {request.type === "known" && request.download && (
        <Button onClick={() => loadData({ ...request, download: false })}>{m.cancel}</Button>
      )}
    </div>
  );
}

function describe(task: DataTask): string {
  return task.type === "fetching" ? messages().fetching(task.host) : messages()[task.type];
}

/** CIFAR-10, which no page can download: where to get it, and that it can be dropped. */
function NotHere({ title }: { readonly title: string }) {
  const m = messages();
  const { mirrors, archive } = catalogEntry("cifar10") as CifarEntry;
  return (
    <div class="missing">
      <p>{m.missing(title)}</p>
      <p class="quiet">
        {m.dropArchive} <a href={`${mirrors[0]}${archive.name}`}>{archive.name}</a>
      </p>
    </div>
  );
}

/** A data set that can be downloaded: its source and size. */
function Missing({ request }: { readonly request: DataRequest }) {
  const m = messages();
  if (request.type !== "known") return null;
  const { title, mirrors, downloadBytes, format } = catalogEntry(request.name);
  if (format === "cifar") return <NotHere title={title} />;
  const hosts = mirrors.map((mirror) => new URL(mirror).host).join(", ");
  return (
    <div class="missing">
      <p>{m.missing(title)}</p>
      <Button onClick={() => loadData({ ...request, download: true })}>
        {m.download((downloadBytes / 1e6).toFixed(0))}
      </Button>
      <p class="quiet">
        {m.downloadFrom(hosts)} {m.orDrop}
      </p>
    </div>
  );
}
