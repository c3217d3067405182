/**
 * The attestor: it alone holds the key that signs documents, and makes itself a new one, certified by the host's key,
 * before three hours are over. It measures the programs itself; which function a runner has and which keys it made is
 * the runner's host's word, which the runner in turn checks against what it holds.
 */
import type { CertifiedKey } from '../../crypto/attestation/software-authority.ts';
import { ATTESTOR_SECONDS, createAttestorKey } from '../../crypto/attestation/software-authority.ts';
import type { SoftwareClaims } from '../../crypto/attestation/software-document.ts';
import { signSoftwareDocument } from '../../crypto/attestation/software-document.ts';
import { sha256Of } from '../../crypto/function-bundle.ts';
import { BROKER_ROLE } from '../../crypto/sealed/attested-user-key.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';

/** The registers that are the same for every program of a kind on this host. */
export interface ProgramMeasurements {
  readonly runnerImage: Sha256;
  readonly sandbox: Sha256;
}

export interface AttestorParts {
  readonly hostKey: CertifiedKey;
  readonly moduleId: string;
  readonly runner: ProgramMeasurements;
  readonly broker: ProgramMeasurements;
  readonly now: () => Date;
}

type Keys = Pick<SoftwareClaims, 'channelKey' | 'receiptKey' | 'nonce'>;

export type RunnerClaims = Keys & {
  readonly functionChecksum: Sha256;
  /** Digest of the list of the models' digests. */
  readonly models: Sha256;
  readonly releasePolicy: Sha256;
};

export type BrokerClaims = Omit<Keys, 'receiptKey'> & { readonly userData: Uint8Array };

/** A new key is made when the old one holds for less than this. */
const RENEWED_BEFORE_MS = 30 * 60_000;
const NONCE_BYTES = { least: 16, most: 64 };

export class Attestor {
  readonly #parts: AttestorParts;
  #key: { readonly certified: CertifiedKey; readonly endsAt: number } | null = null;

  constructor(parts: AttestorParts) {
    this.#parts = parts;
  }

  get measurements(): { readonly runner: ProgramMeasurements; readonly broker: ProgramMeasurements } {
    return { runner: this.#parts.runner, broker: this.#parts.broker };
  }

  /** A document about a runner. Fails with `E_INVALID_REQUEST`. */
  async attestRunner({ functionChecksum, models, releasePolicy, ...keys }: RunnerClaims): Promise<Uint8Array> {
    if (functionChecksum === BROKER_ROLE) throw invalid('A runner cannot be attested as the key broker.');
    return this.#sign({ ...keys, measurements: { ...this.#parts.runner, functionChecksum, models, releasePolicy } });
  }

  /** A document in which the key broker vouches for a user's key. Fails with `E_INVALID_REQUEST`. */
  async attestBroker({ userData, ...keys }: BrokerClaims): Promise<Uint8Array> {
    const nothing = sha256Of('');
    const measurements = {
      ...this.#parts.broker,
      functionChecksum: BROKER_ROLE,
      models: nothing,
      releasePolicy: nothing,
    };
    return this.#sign({ ...keys, receiptKey: null, userData, measurements });
  }

  async #sign(claims: Omit<SoftwareClaims, 'moduleId'>): Promise<Uint8Array> {
    const { length } = claims.nonce;
    if (length < NONCE_BYTES.least || length > NONCE_BYTES.most) {
      throw invalid(`A nonce has ${NONCE_BYTES.least} to ${NONCE_BYTES.most} bytes.`);
    }
    const { moduleId, now } = this.#parts;
    return signSoftwareDocument({ moduleId, ...claims }, await this.#currentKey(), now());
  }

  async #currentKey(): Promise<CertifiedKey> {
    const now = this.#parts.now();
    if (this.#key && this.#key.endsAt - now.getTime() > RENEWED_BEFORE_MS) return this.#key.certified;
    const certified = await createAttestorKey(this.#parts.hostKey, now);
    this.#key = { certified, endsAt: now.getTime() + ATTESTOR_SECONDS * 1000 };
    return certified;
  }
}

const invalid = (why: string) =>
  new StrongroomError('E_INVALID_REQUEST', 'The attestor signs no such document.', { why });
