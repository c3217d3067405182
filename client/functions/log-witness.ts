/**
 * A witness of a platform's log: it follows the log from where it saw it last, and cosigns what leads on from there. Its
 * word is worth something where somebody else than the platform's operator runs it, and publishes what it cosigns.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cosign, formatWitnessKey } from '../../crypto/transparency/cosignature.ts';
import type { NoteVerifier } from '../../crypto/transparency/signed-note.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { PlatformClient } from '../platform.ts';
import { readIfThere, writePrivateFile } from '../private-files.ts';
import { PublicLog } from './public-log.ts';
import { TrustStore } from './trust.ts';

const RAW_KEY = 32;

export class LogWitness {
  /** `NAME+HASH+KEY`: what those who require it give. */
  readonly key: string;
  readonly #witness: NoteVerifier;
  readonly #private: KeyObject;
  readonly #store: TrustStore;

  private constructor(name: string, key: KeyObject, store: TrustStore) {
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
    this.#witness = { name, publicKey: Uint8Array.from(spki.subarray(-RAW_KEY)) };
    this.#private = key;
    this.#store = store;
    this.key = formatWitnessKey(this.#witness);
  }

  /** Its key and its checkpoint lie in `folder`; the key is made there at first, mode 0600. */
  static async open(folder: string, name: string): Promise<LogWitness> {
    const file = path.join(folder, 'key.pem');
    const there = await readIfThere(file);
    const key = there ? createPrivateKey(there) : generateKeyPairSync('ed25519').privateKey;
    if (!there) await writePrivateFile(file, key.export({ format: 'pem', type: 'pkcs8' }).toString());
    return new LogWitness(name, key, new TrustStore(path.join(folder, 'seen.json')));
  }

  /**
   * Looks once, and answers the cosigned checkpoint. Fails with `E_LOG_INVALID` where the log contradicts what it saw,
   * and from then on: the two checkpoints are kept.
   */
  async look(platform: PlatformClient): Promise<{ readonly note: string; readonly size: number }> {
    if (await this.#store.conflict()) throw silenced();
    const { size } = await new PublicLog(platform, this.#store).advance();
    const kept = await this.#store.checkpoint();
    if (!kept) throw new Error('What was seen was not kept.');
    return { note: cosign(kept.note, this.#witness, this.#private, new Date()), size };
  }
}

/** Puts a cosigned checkpoint where others read it; they see the one before or this one. */
export async function publishCheckpoint(file: string, note: string): Promise<void> {
  const beside = `${file}.partial`;
  await writeFile(beside, note, { flush: true });
  await chmod(beside, 0o644);
  await rename(beside, file);
}

const silenced = () =>
  new StrongroomError('E_LOG_INVALID', 'This witness has seen the log contradict itself, and cosigns nothing more.', {
    why: 'The checkpoint that it kept and the one that contradicts it are in its file seen.json.',
    next: 'Show both to those who rely on this witness. To begin anew, move that file away.',
  });
