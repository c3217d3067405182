/** `--watch`: asks again and again, and shows the answer whenever it has changed. */
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT } from '../domain/errors.ts';
import type { Outcome } from './output.ts';
import type { Context } from './context.ts';

const PAUSE_MS = 2_000;

/** Ends where nothing more will change, and on Ctrl-C; answers the exit code. Fails as the first question fails. */
export async function watch(ask: () => Promise<Outcome>, context: Context): Promise<number> {
  let shown: string | null = null;
  for (;;) {
    const outcome = await ask();
    const text = JSON.stringify(outcome.data);
    if (text !== shown) context.output.resultAgain(outcome);
    shown = text;
    if (outcome.settled) return outcome.exitCode ?? EXIT.ok;
    await pause(PAUSE_MS, undefined, { signal: context.signal }).catch(() => undefined);
    if (context.signal.aborted) return EXIT.interrupted;
  }
}
