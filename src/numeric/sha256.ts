/** The SHA-256, in hexadecimal, over the bytes of all pieces together. */
export async function sha256(...pieces: ArrayBufferView<ArrayBuffer>[]): Promise<string> {
  const bytes = pieces.length === 1 ? pieces[0] : await new Blob(pieces).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
