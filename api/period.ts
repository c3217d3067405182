/** The time that a list is narrowed to, as callers write it. */
import { StrongroomError } from '../domain/errors.ts';

export interface PeriodQuery {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

/** Fails with `E_INVALID_REQUEST` for what looks like a moment, and is none. */
export const toPeriod = ({ from, until }: PeriodQuery): { from: Date | undefined; until: Date | undefined } => ({
  from: toMoment(from, 'from'),
  until: toMoment(until, 'until'),
});

function toMoment(text: string | undefined, name: string): Date | undefined {
  if (text === undefined) return undefined;
  const moment = new Date(text);
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new StrongroomError('E_INVALID_REQUEST', `${name} is no moment.`, {
    next: 'Write it like 2027-01-31T12:00:00Z.',
  });
}
