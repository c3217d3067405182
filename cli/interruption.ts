/** Ctrl-C and SIGTERM: the first one asks the command to end and to clean up, the second one does not wait for it. */
import { EXIT } from '../domain/errors.ts';
import { interrupted } from './prompt.ts';

const CLEANUP_MS = 5000;
/** One Ctrl-C may come twice: from the terminal, and from the launcher that passes it on. */
const SAME_MS = 300;

export interface Interruption {
  readonly signal: AbortSignal;
  /** The work's own end, or `E_INTERRUPTED` where it does not end soon after an interruption. */
  orEnd<Result>(work: Promise<Result>): Promise<Result>;
}

export function interruption(): Interruption {
  const controller = new AbortController();
  let first: number | null = null;
  const interrupt = () => {
    if (first !== null && Date.now() - first > SAME_MS) process.exit(EXIT.interrupted);
    first ??= Date.now();
    controller.abort(interrupted());
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const overdue = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => setTimeout(() => reject(interrupted()), CLEANUP_MS));
  });
  return {
    signal: controller.signal,
    orEnd: async (work) => {
      try {
        return await Promise.race([work, overdue]);
      } catch (error) {
        const own = error instanceof Error && error.name === 'StrongroomError';
        throw controller.signal.aborted && !own ? interrupted() : error;
      }
    },
  };
}
