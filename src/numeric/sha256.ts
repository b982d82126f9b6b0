/** The SHA-256 of the concatenated pieces, in hexadecimal. */
export async function sha256(...pieces: ArrayBufferView<ArrayBuffer>[]): Promise<string> {
  const bytes = pieces.length === 1 ? pieces[0] : await new Blob(pieces).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
