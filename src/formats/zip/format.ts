/** Zip archives whose entries are stored, not compressed, as in PyTorch's .pth files. */

export const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 } as const;
export const CENTRAL_HEADER = { signature: 0x02014b50, bytes: 46 } as const;
export const END = { signature: 0x06054b50, bytes: 22 } as const;

/** The compression method of an uncompressed entry. */
export const STORED = 0;

/** The id and the length of an extra field. */
export const EXTRA_HEADER_BYTES = 4;
