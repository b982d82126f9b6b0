/** FNV-1a of the arrays' bytes, as eight hexadecimal digits. It detects different data, not forged data. */
export function hashBytes(...arrays: Uint8Array[]): string {
  let hash = 0x811c9dc5;
  for (const bytes of arrays) {
    for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ bytes[index], 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
