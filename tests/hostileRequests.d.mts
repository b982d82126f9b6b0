/** A request as it goes over the wire. */
export interface HostileRequest {
  readonly kind?: string;
  readonly bytes: Uint8Array;
}

export interface Answer {
  /** 0 if the connection ended without an answer. */
  readonly status: number;
  readonly seconds: number;
}

/** Sends a request over a connection of its own. */
export function send(host: string, port: number, request: HostileRequest): Promise<Answer>;

/** Sends hostile requests of all kinds, several at once. */
export function attack(
  url: string,
  options: { readonly count: number; readonly seed: number; readonly concurrency?: number },
): Promise<{
  /** How many requests got each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** The kinds that were not answered with a status of 4xx. */
  readonly wrong: readonly string[];
  /** The one that 99 % were faster than, and the slowest. */
  readonly p99: { readonly kind: string; readonly seconds: number };
  readonly slowest: { readonly kind: string; readonly seconds: number };
}>;
