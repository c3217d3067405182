/**
 * What a caller believes of an enclave: the root that its attestation documents end in, and the programs that may run
 * there. It is believed on first use and kept, or given beforehand; what differs later is refused until somebody says so.
 */
import { createHash } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { FunctionId, Handle, Sha256 } from '../../domain/ids.ts';
import { formatKeyId } from '../../crypto/sealed/user-key.ts';
import type { AttestationPolicy } from '../../crypto/attestation/policy.ts';
import type { RequiredWitness } from './witnesses.ts';
import { readJsonFile, writeJsonFile } from '../private-files.ts';

export interface ProgramRegisters {
  readonly runnerImage: Sha256;
  readonly sandbox: Sha256;
}

export interface EnclaveTrust {
  /** PEM. */
  readonly root: string;
  readonly runner: ProgramRegisters;
  readonly broker: ProgramRegisters;
}

interface TrustFile {
  readonly enclave: EnclaveTrust | null;
  /** Function → the checksum by which it was known first; what an id stands for never changes. */
  readonly functions: Readonly<Record<string, Sha256>>;
  /** User → the id of the key to which inputs were sealed first. */
  readonly users: Readonly<Record<string, Sha256>>;
  /** The newest checkpoint of the transparency log that was seen. */
  readonly checkpoint: KeptCheckpoint | null;
  /** One that contradicts it. */
  readonly conflict: KeptCheckpoint | null;
  /** Whoever must have seen what is believed for the first time. */
  readonly witnesses: readonly RequiredWitness[];
}

/** As the platform signed it. */
export interface KeptCheckpoint {
  /** A signed note. */
  readonly note: string;
  /** `NAME+HASH+KEY`. */
  readonly key: string;
}

const NOTHING: TrustFile = {
  ...{ enclave: null, functions: {}, users: {} },
  ...{ checkpoint: null, conflict: null, witnesses: [] },
};

export class TrustStore {
  readonly #file: string | null;
  readonly #required: readonly RequiredWitness[];
  #held: TrustFile = NOTHING;

  /** Keeps in `file`, or in memory only; `required` witnesses are required beside those that are kept. */
  constructor(file: string | null, required: readonly RequiredWitness[] = []) {
    this.#file = file;
    this.#required = required;
  }

  async enclave(): Promise<EnclaveTrust | null> {
    return (await this.#read()).enclave;
  }

  /** From now on this enclave is believed. */
  async holdEnclave(enclave: EnclaveTrust): Promise<void> {
    await this.#write({ ...(await this.#read()), enclave });
  }

  async checkpoint(): Promise<KeptCheckpoint | null> {
    return (await this.#read()).checkpoint;
  }

  async conflict(): Promise<KeptCheckpoint | null> {
    return (await this.#read()).conflict;
  }

  async holdCheckpoint(checkpoint: KeptCheckpoint): Promise<void> {
    await this.#write({ ...(await this.#read()), checkpoint });
  }

  /** Keeps what contradicts the checkpoint, as evidence. */
  async holdConflict(conflict: KeptCheckpoint): Promise<void> {
    await this.#write({ ...(await this.#read()), conflict });
  }

  /** The next checkpoint is believed as the first one was. */
  async forgetCheckpoint(): Promise<void> {
    await this.#write({ ...(await this.#read()), checkpoint: null, conflict: null });
  }

  async witnesses(): Promise<readonly RequiredWitness[]> {
    return [...this.#required, ...(await this.#read()).witnesses];
  }

  /** From now on this witness is required; one of the same key takes its place. */
  async holdWitness(witness: RequiredWitness): Promise<void> {
    const trust = await this.#read();
    const others = trust.witnesses.filter(({ key }) => key !== witness.key);
    await this.#write({ ...trust, witnesses: [...others, witness] });
  }

  async forgetWitness(key: string): Promise<void> {
    const trust = await this.#read();
    await this.#write({ ...trust, witnesses: trust.witnesses.filter((witness) => witness.key !== key) });
  }

  async knowsFunction(id: FunctionId): Promise<boolean> {
    return (await this.#read()).functions[id] !== undefined;
  }

  /** The checksum that is known for a function, `claimed` on first use. Fails with `E_ATTESTATION` where it is another. */
  async holdFunction(id: FunctionId, claimed: Sha256): Promise<Sha256> {
    const trust = await this.#read();
    const known = trust.functions[id];
    if (known === claimed) return known;
    if (known !== undefined) {
      throw new StrongroomError('E_ATTESTATION', 'The platform names another checksum for this function than before.', {
        why: `It was ${known} and is ${claimed} now, although what a function id stands for never changes.`,
        next: 'Send nothing to it. Ask its owner for the checksum.',
      });
    }
    await this.#write({ ...trust, functions: { ...trust.functions, [id]: claimed } });
    return claimed;
  }

  /**
   * Whether the user's key is new here, or known. `accepted` is a key that whoever encrypts has compared, and may take a
   * known one's place. Fails with `E_USER_KEY_CHANGED` where another key was known, and for one that is new as `check`.
   */
  async holdUserKey(
    user: Handle,
    keyId: Sha256,
    accepted: Sha256 | null,
    check: () => Promise<void>,
  ): Promise<'first-use' | 'known'> {
    const trust = await this.#read();
    const known = trust.users[user];
    if (known === keyId) return 'known';
    if (known !== undefined && accepted !== keyId) throw keyChanged(user, known, keyId);
    await check();
    const now = await this.#read();
    await this.#write({ ...now, users: { ...now.users, [user]: keyId } });
    return 'first-use';
  }

  async #read(): Promise<TrustFile> {
    return this.#file === null
      ? this.#held
      : { ...NOTHING, ...(await readJsonFile<Partial<TrustFile>>(this.#file, {})) };
  }

  async #write(trust: TrustFile): Promise<void> {
    this.#held = trust;
    if (this.#file !== null) await writeJsonFile(this.#file, trust);
  }
}

const keyChanged = (user: Handle, known: Sha256, now: Sha256) =>
  new StrongroomError('E_USER_KEY_CHANGED', `The key of ${user} has changed.`, {
    why: `It was ${formatKeyId(known)} and is ${formatKeyId(now)} now.`,
    next: `Ask ${user}, or the platform's operator, by another way. If it is right, encrypt with --accept-key ${now}.`,
  });

/** The short name of a trust, for people to compare: SHA-256 over root and registers. */
export const trustFingerprint = ({ root, runner, broker }: EnclaveTrust): Sha256 =>
  createHash('sha256')
    .update([root.trim(), runner.runnerImage, runner.sandbox, broker.runnerImage, broker.sandbox].join('\n'))
    .digest('hex') as Sha256;

/** What is demanded of a document of one of the enclave's programs, made just now for `nonce`. */
export const demandsOf = (
  trust: EnclaveTrust,
  program: 'runner' | 'broker',
  nonce: Uint8Array,
): Omit<AttestationPolicy, 'functionChecksum' | 'channelKey'> => ({
  accept: ['software'],
  roots: [{ tee: 'software', certificate: trust.root }],
  at: new Date().toISOString(),
  nonce: Buffer.from(nonce).toString('hex'),
  maxAgeSeconds: MAX_AGE_SECONDS,
  registers: { 0: [trust[program].runnerImage], 1: [trust[program].sandbox] },
});

const MAX_AGE_SECONDS = 300;
