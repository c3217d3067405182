/** Padmé (Nikitin et al., PoPETs 2019): a length tells only its magnitude, and the message grows by 12 % at most. */

const LENGTH_BYTES = 4;
/** Below this all inputs have the same length. */
const SHORTEST = 256;

/** The length to which `length` bytes are padded, their own length's field included; at least `shortest`. */
export function paddedLength(length: number, shortest = SHORTEST): number {
  const needed = Math.max(shortest, length + LENGTH_BYTES);
  const exponent = Math.floor(Math.log2(needed));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.ceil(needed / step) * step;
}

/** The length of `message` (32 bits, big-endian), the message, and zeros. The caller zeroes it. */
export function pad(message: Uint8Array, shortest = SHORTEST): Buffer {
  const padded = Buffer.alloc(paddedLength(message.length, shortest));
  padded.writeUInt32BE(message.length);
  padded.set(message, LENGTH_BYTES);
  return padded;
}

/** The message in `padded`, as a view of it, or null where it is not padded as `pad` does it. */
export function unpad(padded: Buffer, shortest = SHORTEST): Buffer | null {
  if (padded.length < LENGTH_BYTES) return null;
  const length = padded.readUInt32BE();
  if (padded.length !== paddedLength(length, shortest)) return null;
  const rest = padded.subarray(LENGTH_BYTES + length);
  return rest.every((byte) => byte === 0) ? padded.subarray(LENGTH_BYTES, LENGTH_BYTES + length) : null;
}
