/** Waiting for what comes by itself. A machine that is busy with other things takes its time, and no test is about that. */
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_SECONDS = 150;
const AGAIN_MS = 50;

/** Waits until it is so, or fails after `seconds`. Answers how many seconds it took. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  seconds = PATIENCE_SECONDS,
): Promise<number> {
  const begun = Date.now();
  await found(what, async () => ((await isSo()) ? true : undefined), seconds);
  return (Date.now() - begun) / 1000;
}

/** Looks until something is there. Looks that fail count as ones that found nothing, but for the last. */
export async function found<Thing>(
  what: string,
  look: () => Promise<Thing | null | undefined>,
  seconds = PATIENCE_SECONDS,
): Promise<Thing> {
  let failure: unknown;
  for (const begun = Date.now(); Date.now() - begun < seconds * 1000;) {
    try {
      const thing = await look();
      if (thing !== null && thing !== undefined) return thing;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await pause(AGAIN_MS);
  }
  throw new Error(`After ${seconds} s still not: ${what}.`, { cause: failure });
}
