import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SERVED = ["/dist/", "/bench/browser/"];
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript" };
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
/** The strictest policy that the engine works with. */
const SECURITY_POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** Serves the page and the built package to this machine only; returns the address and a function that ends it. */
export async function servePage({ isolated }) {
  const server = createServer(async ({ url }, response) => {
    // Parsing the address resolves "..".
    const { pathname } = new URL(url, "http://localhost");
    const type = TYPES[extname(pathname)];
    try {
      if (!type || !SERVED.some((folder) => pathname.startsWith(folder))) throw new Error("not served");
      const content = await readFile(`${ROOT}${pathname}`);
      response.writeHead(200, {
        "Content-Type": `${type}; charset=utf-8`,
        "Content-Security-Policy": SECURITY_POLICY,
        ...(isolated ? ISOLATION : {}),
      });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/bench/browser/index.html`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
