const LONGEST_MESSAGE = 300;

/**
 * A file is damaged, of another format, or holds something that is not supported. The message is one line. It may quote
 * names from a damaged file, so control characters are shown as `?` and its length is bounded.
 */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code: string = "ERR_FORMAT";

  constructor(message: string) {
    const line = message.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, "?");
    super(line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line);
  }
}

/** A weights file does not say which activation and pooling its model has; its tensors cannot show it. */
export class UnknownLayersError extends FormatError {
  override readonly code = "ERR_UNKNOWN_LAYERS";

  constructor() {
    super("the file does not say which activation and pooling its model has; name its recipe with --recipe");
  }
}
