/** Serves the page and the built package to this machine only; returns the address and a function that ends it. */
export function servePage(options: { readonly isolated: boolean }): Promise<{
  readonly url: string;
  close(): Promise<void>;
}>;
