import { CATALOG } from "../../data/catalog.js";

/** The hosts that the lab may fetch data sets from, when a person asks for one; it reads IDX files alone. */
const MIRRORS = new Set(
  CATALOG.filter(({ format }) => format === "idx").flatMap(({ mirrors }) =>
    mirrors.map((mirror) => new URL(mirror).origin),
  ),
);

/** What the lab's page may do: its own files, WebAssembly, images it makes itself, and data sets from their mirrors. */
const DIRECTIVES = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "manifest-src 'self'",
  `connect-src 'self' ${[...MIRRORS].join(" ")}`,
  "base-uri 'none'",
  "form-action 'none'",
];

/** The lab's content security policy, as a meta element can have it. */
export const CONTENT_SECURITY_POLICY = DIRECTIVES.join("; ");

/** With these a page is cross-origin isolated, so that its workers may share memory. */
export const ISOLATION_HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

/** What the lab is served with. */
export const LAB_HEADERS = {
  ...ISOLATION_HEADERS,
  // What a meta element cannot have.
  "Content-Security-Policy": `${CONTENT_SECURITY_POLICY}; frame-ancestors 'none'`,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;
