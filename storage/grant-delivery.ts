/** The one place where a wrapped key leaves the database: to the account whose certificate it is wrapped to. */
import { sql } from 'kysely';
import type { HostedArchive } from '../domain/archive.ts';
import { StrongroomError, type ErrorCode } from '../domain/errors.ts';
import type { GrantBinding } from '../domain/grant.ts';
import { formatContainerRef, type BenchmarkName, type ContainerRef, type ImageDigest } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { isAuthorised } from './authorisation.ts';
import { findCertificate, type Certificate } from './certificates.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

export interface GrantDelivery {
  /** The wrapped key: an OpenPGP message, armored. */
  readonly message: string;
  readonly binding: GrantBinding;
  readonly archive: HostedArchive;
  readonly imageDigest: ImageDigest;
  readonly plaintextSize: number;
  readonly config: string;
  /** By which the message's signature is checked. */
  readonly ownerCertificate: Certificate;
}

/**
 * Hands out the recipient's wrapped key and notes that it was fetched. Fails with `E_NOT_FOUND` for what the recipient
 * may not even see, and with `E_NO_ACCESS`, `E_ACCESS_REVOKED`, `E_ACCESS_CLOSED`, `E_NOT_AUTHORISED` or
 * `E_CERTIFICATE_EXPIRED`, each with the reason and whom to ask.
 *
 * Check, read and note are one transaction that holds the grant's row: a revocation waits for it, or is seen by it. It
 * holds the container, too, so that key and archive belong together whatever is rotated meanwhile.
 */
export async function fetchGrant(
  db: Db,
  recipient: Account,
  container: ContainerRef,
  benchmark: BenchmarkName,
): Promise<GrantDelivery> {
  return db.transaction().execute(async (trx) => {
    const submission = await findSubmission(trx, container, benchmark);
    const grant = submission && (await lockGrant(trx, submission.association, recipient.id));
    const authorised = await isAuthorised(trx, recipient.id, benchmark);
    if (!submission || (!grant && !authorised)) throw notVisible(container, benchmark);
    const refuse = refusals(container, benchmark, submission);
    if (submission.state === 'closed') throw refuse('E_ACCESS_CLOSED', 'is closed', 'Its owner deleted all keys.');
    if (!grant) throw refuse('E_NO_ACCESS', 'was not granted to you');
    if (grant.state === 'revoked')
      throw refuse('E_ACCESS_REVOKED', 'was revoked', `The reason given: ${grant.reason ?? ''}`);
    if (!authorised) throw refuse('E_NOT_AUTHORISED', 'needs an approved dataset', `You have none in ${benchmark}.`);
    if (grant.certificateExpired) throw certificateExpired(grant.fingerprint);
    if (grant.message === null || grant.expired) {
      throw refuse('E_NO_ACCESS', 'has ended', `It was granted until ${grant.expiresAt?.toISOString() ?? 'then'}.`);
    }
    await trx
      .updateTable('grants')
      .set({ lastFetchedAt: sql<Date>`now()` })
      .where('id', '=', grant.id)
      .execute();
    const ownerCertificate = await findCertificate(trx, grant.signer);
    if (!ownerCertificate) throw new Error(`The signer ${grant.signer} of a grant is not there.`);
    return {
      message: grant.message,
      binding: {
        container,
        archive: submission.archiveSha256,
        benchmark,
        recipient: grant.fingerprint,
        expiresAt: grant.expiresAt?.toISOString() ?? null,
      },
      archive: { url: submission.archiveUrl, sha256: submission.archiveSha256, size: submission.archiveSize },
      imageDigest: submission.imageDigest,
      plaintextSize: submission.plaintextSize,
      config: submission.config,
      ownerCertificate,
    };
  });
}

/** The container's association in the benchmark: the approved one, or else the last that was. Holds the container. */
function findSubmission(trx: Trx, { owner, name }: ContainerRef, benchmark: BenchmarkName) {
  return trx
    .selectFrom('associations')
    .innerJoin('containers', 'containers.id', 'associations.containerId')
    .innerJoin('accounts', 'accounts.id', 'containers.ownerId')
    .select(['associations.id as association', 'associations.state', 'accounts.handle', 'accounts.email'])
    .select(['archiveUrl', 'archiveSha256', 'archiveSize', 'imageDigest', 'plaintextSize', 'config'])
    .where('accounts.handle', '=', owner)
    .where('containers.name', '=', name)
    .where('associations.benchmark', '=', benchmark)
    .where('associations.state', 'in', ['approved', 'closed'])
    .where('associations.decidedAt', 'is not', null)
    .orderBy(sql`associations.state = 'approved'`, 'desc')
    .orderBy('associations.closedAt', 'desc')
    .forShare('containers')
    .executeTakeFirst();
}

/** The account's grant there: the valid one, or else the last. */
function lockGrant(trx: Trx, association: NonNullable<Submission>['association'], recipient: AccountId) {
  return trx
    .selectFrom('grants')
    .innerJoin('certificates', 'certificates.fingerprint', 'grants.fingerprint')
    .select(['grants.id', 'grants.fingerprint', 'grants.signer', 'grants.message', 'grants.state', 'grants.reason'])
    .select(['grants.expiresAt', sql<boolean>`coalesce(grants.expires_at <= now(), false)`.as('expired')])
    .select(sql<boolean>`certificates.expires_at <= now()`.as('certificateExpired'))
    .where('grants.associationId', '=', association)
    .where('certificates.accountId', '=', recipient)
    .orderBy(sql`grants.state = 'valid'`, 'desc')
    .orderBy('grants.grantedAt', 'desc')
    .limit(1)
    .forNoKeyUpdate('grants')
    .executeTakeFirst();
}

type Submission = Awaited<ReturnType<typeof findSubmission>>;

const notVisible = (container: ContainerRef, benchmark: BenchmarkName) =>
  new StrongroomError(
    'E_NOT_FOUND',
    `There is no container ${formatContainerRef(container)} in ${benchmark} for you.`,
    {
      why: 'It is not there, not approved, or none of your datasets is approved there.',
      next: 'Check both names, and that your dataset is approved: strongroom review list',
    },
  );

function refusals(container: ContainerRef, benchmark: BenchmarkName, { handle, email }: NonNullable<Submission>) {
  return (code: ErrorCode, what: string, why?: string) =>
    new StrongroomError(code, `The access to ${formatContainerRef(container)} in ${benchmark} ${what}.`, {
      ...(why !== undefined && { why }),
      next: `Ask its owner, ${handle} (${email}).`,
    });
}

const certificateExpired = (fingerprint: string) =>
  new StrongroomError('E_CERTIFICATE_EXPIRED', `Your certificate ${fingerprint} has expired.`, {
    why: 'The key was wrapped to it.',
    next: 'Make a new one: strongroom certificate create',
  });
