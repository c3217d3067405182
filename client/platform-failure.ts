/** What went wrong between a caller and the platform. The caller's token is in none of these. */
import { fromErrorFields, isErrorCode, StrongroomError } from '../domain/errors.ts';

/** Nobody answered at `baseUrl`. */
export function unreachable(baseUrl: string, cause: unknown): StrongroomError {
  return new StrongroomError('E_UNAVAILABLE', `The platform at ${baseUrl} does not answer.`, {
    why: innermostMessage(cause),
    next: 'Check the address and the network, and try again.',
    cause,
  });
}

/** `fetch` says only that it failed; the cause says how. Read by shape, as errors also come from other contexts. */
function innermostMessage(error: unknown): string {
  const { message, cause, code } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  if (typeof cause === 'object' && cause !== null) return innermostMessage(cause);
  return (
    [message, code].find((text): text is string => typeof text === 'string' && text !== '') ?? 'The connection failed.'
  );
}

/** The platform's problem details as an error; what is not one came from something else at that address. */
export function toStrongroomError(problem: unknown, response: Response, baseUrl: string): StrongroomError {
  if (typeof problem === 'object' && problem !== null && 'code' in problem && isErrorCode(problem.code)) {
    const { code } = problem;
    const text = (name: 'detail' | 'why' | 'next') => {
      const value = (problem as Record<string, unknown>)[name];
      return typeof value === 'string' ? value : undefined;
    };
    return fromErrorFields({ code, message: text('detail') ?? code, why: text('why'), next: text('next') });
  }
  return new StrongroomError(
    'E_UNAVAILABLE',
    `${baseUrl} answered with ${response.status}, but not as the platform does.`,
    {
      next: 'Check that this is the address of the platform.',
    },
  );
}
