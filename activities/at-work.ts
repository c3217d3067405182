/** What every long activity needs: heartbeats while it works, and an end when it is cancelled. */
import { Context } from '@temporalio/activity';
import type { OnProgress, Progress } from '../domain/progress.ts';

export interface AtWork {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

const PULSE_MS = 5_000;

/** Runs `work` with a pulse: a step that has no bytes to report, such as a running container, counts as alive, too. */
export async function atWork<T>(phase: string, work: (at: AtWork) => Promise<T>): Promise<T> {
  const signal = Context.current().cancellationSignal;
  const begun: Progress = { phase, bytesDone: 0, bytesTotal: null };
  return beating(begun, (say) => work({ signal, onProgress: say }));
}

/**
 * The same for work that has no bytes to report, but something to remember: each beat repeats what was `said` last, which
 * the next attempt finds in its heartbeat details. An attempt that says nothing keeps what the one before said.
 */
export async function withPulse<T>(work: (say: (details: unknown) => void) => Promise<T>): Promise<T> {
  return beating<unknown, T>(Context.current().info.heartbeatDetails, work);
}

async function beating<Details, T>(first: Details, work: (say: (details: Details) => void) => Promise<T>): Promise<T> {
  const context = Context.current();
  let latest = first;
  const beat = () => {
    context.heartbeat(latest);
  };
  beat();
  const pulse = setInterval(beat, PULSE_MS);
  try {
    return await work((details) => {
      latest = details;
      beat();
    });
  } finally {
    clearInterval(pulse);
  }
}
