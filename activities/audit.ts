/** The audit log's signature; the key is only on the worker, so whoever has the API and the database cannot sign. */
import { signCheckpoint } from '../crypto/transparency/checkpoint.ts';
import { formatVerifierKey } from '../crypto/transparency/signed-note.ts';
import { NO_ENTRY } from '../domain/audit.ts';
import { findAuditHead } from '../storage/audit-entries.ts';
import type { SignedAuditHead } from '../workflows/sign-audit-head/contract.ts';
import type { Platform } from './platform.ts';

export interface AuditActivities {
  signAuditHead(): Promise<SignedAuditHead>;
}

export const createAuditActivities = ({ db, auditSigner }: Pick<Platform, 'db' | 'auditSigner'>): AuditActivities => ({
  async signAuditHead() {
    const { sequence, hash } = (await findAuditHead(db)) ?? { sequence: 0, hash: NO_ENTRY };
    const head = { size: sequence, root: Uint8Array.from(Buffer.from(hash, 'hex')) };
    const { verifier, key } = auditSigner;
    return { note: signCheckpoint(head, verifier, key), key: formatVerifierKey(verifier) };
  },
});
