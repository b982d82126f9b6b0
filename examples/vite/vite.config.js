// Browsers share memory between threads only in cross-origin isolated pages. Without these headers everything still works, on
// one thread.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** @type {import("vite").UserConfig} */
export default {
  server: { headers },
  preview: { headers },
};
