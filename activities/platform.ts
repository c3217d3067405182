/** What the activities of the platform's worker work with. */
import type { KeyObject } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { AddressPolicy } from '../client/address-policy.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Db } from '../storage/database.ts';
import type { SendMail } from '../storage/mail.ts';
import type { NoteVerifier } from '../crypto/transparency/signed-note.ts';
import type { Fingerprint } from '../domain/ids.ts';

export interface Platform {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly temporal: Client;
  readonly sendMail: SendMail;
  readonly uploadsFolder: string;
  readonly authority: CertificateAuthority;
  readonly auditSigner: AuditSigner;
  readonly webhooks: WebhookSending;
}

export interface WebhookSending {
  /** RSA, to open secrets with; only here, too. */
  readonly key: KeyObject;
  /** Where webhooks may lead. */
  readonly policy: AddressPolicy;
}

/** Signs heads of the audit log. Its key, too, is only here. */
export interface AuditSigner {
  readonly verifier: NoteVerifier;
  readonly key: KeyObject;
}

/** The platform's certificate authority. Its key is only here, never in the API's process. */
export interface CertificateAuthority {
  readonly certificate: string;
  readonly fingerprint: Fingerprint;
  readonly privateKey: Buffer;
}
