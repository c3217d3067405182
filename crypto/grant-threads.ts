/** Wrapping for many: the certificates are shared out among threads, as each costs milliseconds of arithmetic. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { wrapKeys, type Recipient, type WrappingOutcome, type WrappingTerms } from './grants.ts';

/** A thread takes as long to start as this many certificates take to be wrapped to. */
const WORTH_A_THREAD = 100;

/** What a thread gets: the secrets are copies of its own, which it overwrites. */
export interface ThreadOrder {
  readonly key: Uint8Array;
  readonly ownerPrivateKey: Uint8Array;
  readonly authority: string;
  readonly now: Date;
  readonly recipients: readonly Recipient[];
}

/** As `wrapKeys`, on as many threads as the machine has processors where there is enough to do. */
export async function wrapOnThreads(
  terms: WrappingTerms,
  recipients: readonly Recipient[],
): Promise<WrappingOutcome[]> {
  const threads = Math.min(availableParallelism(), Math.ceil(recipients.length / WORTH_A_THREAD));
  if (threads <= 1) return wrapKeys(terms, recipients);
  const share = Math.ceil(recipients.length / threads);
  const shares = Array.from({ length: threads }, (_, index) => recipients.slice(index * share, (index + 1) * share));
  return (await Promise.all(shares.map((some) => wrapOnThread(terms, some)))).flat();
}

function wrapOnThread(terms: WrappingTerms, recipients: readonly Recipient[]): Promise<WrappingOutcome[]> {
  const key = Uint8Array.from(terms.key.expose());
  const ownerPrivateKey = Uint8Array.from(terms.ownerPrivateKey);
  const order: ThreadOrder = { ...terms, key, ownerPrivateKey, recipients };
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./grant-worker.ts', import.meta.url), {
      workerData: order,
      transferList: [key.buffer, ownerPrivateKey.buffer],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('A thread ended before it had wrapped its keys.')));
  });
}
