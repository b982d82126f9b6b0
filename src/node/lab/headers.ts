import { CATALOG } from "../../data/catalog.js";

/** The hosts from which the lab may fetch data sets, on request. It reads IDX files only. */
const MIRRORS = new Set(
  CATALOG.filter(({ format }) => format === "idx").flatMap(({ mirrors }) =>
    mirrors.map((mirror) => new URL(mirror).origin),
  ),
);

/** What the lab's page may use: its own files, WebAssembly, images it creates, and data sets from their mirrors. */
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

/** The lab's content security policy, without what a meta element cannot set. */
export const CONTENT_SECURITY_POLICY = DIRECTIVES.join("; ");

/** These make a page cross-origin isolated, so that its workers may share memory. */
export const ISOLATION_HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

/** Instead of {@link LAB_HEADERS}' of these names: headers that let pages of other hosts show the site in a frame. */
export const EMBED_HEADERS = {
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
} as const;

/** The headers of all the lab's responses. */
export const LAB_HEADERS = {
  ...ISOLATION_HEADERS,
  // A meta element cannot set frame-ancestors.
  "Content-Security-Policy": `${CONTENT_SECURITY_POLICY}; frame-ancestors 'none'`,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  // What a page can read about its own response: the lab asks its server what it offers only where this names it.
  "Server-Timing": "lenet-lab",
} as const;
