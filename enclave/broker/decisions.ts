/** What the broker decided, for its operator and for the owners of keys: facts and reasons, and nothing secret. */
import { appendFile } from 'node:fs/promises';
import type { StrongroomError } from '../../domain/errors.ts';
import type { Handle, Sha256 } from '../../domain/ids.ts';

export interface Decision {
  /** ISO 8601. */
  readonly at: string;
  readonly recipient: Handle | null;
  readonly functionChecksum: Sha256 | null;
  readonly documentHash: Sha256 | null;
  /** Null where the key was released. */
  readonly refusal: StrongroomError | null;
}

/** One line of JSON. */
export function formatDecision({ refusal, ...about }: Decision): string {
  const verdict = refusal ? { decision: 'refused', code: refusal.code, why: refusal.why } : { decision: 'released' };
  return JSON.stringify({ ...about, ...verdict });
}

/** Appends decisions to a file of mode 0600, in their order. `failed` hears of what could not be written. */
export function decisionFile(file: string, failed: (error: unknown) => void): (decision: Decision) => void {
  let last: Promise<void> = Promise.resolve();
  return (decision) => {
    last = last.then(() => appendFile(file, `${formatDecision(decision)}\n`, { mode: 0o600 })).catch(failed);
  };
}
