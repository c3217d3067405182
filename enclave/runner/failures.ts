/** Gives what went wrong inside a runner its name. The words of the function itself stay inside: they may tell of the input. */
import { StrongroomError } from '../../domain/errors.ts';

/** What a call in a closed sandbox ends with, by the system's names. */
const DENIED = new Set([
  'EPERM',
  'EACCES',
  'EROFS',
  'ENOSPC',
  'EFBIG',
  'ENETUNREACH',
  'EAFNOSUPPORT',
  'EAI_AGAIN',
  'ENOTFOUND',
]);
const OUT_OF_MEMORY =
  /array buffer allocation failed|invalid array (?:buffer )?length|bad_?alloc|out of memory|failed to allocate|cannot allocate|allocate memory/i;

/** The named error for whatever a handler or a library threw. */
export function nameFailure(thrown: unknown): StrongroomError {
  if (thrown instanceof StrongroomError) return thrown;
  const causes = causesOf(thrown);
  const memory = causes.some(
    ({ message, code }) => code === 'ENOMEM' || code === 'ERR_WORKER_OUT_OF_MEMORY' || OUT_OF_MEMORY.test(message),
  );
  if (memory) return outOfMemory();
  const denied = causes.find(
    ({ code, syscall, path }) => DENIED.has(code) || (code === 'ENOENT' && outside(path, syscall)),
  );
  if (denied) return deniedBy(denied.syscall);
  return new StrongroomError('E_FUNCTION_FAILED', 'The function failed.', {
    why: `Its handler threw ${causes[0]?.name ?? 'something that is no error'}.`,
    next: 'Test the function with the same input on your machine.',
  });
}

export const outOfMemory = () =>
  new StrongroomError('E_FUNCTION_MEMORY', 'The function needed more memory than its limit.', {
    next: 'Use less, or raise limits.memory_mb in function.yaml.',
  });

function deniedBy(syscall: string) {
  const what = /^[a-z0-9_]{1,24}$/.test(syscall) ? ` (${syscall})` : '';
  return new StrongroomError(
    'E_FUNCTION_DENIED',
    `The function tried something that its sandbox does not allow${what}.`,
    {
      why: 'It has no network, no other process and no file but its own in there.',
      next: 'Put everything that the function needs into its folder.',
    },
  );
}

/** A file that is nowhere in the sandbox, as opposed to one that the function forgot. */
const outside = (path: string, syscall: string) =>
  syscall !== '' && path.startsWith('/') && !path.startsWith('/function/');

interface Cause {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly syscall: string;
  readonly path: string;
}

/** The error, its cause, the cause of that, and so on. */
function causesOf(thrown: unknown): Cause[] {
  const found: Cause[] = [];
  let error = thrown;
  while (error instanceof Error && found.length < 8) {
    const fields = error as Error & Record<string, unknown>;
    const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
    found.push({
      name: plainName(error),
      message: error.message,
      code: text('code'),
      syscall: text('syscall'),
      path: text('path'),
    });
    error = error.cause;
  }
  return found;
}

/** The class of an error where it is one of the language's; a function could put anything into a name. */
function plainName(error: Error): string {
  const known = [TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError];
  return known.find((kind) => error instanceof kind)?.name ?? 'an error';
}
