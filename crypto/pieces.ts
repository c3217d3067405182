/** Cuts a stream anew, into pieces that fit the processor's cache. */

/** Larger pieces cost more in fresh memory than they save in calls, smaller ones the other way round (measured). */
export const PIECE_BYTES = 2 ** 17;

/** The same bytes, copied into pieces of `PIECE_BYTES`; each holds until the next one is asked for. */
export async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(PIECE_BYTES);
  let filled = 0;
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + PIECE_BYTES - filled);
      piece.set(part, filled);
      from += part.length;
      filled += part.length;
      if (filled < PIECE_BYTES) continue;
      yield piece;
      filled = 0;
    }
  }
  yield piece.subarray(0, filled);
  piece.fill(0);
}
