/** Below this, memory may be shared with other buffers, and is no burden. */
const LARGE = 64 * 1024;

/**
 * Zeroes bytes that nobody needs any more, and gives large memory back at once: buffers of some hundred kilobytes, left
 * to the garbage collector, made it work longer than the encryption.
 */
export function erase(bytes: Uint8Array): void {
  bytes.fill(0);
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  if (isWhole && bytes.byteLength >= LARGE) buffer.transfer(0);
}
