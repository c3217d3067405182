/**
 * The key broker. It alone derives users' private keys, and gives out one content key at a time: to a runner that proves
 * by attestation which function it runs, where the sealed input's own policy, or its recipient, lets that function have
 * it. No key of a user ever leaves it, so a function that turns against its callers learns what it was given anyway.
 */
import { parseAttestationDocument } from '../../crypto/attestation/document.ts';
import type { AttestationPolicy } from '../../crypto/attestation/policy.ts';
import { verifyAttestation } from '../../crypto/attestation/verify.ts';
import type { HpkeMessage } from '../../crypto/hpke.ts';
import type { SealedHeader } from '../../crypto/sealed/header.ts';
import { decodeHeader } from '../../crypto/sealed/header.ts';
import { sealReleasedKey } from '../../crypto/sealed/released-key.ts';
import type { ContentKeyRequest } from '../../crypto/sealed/sealed-input.ts';
import { openContentKey, refuseForbidden } from '../../crypto/sealed/sealed-input.ts';
import type { UserKeyName, UserPublicKey } from '../../crypto/sealed/user-key.ts';
import { deriveUserKey } from '../../crypto/sealed/user-key.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { Handle, Sha256 } from '../../domain/ids.ts';
import type { Decision } from './decisions.ts';
import { Nonces } from './nonces.ts';
import type { LoggedConsent } from './recipient-consent.ts';
import { checkConsent } from './recipient-consent.ts';
import type { NoteVerifier } from '../../crypto/transparency/signed-note.ts';

export interface ReleaseRequest {
  /** Of the runner, made for a nonce of this broker. */
  readonly document: Uint8Array;
  readonly keyRequest: ContentKeyRequest;
  /** That the recipient lets the function have it; only for inputs that name no function themselves. */
  readonly consent: LoggedConsent | null;
}

export interface ReleasedKey {
  readonly key: HpkeMessage;
  readonly documentHash: Sha256;
}

/** Which runners may have keys, and who is believed about them. */
export interface ReleasePolicy {
  readonly runners: Pick<AttestationPolicy, 'accept' | 'roots' | 'registers'>;
  /** The log in which users' consent is looked for; null where none is kept. */
  readonly log: NoteVerifier | null;
}

export interface BrokerParts {
  /** Taken over: zeroed when the broker is closed. */
  readonly masterSecret: Buffer;
  readonly policy: ReleasePolicy;
  /** Hears of each release and each refusal. */
  readonly decided: (decision: Decision) => void;
  readonly now: () => Date;
}

const MAX_AGE_SECONDS = 60;

export class Broker implements Disposable {
  readonly #parts: BrokerParts;
  readonly #nonces = new Nonces();

  constructor(parts: BrokerParts) {
    // A policy without registers would give keys to whatever program the operator's attestor signs for.
    if (Object.keys(parts.policy.runners.registers).length === 0) {
      throw new StrongroomError('E_CONFIG', 'The key broker is not told which runners may have keys.');
    }
    this.#parts = parts;
  }

  /** For the runner's next attestation document. */
  nonce(): Uint8Array {
    return this.#nonces.give(this.#parts.now());
  }

  /** The public half of a user's key. */
  async userKey(name: UserKeyName): Promise<UserPublicKey> {
    const { user, generation, keyId, publicKey } = deriveUserKey(this.#parts.masterSecret, name);
    return { user, generation, keyId, publicKey };
  }

  /**
   * The content key of a sealed input, sealed to the attested runner. Fails with `E_ATTESTATION`, `E_NOT_ALLOWED`,
   * `E_SEALED_INPUT` or `E_LOG_INVALID`.
   */
  async release(request: ReleaseRequest): Promise<ReleasedKey> {
    const about: { recipient: Handle | null; functionChecksum: Sha256 | null; documentHash: Sha256 | null } = {
      recipient: null,
      functionChecksum: null,
      documentHash: null,
    };
    const decide = (refusal: StrongroomError | null) =>
      this.#parts.decided({ at: this.#parts.now().toISOString(), ...about, refusal });
    try {
      const header = decodeHeader(request.keyRequest.header);
      about.recipient = header.recipient;
      const runner = this.#attest(request.document);
      Object.assign(about, { functionChecksum: runner.checksum, documentHash: runner.documentHash });
      this.#checkPolicy(header, runner.checksum, request.consent);
      const key = await this.#reseal(request.keyRequest, header, runner);
      decide(null);
      return { key, documentHash: runner.documentHash };
    } catch (error) {
      if (error instanceof StrongroomError) decide(error);
      throw error;
    }
  }

  /** Ends the broker: the master secret is gone from memory. */
  [Symbol.dispose](): void {
    this.#parts.masterSecret.fill(0);
  }

  #attest(document: Uint8Array): AttestedRunner {
    const now = this.#parts.now();
    const nonce = Buffer.from(parseAttestationDocument(document).nonce ?? []).toString('hex');
    const { functionChecksum, channelKey, documentHash } = verifyAttestation(document, {
      ...this.#parts.policy.runners,
      at: now.toISOString(),
      nonce: nonce === '' ? '00' : nonce,
      maxAgeSeconds: MAX_AGE_SECONDS,
      functionChecksum: null,
      channelKey: null,
    });
    if (!functionChecksum || !channelKey) throw refused('The document names no function.');
    // Only now: a nonce is not to be used up by somebody who cannot even sign.
    if (!this.#nonces.take(nonce, now)) throw refused('The document was not made for a nonce of this broker.');
    return { checksum: functionChecksum, channelKey, documentHash };
  }

  #checkPolicy(header: SealedHeader, checksum: Sha256, consent: LoggedConsent | null): void {
    refuseForbidden(header, checksum, this.#parts.now());
    if (header.policy.functions === null) checkConsent(consent, header.recipient, checksum, this.#parts.policy.log);
  }

  async #reseal(request: ContentKeyRequest, header: SealedHeader, runner: AttestedRunner): Promise<HpkeMessage> {
    const name = { user: header.recipient, generation: header.generation };
    const contentKey = openContentKey(request, deriveUserKey(this.#parts.masterSecret, name));
    try {
      const binding = { documentHash: runner.documentHash, header: request.header };
      return sealReleasedKey(contentKey, runner.channelKey, binding);
    } finally {
      contentKey.fill(0);
    }
  }
}

interface AttestedRunner {
  readonly checksum: Sha256;
  readonly channelKey: Uint8Array;
  readonly documentHash: Sha256;
}

const refused = (why: string) =>
  new StrongroomError('E_ATTESTATION', 'The key broker does not believe the runner.', {
    why,
    next: 'Attest the runner again, for a fresh nonce.',
  });
