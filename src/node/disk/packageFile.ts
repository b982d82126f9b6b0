import type { createRequire } from "node:module";

/**
 * The path of a file of an installed package. It is looked for at run time: bundlers that see `createRequire` would look
 * for it while they build, and refuse what they cannot bundle.
 *
 * @throws Error if the package is not installed
 */
export function packageFile(specifier: string): string {
  const module = process.getBuiltinModule("node:module") as { readonly createRequire: typeof createRequire };
  return module.createRequire(import.meta.url).resolve(specifier);
}
