/** Log-ins of devices that wait for a person. A device's code is a secret: the database has its hash. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { sql } from 'kysely';
import {
  DEVICE_LOGIN_SECONDS,
  POLL_SECONDS,
  SLOW_DOWN_SECONDS,
  USER_CODE_LENGTH,
  USER_CODE_LETTERS,
  type UserCode,
} from '../domain/device-login.ts';
import type { Sha256 } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

/** From where a log-in is asked for, as far as the platform can see. */
export interface DeviceOrigin {
  readonly networkAddress: string;
  /** The program, as it calls itself. */
  readonly program: string;
}

export interface DeviceLogin extends DeviceOrigin {
  readonly userCode: UserCode;
  readonly requestedAt: string;
  readonly expiresAt: string;
}

export interface NewDeviceLogin {
  /** Only the device has it. */
  readonly deviceCode: string;
  readonly userCode: UserCode;
}

const digestOf = (deviceCode: string): Sha256 => createHash('sha256').update(deviceCode).digest('hex') as Sha256;

const makeUserCode = (): UserCode =>
  Array.from({ length: USER_CODE_LENGTH }, () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)]).join(
    '',
  ) as UserCode;

/** Fails with the database's error in the one case in 10^10 that the user's code is another's. */
export async function insertDeviceLogin(db: Db, origin: DeviceOrigin): Promise<NewDeviceLogin> {
  await db
    .deleteFrom('deviceLogins')
    .where('expiresAt', '<', sql<Date>`now()`)
    .execute();
  const deviceCode = randomBytes(32).toString('base64url');
  const userCode = makeUserCode();
  await db
    .insertInto('deviceLogins')
    .values({
      ...origin,
      deviceSha256: digestOf(deviceCode),
      userCode,
      pollSeconds: POLL_SECONDS,
      expiresAt: sql<Date>`now() + ${DEVICE_LOGIN_SECONDS} * interval '1 second'`,
    })
    .execute();
  return { deviceCode, userCode };
}

/** One that still waits for a person. */
export async function findDeviceLogin(db: Db, userCode: UserCode): Promise<DeviceLogin | undefined> {
  const found = await db
    .selectFrom('deviceLogins')
    .select(['userCode', 'networkAddress', 'program', 'requestedAt', 'expiresAt'])
    .where('userCode', '=', userCode)
    .where('state', '=', 'waiting')
    .where('expiresAt', '>', sql<Date>`now()`)
    .executeTakeFirst();
  if (!found) return undefined;
  const { requestedAt, expiresAt, ...rest } = found;
  return { ...rest, requestedAt: requestedAt.toISOString(), expiresAt: expiresAt.toISOString() };
}

/** Approves or refuses, once; `false` where there is none that waits. */
export async function decideDeviceLogin(
  db: Db,
  userCode: UserCode,
  account: Account,
  state: 'approved' | 'refused',
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const decided = await trx
      .updateTable('deviceLogins')
      .set({ state, accountId: account.id })
      .where('userCode', '=', userCode)
      .where('state', '=', 'waiting')
      .where('expiresAt', '>', sql<Date>`now()`)
      .returning(['networkAddress', 'program'])
      .executeTakeFirst();
    if (!decided) return false;
    await recordAudit(trx, {
      action: `device-login.${state}`,
      subject: `account/${account.handle}`,
      before: null,
      after: { ...decided },
    });
    return true;
  });
}

export type DeviceAnswer =
  /** The code is wrong, was used, or ran out. */
  | { readonly is: 'gone' }
  | { readonly is: 'waiting' }
  | { readonly is: 'too soon'; readonly pollSeconds: number }
  | { readonly is: 'refused' }
  | { readonly is: 'approved'; readonly accountId: AccountId };

/** What a device hears that asks. An approved or refused log-in is used up by it. */
export async function takeDeviceLogin(trx: Trx, deviceCode: string): Promise<DeviceAnswer> {
  const deviceSha256 = digestOf(deviceCode);
  const found = await trx
    .selectFrom('deviceLogins')
    .select(['state', 'accountId', 'pollSeconds'])
    .select(
      // Half a second for the way: a device that waits exactly as long as it was told is never too soon.
      sql<boolean>`coalesce(asked_at + poll_seconds * interval '1 second' > clock_timestamp() + interval '0.5 second', false)`.as(
        'tooSoon',
      ),
    )
    .where('deviceSha256', '=', deviceSha256)
    .where('expiresAt', '>', sql<Date>`now()`)
    .forUpdate()
    .executeTakeFirst();
  if (!found) return { is: 'gone' };
  const pollSeconds = found.pollSeconds + (found.tooSoon ? SLOW_DOWN_SECONDS : 0);
  if (found.tooSoon || found.state === 'waiting') {
    await trx
      .updateTable('deviceLogins')
      .set({ pollSeconds, askedAt: sql<Date>`clock_timestamp()` })
      .where('deviceSha256', '=', deviceSha256)
      .execute();
    return found.tooSoon ? { is: 'too soon', pollSeconds } : { is: 'waiting' };
  }
  await trx.deleteFrom('deviceLogins').where('deviceSha256', '=', deviceSha256).execute();
  return found.state === 'approved' && found.accountId !== null
    ? { is: 'approved', accountId: found.accountId }
    : { is: 'refused' };
}
