/** The pictures of "How it works" by file name. */
export const FILES: Readonly<Record<string, string>>;
