/** The audit log: who decided something or changed access, on what, from what to what. */
import { canonicalJson, type Json } from './canonical-json.ts';
import type { Handle, Sha256 } from './ids.ts';

/** What is written down: every decision, and every change of who has access to what. */
export const AUDIT_ACTIONS = [
  'access-token.created',
  'access-token.revoked',
  'access.closed',
  'account.linked',
  'account.logged-out',
  'account.password-set',
  'association.changes-requested',
  'association.closed',
  'association.decided',
  'association.requested',
  'association.submitted-again',
  'benchmark.closed',
  'benchmark.container-invited',
  'benchmark.created',
  'benchmark.invitation-withdrawn',
  'benchmark.member-added',
  'benchmark.member-removed',
  'benchmark.policy-changed',
  'certificate.issued',
  'certificate.revoked',
  'container.rotated',
  'device-login.approved',
  'device-login.refused',
  'grant.created',
  'grant.revoked',
  'job.deleted',
  'sealing-key.rotated',
  'session.begun',
  'session.ended',
  'vote.cast',
  'webhook.changed',
  'webhook.created',
  'webhook.deleted',
  'webhook.disabled',
  'webhook.enabled',
  'webhook.secret-rotated',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Who acts. Without an account: a caller that has none, or, where there is no request either, the platform itself. */
export interface Author {
  readonly account: Handle | null;
  /** The id of the session or access token; never the token. */
  readonly token: string | null;
  readonly requestId: string | null;
}

export const THE_PLATFORM: Author = { account: null, token: null, requestId: null };

/** Facts in the words of the API. No key, token, e-mail address or wrapped key among them. */
export type AuditFacts = Readonly<Record<string, Json | undefined>>;

export interface AuditRecord {
  readonly action: AuditAction;
  /** A kind and an id, for instance `certificate/<fingerprint>`. */
  readonly subject: string;
  /** `null` where there was nothing. */
  readonly before: AuditFacts | null;
  /** `null` where nothing is left. */
  readonly after: AuditFacts | null;
}

export interface AuditEntry extends Author, AuditRecord {
  /** From 1, without a gap. */
  readonly sequence: number;
  /** ISO 8601 in UTC, to the millisecond; never before that of the entry before. */
  readonly at: string;
  readonly hash: Sha256;
}

/** What an entry says, in its one form. */
export const auditContent = (
  { account, token, requestId }: Author,
  { action, subject, before, after }: AuditRecord,
): string => canonicalJson({ account, token, requestId, action, subject, before, after });

/** The hash before the first entry's. */
export const NO_ENTRY = '0'.repeat(64);

/**
 * What an entry's SHA-256 is taken of: five lines, of which the last is the content. The database writes the same when
 * it seals an entry, see `storage/migrations/2026-11-24-audit.ts`.
 */
export const auditPreimage = (entry: AuditEntry, previousHash: string): string =>
  ['strongroom audit entry v1', entry.sequence, entry.at, previousHash, auditContent(entry, entry)].join('\n');
