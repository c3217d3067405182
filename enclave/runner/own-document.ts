/**
 * An attestation document as the runner that it is about reads it. The host fetched it from the attestor, and callers
 * verify its signature; the runner makes sure that it is about itself and the function that it really has.
 */
import type { AttestationDocument } from '../../crypto/attestation/document.ts';
import { parseAttestationDocument, SOFTWARE_REGISTERS } from '../../crypto/attestation/document.ts';
import { sha256Of } from '../../crypto/function-bundle.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import type { OwnKeys } from './keys.ts';

/** Reads a document that names the runner's own keys. Fails with `E_ATTESTATION`. */
export function readOwnDocument(bytes: Buffer, { channel, receipt }: OwnKeys): AttestationDocument {
  const document = parseAttestationDocument(bytes);
  const isOwn = isSame(document.channelKey, channel.publicKey) && isSame(document.receiptKey, receipt.publicKey);
  if (document.tee === 'software' && isOwn) return document;
  throw notOwn('It names the keys of another runner.');
}

export const functionOf = ({ registers }: AttestationDocument): Sha256 | undefined =>
  registers.get(SOFTWARE_REGISTERS.functionChecksum) as Sha256 | undefined;

/** Fails with `E_ATTESTATION` unless the document vouches for exactly this release policy. */
export function requireReleasePolicy({ registers }: AttestationDocument, releasePolicy: string): void {
  if (registers.get(SOFTWARE_REGISTERS.releasePolicy) === sha256Of(releasePolicy)) return;
  throw notOwn('It vouches for another release policy.');
}

const isSame = (one: Uint8Array | null, other: Uint8Array): boolean => one !== null && Buffer.from(one).equals(other);

export const notOwn = (why: string) =>
  new StrongroomError('E_ATTESTATION', 'The attestation document is not about this runner.', { why });
