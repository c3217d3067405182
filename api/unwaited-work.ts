/** Work that no answer waits for: how long an answer takes then tells nothing about it. */
import type { FastifyBaseLogger } from 'fastify';

export interface UnwaitedWork {
  /** Begins `work` and returns at once. A failure is logged as `what`; nobody else hears of it. */
  begin(what: string, work: () => Promise<unknown>): void;
  /** Resolves when all that was begun so far has ended. */
  ended(): Promise<void>;
}

export function openUnwaitedWork(logger: FastifyBaseLogger | false): UnwaitedWork {
  const running = new Set<Promise<void>>();
  return {
    begin(what, work) {
      const run: Promise<void> = work()
        .then(
          () => undefined,
          (error: unknown) => {
            if (logger) logger.error({ err: error }, what);
          },
        )
        .finally(() => running.delete(run));
      running.add(run);
    },
    async ended() {
      await Promise.all(running);
    },
  };
}
