/** Reads what was thrown. By its shape, not its class: errors also come from libraries and other contexts. */

const isErrorLike = (thrown: unknown): thrown is Error =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string';

export const messageOf = (thrown: unknown): string => (isErrorLike(thrown) ? thrown.message : String(thrown)).trim();

/** The code of a system error, for instance `ENOENT`. */
export const codeOf = (thrown: unknown): string | undefined =>
  isErrorLike(thrown) && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;

export const nameOf = (thrown: unknown): string | undefined => (isErrorLike(thrown) ? thrown.name : undefined);

/** The HTTP status with which Docker Engine answered; `undefined` where it did not answer. */
export const statusOf = (thrown: unknown): number | undefined =>
  isErrorLike(thrown) && 'statusCode' in thrown && typeof thrown.statusCode === 'number'
    ? thrown.statusCode
    : undefined;

/** What was thrown, as something that can be thrown on. */
export const asError = (thrown: unknown): Error => (isErrorLike(thrown) ? thrown : new Error(messageOf(thrown)));
