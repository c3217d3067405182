/** What a caller keeps of a job on its own machine: the key that opens the results, and what it sent, by digests. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { deriveHpkeKeyPair, HPKE_KEY_BYTES, type HpkeKeyPair } from '../../crypto/hpke.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { FunctionId, JobId, Sha256 } from '../../domain/ids.ts';
import { readIfThere, readJsonFile, writeJsonFile, writePrivateFile } from '../private-files.ts';
import type { EnclaveTrust } from './trust.ts';

export interface KeptItem {
  /** What the caller calls it; the platform never hears of it. */
  readonly name: string;
  /** Of the encrypted item. */
  readonly sha256: Sha256;
  /** Its place in its batch. */
  readonly index: number;
}

export interface KeptJob {
  readonly id: JobId;
  readonly functionId: FunctionId;
  readonly checksum: Sha256;
  /** 32 bytes in base64url. */
  readonly nonce: string;
  /** By the caller's clock; ISO 8601. */
  readonly startedAt: string;
  /** The enclave as it was believed then. */
  readonly trust: EnclaveTrust;
  readonly items: readonly KeptItem[];
}

export class KeptJobs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A new key to which results are sealed. It is on the disk before anything is sealed to it, mode 0600. */
  async makeKey(id: JobId): Promise<HpkeKeyPair> {
    const material = randomBytes(HPKE_KEY_BYTES);
    try {
      await writePrivateFile(this.#in(id, 'answer-key'), material);
      return deriveHpkeKeyPair(material);
    } finally {
      material.fill(0);
    }
  }

  async save(job: KeptJob): Promise<void> {
    await writeJsonFile(this.#in(job.id, 'job.json'), job);
  }

  /** Fails with `E_KEY_NOT_FOUND` where the job was started elsewhere. */
  async open(id: JobId): Promise<{ readonly job: KeptJob; readonly answerKeys: HpkeKeyPair }> {
    const job = await readJsonFile<KeptJob | null>(this.#in(id, 'job.json'), null);
    const material = await readIfThere(this.#in(id, 'answer-key'));
    if (!job || !material) throw notHere(id);
    try {
      return { job, answerKeys: deriveHpkeKeyPair(material) };
    } finally {
      material.fill(0);
    }
  }

  /** Erases key and names; says whether there was a key. */
  async forget(id: JobId): Promise<boolean> {
    const wasThere = (await readIfThere(this.#in(id, 'answer-key')))?.fill(0) !== undefined;
    await rm(path.join(this.#folder, id), { recursive: true, force: true });
    return wasThere;
  }

  #in(id: JobId, name: string): string {
    return path.join(this.#folder, id, name);
  }
}

const notHere = (id: JobId) =>
  new StrongroomError('E_KEY_NOT_FOUND', `The key to the results of ${id} is not on this machine.`, {
    why: 'It never leaves the machine on which the job was started.',
    next: 'Fetch the results there, with the same --home.',
  });
