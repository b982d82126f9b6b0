const LONGEST_MESSAGE = 300;

/**
 * A file that is not what it should be, or holds what this project does not read. The message is one line:
 * names found in a damaged file end up in it, so control characters are shown as `?` and the length is bounded.
 */
export class FormatError extends Error {
  override readonly name = "FormatError";

  constructor(message: string) {
    const line = message.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, "?");
    super(line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line);
  }
}

/** A file of weights does not say which activation and pooling its model has, and its tensors do not either. */
export class UnknownLayersError extends FormatError {
  constructor() {
    super("the file does not say which activation and pooling its model has; name its recipe with --recipe");
  }
}
