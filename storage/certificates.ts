/** Certificates that the platform's authority certified. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { EmailAddress, Fingerprint, Handle } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { listContainersFor } from './authorisation.ts';
import { consumeChallenge } from './certificate-challenges.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents } from './events.ts';
import type { AccountId } from './tables.ts';
import { byNewest, byText, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface Certificate {
  readonly fingerprint: Fingerprint;
  readonly account: Handle;
  readonly email: EmailAddress;
  /** Armored, with the authority's certification. */
  readonly certificate: string;
  readonly state: 'valid' | 'expired' | 'revoked';
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly reason: string | null;
}

const STATE_NOW = sql<Certificate['state']>`CASE WHEN state = 'valid' AND expires_at <= now()
  THEN 'expired' ELSE state END`;

const selectCertificates = (db: Db | Trx) =>
  db
    .selectFrom('certificates')
    .innerJoin('accounts', 'accounts.id', 'certificates.accountId')
    .select([
      'certificates.fingerprint',
      'accounts.handle as account',
      'certificates.email',
      'certificates.certificate',
      STATE_NOW.as('state'),
      'certificates.issuedAt',
      'certificates.expiresAt',
      'certificates.revokedAt',
      'certificates.reason',
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof selectCertificates>['execute']>>[number];

const toCertificate = (row: Row): Certificate => ({
  ...row,
  issuedAt: row.issuedAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
  revokedAt: row.revokedAt?.toISOString() ?? null,
});

export async function findCertificate(db: Db | Trx, fingerprint: Fingerprint): Promise<Certificate | undefined> {
  const row = await selectCertificates(db).where('fingerprint', '=', fingerprint).executeTakeFirst();
  return row && toCertificate(row);
}

/** The account's certificates, the newest first. */
export async function listCertificates(
  db: Db,
  account: AccountId,
  { state }: { readonly state?: Certificate['state'] | undefined },
  page: PageRequest,
): Promise<Page<Certificate>> {
  const own = selectCertificates(db)
    .where('accountId', '=', account)
    .$if(state !== undefined, (some) => some.where(STATE_NOW, '=', state ?? 'valid'));
  const order = [byNewest('certificates.issuedAt'), byText('certificates.fingerprint')];
  return mapPage(await readPage(own, order, page), toCertificate);
}

/** A certificate that the viewer may see: its own, or that of someone authorised to run one of its containers. */
export async function findVisibleCertificate(
  db: Db,
  fingerprint: Fingerprint,
  viewer: AccountId,
): Promise<Certificate | undefined> {
  const holder = await db
    .selectFrom('certificates')
    .select('accountId')
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
  if (!holder) return undefined;
  if (holder.accountId === viewer) return findCertificate(db, fingerprint);
  const containers = await listContainersFor(db, holder.accountId);
  return containers.some((container) => container.ownerId === viewer) ? findCertificate(db, fingerprint) : undefined;
}

export interface NewCertificate {
  readonly accountId: AccountId;
  readonly email: EmailAddress;
  readonly fingerprint: Fingerprint;
  /** Armored, with the authority's certification. */
  readonly certificate: string;
  readonly expiresAt: string;
  /** What the proof of possession signed. */
  readonly challenge: string;
}

/**
 * Records a certified certificate, uses its challenge up, and tells the owners whose containers it may open. A repeat
 * answers with the same certificate. Fails with `E_EMAIL_NOT_VERIFIED`, `E_CERTIFICATE_NOT_CERTIFIED` for an address
 * that is not the account's, `E_INVALID_REQUEST` for a challenge that does not hold, `E_ALREADY_EXISTS` beside a valid
 * certificate and `E_CERTIFICATE_REVOKED` for one that was revoked before.
 */
export async function insertCertificate(trx: Trx, certificate: NewCertificate): Promise<Certificate> {
  const { accountId, email, fingerprint } = certificate;
  const account = await lockAccount(trx, accountId);
  const earlier = await findCertificate(trx, fingerprint);
  if (earlier) return checkRepeat(earlier, account);
  await checkAllowed(trx, account, email);
  await consumeChallenge(trx, accountId, certificate.challenge);
  const { expiresAt, certificate: armored } = certificate;
  await trx
    .insertInto('certificates')
    .values({ fingerprint, accountId, email, certificate: armored, expiresAt })
    .execute();
  await recordAudit(trx, {
    action: 'certificate.issued',
    subject: `certificate/${fingerprint}`,
    before: null,
    after: { account: account.handle, state: 'valid', expiresAt },
  });
  const containers = await listContainersFor(trx, accountId);
  await recordEvents(
    trx,
    containers.map(({ ownerId, ...subject }) => ({
      ...subject,
      audience: ownerId,
      type: 'certificate.issued',
      account: account.handle,
      fingerprint,
    })),
  );
  const inserted = await findCertificate(trx, fingerprint);
  if (inserted) return inserted;
  throw new Error(`Certificate ${fingerprint} is not there after its insertion.`);
}

async function lockAccount(trx: Trx, id: AccountId): Promise<Pick<Account, 'handle' | 'email' | 'emailVerified'>> {
  const account = await trx
    .selectFrom('accounts')
    .select(['handle', 'email', 'emailVerified'])
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (account) return account;
  throw new StrongroomError('E_NOT_FOUND', 'The account is not there any more.');
}

function checkRepeat(earlier: Certificate, account: { handle: Handle }): Certificate {
  if (earlier.account !== account.handle) {
    throw new StrongroomError('E_ALREADY_EXISTS', 'This certificate belongs to another account.', {
      next: 'Make a new one: strongroom certificate create',
    });
  }
  if (earlier.state === 'valid') return earlier;
  const code = earlier.state === 'revoked' ? 'E_CERTIFICATE_REVOKED' : 'E_CERTIFICATE_EXPIRED';
  throw new StrongroomError(code, `This certificate is ${earlier.state}.`, {
    next: 'Make a new one: strongroom certificate create',
  });
}

/** What must be true of an account before a certificate of its is certified; the API asks it beforehand. */
export async function checkAllowed(
  trx: Db | Trx,
  account: { readonly handle: Handle; readonly email: EmailAddress; readonly emailVerified: boolean },
  email: EmailAddress,
): Promise<void> {
  if (!account.emailVerified) {
    throw new StrongroomError('E_EMAIL_NOT_VERIFIED', `The address ${account.email} is not verified.`, {
      why: 'A certificate ties a key to an address.',
      next: 'Follow the link in the verification mail.',
    });
  }
  if (account.email !== email) {
    throw new StrongroomError('E_CERTIFICATE_NOT_CERTIFIED', `The certificate is not for ${account.email}.`);
  }
  const valid = await trx
    .selectFrom('certificates')
    .innerJoin('accounts', 'accounts.id', 'certificates.accountId')
    .select(['fingerprint', sql<boolean>`expires_at <= now()`.as('expired')])
    .where('accounts.handle', '=', account.handle)
    .where('certificates.state', '=', 'valid')
    .executeTakeFirst();
  if (!valid) return;
  if (valid.expired) {
    await trx
      .updateTable('certificates')
      .set({ state: 'expired' })
      .where('fingerprint', '=', valid.fingerprint)
      .execute();
    return;
  }
  throw new StrongroomError('E_ALREADY_EXISTS', `You have a valid certificate, ${valid.fingerprint}.`, {
    why: 'An account has one at a time.',
    next: 'Use it, or revoke it first: strongroom certificate revoke',
  });
}
