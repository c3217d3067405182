/** Tells an absent database from a wrong question. */
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);
/** Shutting down, crashed, starting up, no connections left, read-only after a failover. */
const POSTGRES = new Set(['57P01', '57P02', '57P03', '53300', '25006']);
/** What `pg` itself says; it has no codes for these. */
const MESSAGES = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect/,
  /^Client has encountered a connection error/,
];

export function isDatabaseAway(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause, errors, syscall } = error as Record<string, unknown>;
  // A name with several addresses fails once for each.
  if (Array.isArray(errors) && errors.some(isDatabaseAway)) return true;
  // Its socket, not just any file.
  if (code === 'ENOENT' && syscall === 'connect') return true;
  if (typeof code === 'string' && (NETWORK.has(code) || POSTGRES.has(code) || /^08...$/.test(code))) return true;
  if (typeof message === 'string' && MESSAGES.some((pattern) => pattern.test(message))) return true;
  return cause !== undefined && isDatabaseAway(cause);
}
