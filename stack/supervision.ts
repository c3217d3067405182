/** Keeps one process of ours running: what dies is started again, with a growing pause, and it is said. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from './child-process.ts';
import { forgetProcess, recordProcess } from './process-record.ts';

export interface Supervised {
  stop(): Promise<void>;
}

export interface SupervisionOptions {
  readonly dataFolder: string;
  readonly name: string;
  readonly report: (line: string) => void;
  /** Starts the process and resolves when it is ready. It is called again each time it died. */
  readonly start: () => Promise<Child>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Whoever ran this long had started well: the next pause is short again. */
const SETTLED_MS = 60_000;

/** Starts the process for the first time; only that first failure is the caller's. */
export async function supervise(options: SupervisionOptions): Promise<Supervised> {
  const stopping = new AbortController();
  let current = await begin(options);
  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await current.stop();
      await watching;
      await forgetProcess(options.dataFolder, options.name);
    },
  };

  function isStopping(): boolean {
    return stopping.signal.aborted;
  }

  async function watch(): Promise<void> {
    let wait = FIRST_PAUSE_MS;
    for (;;) {
      const begun = Date.now();
      await current.ended;
      if (isStopping()) return;
      if (Date.now() - begun > SETTLED_MS) wait = FIRST_PAUSE_MS;
      options.report(`${options.name} ended; it is started again in ${wait / 1000} s`);
      await pause(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, LONGEST_PAUSE_MS);
      await restart();
    }
  }

  async function restart(): Promise<void> {
    if (isStopping()) return;
    try {
      current = await begin(options);
      if (isStopping()) await current.stop();
      else options.report(`${options.name} is up again`);
    } catch (error) {
      // The loop goes round: `current` has ended, so it waits longer and tries again.
      options.report(
        `${options.name} did not start: ${error instanceof Error ? error.message : 'for no known reason'}`,
      );
    }
  }
}

async function begin({ start, dataFolder, name }: SupervisionOptions): Promise<Child> {
  const child = await start();
  await recordProcess(dataFolder, name, child.pid);
  return child;
}
