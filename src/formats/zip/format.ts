/** Zip archives of entries that are stored, not compressed: what PyTorch's .pth files are. */

export const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 } as const;
export const CENTRAL_HEADER = { signature: 0x02014b50, bytes: 46 } as const;
export const END = { signature: 0x06054b50, bytes: 22 } as const;

/** The method of an entry that is not compressed. */
export const STORED = 0;

/** Of an extra field: its id and its length. */
export const EXTRA_HEADER_BYTES = 4;
