/** Work on the database that an answer does not wait for: what cannot be done now is done once the database is back. */
import { setTimeout as pause } from 'node:timers/promises';
import type { App } from './services.ts';

const AGAIN_MS = 1_000;

/** Resolves once `work` is done, or has failed for the first time; it is then tried again until the API closes. */
export type Settle = (work: () => Promise<void>) => Promise<void>;

export function openSettling(app: App): Settle {
  const closing = new AbortController();
  app.addHook('onClose', async () => {
    closing.abort();
  });
  const again = async (work: () => Promise<void>): Promise<void> => {
    while (!closing.signal.aborted) {
      await pause(AGAIN_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      const done = await work().then(
        () => true,
        () => false,
      );
      if (done) return;
    }
  };
  return async (work) => {
    await work().catch(() => void again(work));
  };
}
