/** To whom access can be granted: the authorised data owners of a benchmark, with their certificates. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { GrantOrigin } from '../domain/grant.ts';
import type { AssociationId, EmailAddress, Fingerprint, Handle } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import type { Db, Trx } from './database.ts';
import { newestEventId } from './events.ts';
import { holdCertificates, readOwnAccess, type OwnAccess } from './grant-locks.ts';
import type { AccountId } from './tables.ts';

export interface NewGrant {
  readonly fingerprint: Fingerprint;
  /** The wrapped key: an OpenPGP message, armored. */
  readonly message: string;
  readonly origin: GrantOrigin;
  /** ISO 8601; `null` for a grant that ends only by revocation. */
  readonly expiresAt: string | null;
}

export interface Recipient {
  readonly account: Handle;
  readonly email: EmailAddress;
  readonly certificate: {
    readonly fingerprint: Fingerprint;
    readonly certificate: string;
    readonly expiresAt: string;
  } | null;
  readonly granted: boolean;
  /** Whether access of this address was revoked: auto-grant passes it over. */
  readonly revoked: boolean;
}

export interface RecipientPage {
  readonly items: readonly Recipient[];
  /** To be handed in as `since` next time. */
  readonly cursor: number;
}

/**
 * The authorised data owners, or with `since` only those of whom there is news: they became authorised or got a
 * certificate after the page whose `cursor` that was. For the owner of an approved container only.
 */
export async function listRecipients(
  db: Db,
  owner: Account,
  id: AssociationId,
  since: number | null,
): Promise<RecipientPage> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const access = await readOwnAccess(trx, owner, id);
      const cursor = await newestEventId(trx, owner.id);
      const rows = await selectRecipients(trx, access)
        .$if(since !== null, (some) =>
          some.where('accounts.handle', 'in', (query) =>
            query
              .selectFrom('events')
              .select(sql<Handle>`account`.as('account'))
              .where('audience', '=', owner.id)
              .where('id', '>', since ?? 0)
              .where('association', '=', id)
              .where('type', 'in', ['certificate.issued', 'data-owner.authorised']),
          ),
        )
        .execute();
      return { items: rows.map(toRecipient), cursor: Math.max(cursor, since ?? 0) };
    });
}

function selectRecipients(trx: Trx, { id, benchmark }: OwnAccess) {
  return trx
    .selectFrom('accounts')
    .leftJoin('certificates', (join) =>
      join
        .onRef('certificates.accountId', '=', 'accounts.id')
        .on('certificates.state', '=', 'valid')
        .on('certificates.expiresAt', '>', sql<Date>`now()`),
    )
    .leftJoin('grants', (join) =>
      join
        .onRef('grants.fingerprint', '=', 'certificates.fingerprint')
        .on('grants.associationId', '=', id)
        .on('grants.state', '=', 'valid'),
    )
    .leftJoin('revokedAddresses', (join) =>
      join.onRef('revokedAddresses.email', '=', 'accounts.email').on('revokedAddresses.associationId', '=', id),
    )
    .select(['accounts.handle', 'accounts.email', 'certificates.fingerprint', 'certificates.certificate'])
    .select(['certificates.expiresAt', 'revokedAddresses.revokedAt'])
    .select(
      sql<boolean>`grants.id IS NOT NULL AND (grants.expires_at IS NULL OR grants.expires_at > now())`.as('granted'),
    )
    .where('accounts.id', 'in', (query) =>
      query
        .selectFrom('associations')
        .select('ownerId')
        .where('kind', '=', 'dataset')
        .where('state', '=', 'approved')
        .where('benchmark', '=', benchmark),
    )
    .orderBy('accounts.handle');
}

type Row = Awaited<ReturnType<ReturnType<typeof selectRecipients>['execute']>>[number];

function toRecipient({ handle, email, fingerprint, certificate, expiresAt, revokedAt, granted }: Row): Recipient {
  const complete = fingerprint !== null && certificate !== null && expiresAt !== null;
  return {
    account: handle,
    email,
    certificate: complete ? { fingerprint, certificate, expiresAt: expiresAt.toISOString() } : null,
    granted,
    revoked: revokedAt !== null,
  };
}

/** The certificate by which the owner's signature on a grant can be checked. Fails with `E_NO_CERTIFICATE`. */
export async function findSigner(trx: Trx, owner: Account): Promise<Fingerprint> {
  const own = await trx
    .selectFrom('certificates')
    .select('fingerprint')
    .where('accountId', '=', owner.id)
    .where('state', '=', 'valid')
    .where('expiresAt', '>', sql<Date>`now()`)
    .executeTakeFirst();
  if (own) return own.fingerprint;
  throw new StrongroomError('E_NO_CERTIFICATE', 'You have no valid certificate.', {
    why: 'A grant is signed by the owner, and recipients check the signature.',
    next: 'Get one: strongroom certificate create',
  });
}

export interface CheckedRecipient {
  readonly accountId: AccountId;
  readonly account: Handle;
  readonly email: EmailAddress;
  readonly fingerprint: Fingerprint;
}

/**
 * The recipients of new grants, each of whom may have one. Their certificates stay as they are until the transaction
 * ends: a revocation that comes meanwhile waits, and then ends the new grant too.
 */
export async function findRecipients(
  trx: Trx,
  access: OwnAccess,
  grants: readonly NewGrant[],
): Promise<CheckedRecipient[]> {
  const fingerprints = grants.map((grant) => grant.fingerprint);
  if (new Set(fingerprints).size < fingerprints.length) {
    throw new StrongroomError('E_INVALID_REQUEST', 'A certificate is named twice.');
  }
  await holdCertificates(trx, fingerprints);
  const certificates = await trx
    .selectFrom('certificates')
    .innerJoin('accounts', 'accounts.id', 'certificates.accountId')
    .select(['certificates.fingerprint', 'certificates.email', 'certificates.state', 'certificates.accountId'])
    .select(['accounts.handle as account', sql<boolean>`certificates.expires_at <= now()`.as('expired')])
    .select(isAuthorisedIn(access).as('authorised'))
    .select(isRevokedIn(access).as('revoked'))
    .where('certificates.fingerprint', 'in', fingerprints)
    .execute();
  const found = new Map(certificates.map((certificate) => [certificate.fingerprint, certificate]));
  return grants.map((grant) => {
    const certificate = found.get(grant.fingerprint);
    checkRecipient(grant, certificate, access);
    const { accountId, account, email, fingerprint } = certificate;
    return { accountId, account, email, fingerprint };
  });
}

const isAuthorisedIn = ({ benchmark }: OwnAccess) =>
  sql<boolean>`EXISTS (SELECT FROM associations WHERE kind = 'dataset' AND associations.state = 'approved'
    AND owner_id = certificates.account_id AND benchmark = ${benchmark})`;

const isRevokedIn = ({ id }: OwnAccess) =>
  sql<boolean>`EXISTS (SELECT FROM revoked_addresses WHERE association_id = ${id}
    AND revoked_addresses.email = certificates.email)`;

interface Candidate {
  readonly email: EmailAddress;
  readonly state: 'valid' | 'expired' | 'revoked';
  readonly expired: boolean;
  readonly authorised: boolean;
  readonly revoked: boolean;
}

function checkRecipient<Certificate extends Candidate>(
  { fingerprint, origin, expiresAt }: NewGrant,
  certificate: Certificate | undefined,
  { benchmark }: OwnAccess,
): asserts certificate is Certificate {
  if (!certificate) throw new StrongroomError('E_NOT_FOUND', `There is no certificate ${fingerprint}.`);
  const { email } = certificate;
  if (!certificate.authorised) {
    throw new StrongroomError('E_NOT_AUTHORISED', `${email} is not an authorised data owner of ${benchmark}.`, {
      why: 'None of its datasets is approved there.',
    });
  }
  if (certificate.state === 'revoked') {
    throw new StrongroomError('E_CERTIFICATE_REVOKED', `The certificate ${fingerprint} of ${email} is revoked.`);
  }
  if (certificate.expired) {
    throw new StrongroomError('E_CERTIFICATE_EXPIRED', `The certificate ${fingerprint} of ${email} has expired.`);
  }
  if (origin === 'auto' && certificate.revoked) {
    throw new StrongroomError('E_ACCESS_REVOKED', `The access of ${email} was revoked.`, {
      next: 'Grant it by hand if it should have access again.',
    });
  }
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) {
    throw new StrongroomError('E_INVALID_REQUEST', `Access cannot end at ${expiresAt}.`, {
      why: 'That is in the past.',
    });
  }
}
