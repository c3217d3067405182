/** Lets go of a source that delivers nothing any more when its reader is told to stop. */

/** The same chunks. Fails with the signal's reason as soon as it is aborted, though the source may hang. */
export async function* abortable<Chunk>(source: AsyncIterable<Chunk>, signal?: AbortSignal): AsyncGenerator<Chunk> {
  const iterator = source[Symbol.asyncIterator]();
  // One listener for all chunks: a race with one promise for each of them would remember every chunk.
  let stop: (reason: unknown) => void = () => undefined;
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const next = () =>
    new Promise<IteratorResult<Chunk>>((resolve, reject) => {
      stop = reject;
      signal?.throwIfAborted();
      iterator.next().then(resolve, reject);
    });
  try {
    for (let chunk = await next(); !chunk.done; chunk = await next()) yield chunk.value;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    const closed = Promise.resolve(iterator.return?.()).catch(() => undefined);
    // A source that hangs would not come back from its closing, either.
    if (!signal?.aborted) await closed;
  }
}
