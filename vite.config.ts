import { readdirSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { CONTENT_SECURITY_POLICY, ISOLATION_HEADERS } from "./src/node/lab/headers.js";

const SERVICE_WORKER = "serviceWorker";

/** Builds the lab as a static site. Its URLs are relative, so it can be served from any folder. */
export default defineConfig({
  root: "web",
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [securityPolicy(), offlineFiles()],
  define: { CONTENT_SECURITY_POLICY: JSON.stringify(CONTENT_SECURITY_POLICY) },
  worker: { format: "es" },
  server: { host: "127.0.0.1", headers: ISOLATION_HEADERS },
  build: {
    outDir: "../dist/lab",
    emptyOutDir: true,
    target: "es2022",
    // The content security policy forbids data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: "web/index.html", [SERVICE_WORKER]: "web/serviceWorker/serviceWorker.ts" },
      output: {
        entryFileNames: ({ name }) => (name === SERVICE_WORKER ? `${name}.js` : "assets/[name]-[hash].js"),
        // What the first view needs is one file: many small ones would take turns on a slow line.
        codeSplitting: { groups: [{ name: "first", tags: ["$initial"], test: (id) => !id.includes(SERVICE_WORKER) }] },
      },
    },
  },
});

/** Adds the content security policy to the built page. It would block the scripts of the development server. */
function securityPolicy(): Plugin {
  return {
    name: "security-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: CONTENT_SECURITY_POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

/** Passes the list of the site's files to the service worker, which caches them for offline use. */
function offlineFiles(): Plugin {
  return {
    name: "offline-files",
    apply: "build",
    generateBundle(_options, bundle) {
      const worker = Object.values(bundle).find(({ fileName }) => fileName === `${SERVICE_WORKER}.js`);
      if (worker?.type !== "chunk") return;
      const built = Object.keys(bundle).filter((name) => name !== worker.fileName && !name.endsWith(".map"));
      const files = [...new Set(["index.html", ...built, ...readdirSync("web/public")])].sort();
      worker.code = `const SITE_FILES = ${JSON.stringify(files)};\n${worker.code}`;
    },
  };
}
