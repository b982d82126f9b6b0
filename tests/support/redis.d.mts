/** The server's program: redis-server or valkey-server; undefined if there is none. */
export const REDIS: string | undefined;

/** A server of a queue, in a folder of its own, that writes down every change at once. */
export class RedisServer {
  /** @param settings more arguments */
  static start(folder: string, settings?: readonly string[]): Promise<RedisServer>;
  readonly port: number;
  readonly url: string;
  /** Starts it again, with all that it wrote down. */
  run(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}
