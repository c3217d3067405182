/** The hand that breaks one part after the other, as the schedule says. */
import { setTimeout as pause } from 'node:timers/promises';
import { RUN_LABEL } from '../../../containers/own-names.ts';
import type { Harness } from '../support/harness.ts';
import type { Action } from './schedule.ts';

export interface Broken {
  readonly action: Action;
  /** Until the platform did work again. */
  readonly seconds: number;
}

/** Works through the schedule, or as far as it gets before `signal`. A part that is just being started is left alone. */
export async function breakParts(
  harness: Harness,
  schedule: readonly Action[],
  signal: AbortSignal,
): Promise<Broken[]> {
  const broken: Broken[] = [];
  for (const action of schedule) {
    await pause(action.after * 1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    console.log(`${new Date().toISOString().slice(11, 19)} ${JSON.stringify(action)}`);
    const begun = Date.now();
    const gone = await breakOne(harness, action).then(
      () => false,
      () => true,
    );
    if (gone) continue;
    await harness.untilReady();
    broken.push({ action, seconds: (Date.now() - begun) / 1000 });
  }
  return broken;
}

async function breakOne(harness: Harness, action: Action): Promise<void> {
  switch (action.act) {
    case 'kill':
      await harness.kill(action.part);
      return;
    case 'stop': {
      const pid = await harness.pidOf(action.part);
      process.kill(pid, 'SIGSTOP');
      try {
        await pause(action.seconds * 1000);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      return;
    }
    case 'runners': {
      const running = await harness.docker.listContainers({ filters: { label: [RUN_LABEL] } });
      for (const { Id } of running) await harness.docker.getContainer(Id).kill();
    }
  }
}
