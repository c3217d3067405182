/** What can be wrong with the transparency log, as its readers are told. */
import type { LogEntry } from '../../crypto/transparency/log-entry.ts';
import { StrongroomError } from '../../domain/errors.ts';

export const isMissing = (error: unknown): boolean => error instanceof StrongroomError && error.code === 'E_NOT_FOUND';

/** A log that refuses to lead on from where it was is shorter now. */
export const contradicted = (error: unknown): unknown =>
  error instanceof StrongroomError && error.code === 'E_INVALID_REQUEST'
    ? rewritten(`It is shorter than it was. ${error.message}`)
    : error;

export const isContradiction = (error: unknown): boolean =>
  error instanceof StrongroomError && error.code === 'E_LOG_INVALID';

export const otherView = (name: string, cause: unknown) =>
  new StrongroomError('E_LOG_INVALID', `The platform shows you another log than it shows the witness ${name}.`, {
    why: 'What the witness cosigned is no beginning of what is shown to you.',
    next: 'Send nothing. Both checkpoints are kept as evidence: strongroom log show. Tell who runs the witness.',
    cause,
  });

export const missing = (entry: LogEntry) =>
  new StrongroomError(
    'E_LOG_INVALID',
    entry.kind === 'user-key'
      ? `The key of ${entry.user} that the platform shows is not in its transparency log.`
      : 'The function that the platform shows is not in its transparency log.',
    {
      why: 'What is shown to you may be another one than what is shown to others.',
      next: "Send nothing. Compare with what others see, and ask the platform's operator.",
    },
  );

export const rewritten = (why: string) =>
  new StrongroomError('E_LOG_INVALID', 'The transparency log contradicts what it was before.', {
    why,
    next:
      'Rely on nothing of this platform until its operator has explained it. Both checkpoints are kept as evidence: ' +
      'strongroom log show. After an explanation, a restored backup for instance: strongroom log verify --accept',
  });

export const notWitnessed = (why: string, cause?: unknown) =>
  new StrongroomError('E_NOT_WITNESSED', 'A witness that you require has not seen this.', {
    why,
    next: 'Wait until the witness has looked again, and repeat the same; ask who runs it where that does not help.',
    ...(cause !== undefined && { cause }),
  });
