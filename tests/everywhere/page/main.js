const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.addEventListener("message", ({ data }) => {
  document.title = JSON.stringify(data);
});
worker.addEventListener("error", ({ message }) => {
  document.title = JSON.stringify({ error: message ?? "the worker does not load" });
});
