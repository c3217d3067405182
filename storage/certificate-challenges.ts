/** Challenges that a certificate's holder signs to prove possession of its key. Each is used once. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

const VALID_MINUTES = 10;

export interface Challenge {
  readonly challenge: string;
  readonly expiresAt: string;
}

/** A new challenge for the account; those of its that ran out are forgotten. */
export async function insertChallenge(db: Db, accountId: AccountId): Promise<Challenge> {
  const challenge = `strongroom-challenge-${randomBytes(32).toString('base64url')}`;
  await db
    .deleteFrom('certificateChallenges')
    .where('accountId', '=', accountId)
    .where('expiresAt', '<=', sql<Date>`now()`)
    .execute();
  const { expiresAt } = await db
    .insertInto('certificateChallenges')
    .values({ challenge, accountId, expiresAt: sql<Date>`now() + make_interval(mins => ${VALID_MINUTES})` })
    .returning('expiresAt')
    .executeTakeFirstOrThrow();
  return { challenge, expiresAt: expiresAt.toISOString() };
}

const doesNotHold = () =>
  new StrongroomError('E_INVALID_REQUEST', 'The challenge does not hold.', {
    why: 'It was used before, ran out, or belongs to another account.',
    next: 'Ask for a new one and sign that.',
  });

/** Fails with `E_INVALID_REQUEST` unless the challenge could be used now. */
export async function checkChallenge(db: Db, accountId: AccountId, challenge: string): Promise<void> {
  const found = await db
    .selectFrom('certificateChallenges')
    .select('challenge')
    .where('challenge', '=', challenge)
    .where('accountId', '=', accountId)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', sql<Date>`now()`)
    .executeTakeFirst();
  if (!found) throw doesNotHold();
}

/** Uses the challenge up. Of two at the same time one succeeds; the other fails with `E_INVALID_REQUEST`. */
export async function consumeChallenge(trx: Trx, accountId: AccountId, challenge: string): Promise<void> {
  const used = await trx
    .updateTable('certificateChallenges')
    .set({ usedAt: sql<Date>`now()` })
    .where('challenge', '=', challenge)
    .where('accountId', '=', accountId)
    .where('usedAt', 'is', null)
    // An activity that is tried again may come late; the API has seen the challenge while it held.
    .where('expiresAt', '>', sql<Date>`now() - interval '10 minutes'`)
    .executeTakeFirst();
  if (used.numUpdatedRows !== 1n) throw doesNotHold();
}
