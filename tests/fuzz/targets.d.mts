/** Targets by the name of their format. */
declare const targets: Readonly<Record<string, (bytes: Uint8Array) => void | Promise<void>>>;
export = targets;
