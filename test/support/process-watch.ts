/** What any user of the machine could see of the processes that ran: their command lines and environments. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 20;
/**
 * A process shows its parent's command line until it becomes a program of its own, at once or, on a busy machine, later:
 * it is looked at again and again, at the times 1, 2, 4, 8 and so on.
 */
const isTimeToLook = (age: number): boolean => (age & (age - 1)) === 0;

export interface ProcessWatch {
  /** Ends the watch; answers every command line and environment that was seen, by the process id. */
  end(): Promise<ReadonlyMap<string, Buffer>>;
}

export function watchProcesses(): ProcessWatch {
  const seen = new Map<string, Buffer>();
  const ages = new Map<string, number>();
  const ending = new AbortController();
  const look = async (): Promise<void> => {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const age = (ages.get(pid) ?? 0) + 1;
      ages.set(pid, age);
      if (!isTimeToLook(age)) continue;
      for (const what of ['cmdline', 'environ']) {
        const content = await readFile(`/proc/${pid}/${what}`).catch(() => null);
        if (content !== null && content.length > 0) seen.set(`/proc/${pid}/${what} (${age})`, content);
      }
    }
  };
  const watching = (async () => {
    while (!ending.signal.aborted) {
      await look();
      await pause(EVERY_MS);
    }
  })();
  return {
    async end() {
      ending.abort();
      await watching;
      return seen;
    },
  };
}
