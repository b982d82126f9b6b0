import type { Writable } from "node:stream";

/** A stream for log lines. */
export interface LogStream {
  write(line: string): void;
  /** Writes what is left. */
  flush(): void;
}

const FLUSH_MILLISECONDS = 100;
const FLUSH_CHARACTERS = 32_768;
/** If nobody reads the log, it is not kept in memory: further lines are lost. */
const MOST_UNREAD_BYTES = 16e6;

/** Writes log lines to standard output several at once: a system call for each would cost more than the request. */
export function logStream(target: Writable = process.stdout): LogStream {
  let text = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (text !== "" && target.writableLength < MOST_UNREAD_BYTES) target.write(text);
    text = "";
  };
  return {
    write: (line) => {
      text += line;
      if (text.length > FLUSH_CHARACTERS) flush();
      else timer ??= setTimeout(flush, FLUSH_MILLISECONDS);
    },
    flush,
  };
}
