/** Signs documents of the type `software`: the operator's word for what its host measured. */
import type { Sha256 } from '../../domain/ids.ts';
import { encodeCbor } from './cbor.ts';
import { signCoseSign1 } from './cose-sign1.ts';
import { SOFTWARE_REGISTERS } from './document.ts';
import type { CertifiedKey } from './software-authority.ts';

export interface SoftwareMeasurements {
  /** Digest of all that the runner's process is made of: Node, the libraries and our code. */
  readonly runnerImage: Sha256;
  /** Digest of the sandbox's specification: arguments, system call filter, limits. */
  readonly sandbox: Sha256;
  readonly functionChecksum: Sha256;
  /** Digest of the list of the models' digests. */
  readonly models: Sha256;
  /** Digest of the policy by which keys are released to this runner. */
  readonly releasePolicy: Sha256;
}

export interface SoftwareClaims {
  /** Which runner this is, for people. */
  readonly moduleId: string;
  readonly measurements: SoftwareMeasurements;
  /** Raw X25519 public key, made inside the runner. */
  readonly channelKey: Uint8Array;
  /** Raw Ed25519 public key, made inside the runner; null for what signs no receipts. */
  readonly receiptKey: Uint8Array | null;
  /** The caller's, 32 bytes. */
  readonly nonce: Uint8Array;
  /** What else the measured program says, at most 4096 bytes. */
  readonly userData?: Uint8Array;
}

/** A document that says `claims` at the time `now`, signed by `attestor`. */
export function signSoftwareDocument(claims: SoftwareClaims, attestor: CertifiedKey, now: Date): Uint8Array {
  const registers = Object.entries(SOFTWARE_REGISTERS).map(([name, index]) => {
    const digest = claims.measurements[name as keyof SoftwareMeasurements];
    return [index, Uint8Array.from(Buffer.from(digest, 'hex'))] as const;
  });
  const payload = encodeCbor(
    new Map<string, Parameters<typeof encodeCbor>[0]>([
      ['tee', 'software'],
      ['module_id', claims.moduleId],
      ['digest', 'SHA256'],
      ['timestamp', now.getTime()],
      ['pcrs', new Map(registers)],
      ['certificate', attestor.certificate],
      ['cabundle', attestor.chain],
      ['public_key', claims.channelKey],
      ['receipt_key', claims.receiptKey],
      ['user_data', claims.userData ?? null],
      ['nonce', claims.nonce],
    ]),
  );
  return signCoseSign1(payload, attestor.privateKey);
}
