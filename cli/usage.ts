import { StrongroomError } from '../domain/errors.ts';

/** Names a mistake in the command line; `next` is what to write instead. */
export const usage = (what: string, next?: string): StrongroomError =>
  new StrongroomError('E_USAGE', what, next === undefined ? {} : { next });
