/**
 * The platform's transparency log, as a caller holds the platform to it: what is shown to one must be in the log that is
 * shown to all, and the log only ever grows. The last checkpoint is kept; whatever contradicts it is evidence.
 */
import { openCheckpoint } from '../../crypto/transparency/checkpoint.ts';
import { decodeLogEntry, encodeLogEntry, type LogEntry } from '../../crypto/transparency/log-entry.ts';
import { MERKLE_SHA256, verifyConsistency, verifyInclusion, type TreeHead } from '../../crypto/transparency/merkle.ts';
import { parseVerifierKey } from '../../crypto/transparency/signed-note.ts';
import { MerkleTree } from '../../domain/merkle-tree.ts';
import { parseSha256, type Sha256 } from '../../domain/ids.ts';
import type { AttestedUserKey } from '../../crypto/sealed/attested-user-key.ts';
import type { PlatformClient, Schema } from '../platform.ts';
import {
  contradicted,
  isContradiction,
  isMissing,
  missing,
  notWitnessed,
  otherView,
  rewritten,
} from './log-failures.ts';
import type { KeptCheckpoint, TrustStore } from './trust.ts';
import { readWitness, type Witnessed } from './witnesses.ts';

type Checkpoint = Schema<'LogCheckpoint'>;

export interface LogState {
  readonly size: number;
  readonly root: Sha256;
  /** `NAME+HASH+KEY`. */
  readonly key: string;
  /** Entries of the checkpoint that was kept before; null where there was none. */
  readonly keptSize: number | null;
}

const bytesOf = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

/** A required witness, and how much of the log it has seen. */
export interface WitnessState {
  readonly name: string;
  /** Entries. */
  readonly size: number;
  readonly at: string;
}

const MOST_TRIES = 5;

export class PublicLog {
  readonly #platform: PlatformClient;
  readonly #store: TrustStore;
  #witnessed: Promise<readonly WitnessState[]> | undefined;

  constructor(platform: PlatformClient, store: TrustStore) {
    this.#platform = platform;
    this.#store = store;
  }

  /** Fails with `E_LOG_INVALID` unless the entry is in the log, and the log leads on from the kept checkpoint. */
  async requireEntry(entry: LogEntry): Promise<void> {
    const leaf = encodeLogEntry(entry);
    const leafHash = parseSha256(Buffer.from(MERKLE_SHA256.leaf(leaf)).toString('hex'));
    const kept = await this.#store.checkpoint();
    const { checkpoint, index, inclusion } = await this.#platform
      .proveLogInclusion({ path: { leafHash }, query: sinceOf(kept) })
      .catch((error: unknown) => {
        throw isMissing(error) ? missing(entry) : contradicted(error);
      });
    const { head } = await this.#follow(checkpoint, kept);
    verifyInclusion(leaf, { index, hashes: inclusion.map(bytesOf) }, head);
    for (const { name, size } of await this.witnessed()) {
      // Its tree is a beginning of this one, so what lies within it lies there, too.
      if (index >= size) throw notWitnessed(`${name} has seen ${size} entries, and this is number ${index + 1}.`);
    }
  }

  /**
   * What each required witness saw of the log, all of it a beginning of the kept checkpoint. Fails with `E_LOG_INVALID`
   * where a witness was shown another log, and with `E_NOT_WITNESSED`.
   */
  witnessed(): Promise<readonly WitnessState[]> {
    this.#witnessed ??= this.#askWitnesses();
    return this.#witnessed;
  }

  /** The log as it is now, which leads on from the kept checkpoint. Fails with `E_LOG_INVALID`. */
  async advance(): Promise<LogState> {
    const kept = await this.#store.checkpoint();
    const checkpoint = await this.#platform.readLogCheckpoint({ query: sinceOf(kept) }).catch((error: unknown) => {
      throw contradicted(error);
    });
    const { head, keptSize } = await this.#follow(checkpoint, kept);
    return { size: head.size, root: digitsOf(head.root), key: checkpoint.key, keptSize };
  }

  /**
   * Reads every entry, computes the root anew, and answers the entries that are shown. Fails with `E_LOG_INVALID` where
   * one was changed or removed.
   */
  async readAll({ size, root }: LogState, signal?: AbortSignal): Promise<readonly LogEntry[]> {
    const nodes = new Map<string, Uint8Array>();
    const tree = new MerkleTree(MERKLE_SHA256, ({ level, index }) => {
      const hash = nodes.get(`${level}/${index}`);
      return hash ? Promise.resolve(hash) : Promise.reject(new Error('A subtree is missing.'));
    });
    const shown: LogEntry[] = [];
    let next = 0;
    for await (const { index, leafHash, leaf } of readLogEntries(this.#platform, signal)) {
      // What was appended since is the next reader's.
      if (index >= size) continue;
      if (index !== next) throw rewritten(`Entry ${next} is missing.`);
      if (leaf !== null) {
        const bytes = Buffer.from(leaf, 'base64url');
        if (digitsOf(MERKLE_SHA256.leaf(bytes)) !== leafHash) throw rewritten(`Entry ${index} was changed.`);
        shown.push(decodeLogEntry(bytes));
      }
      for (const node of await tree.completedBy(bytesOf(leafHash), index)) {
        nodes.set(`${node.level}/${node.index}`, node.hash);
      }
      next += 1;
    }
    if (next < size) throw rewritten(`It ends with ${next} entries and is said to have ${size}.`);
    if (digitsOf(await tree.root(size)) !== root) throw rewritten('Its entries are others than it is signed for.');
    return shown;
  }

  async #askWitnesses(): Promise<readonly WitnessState[]> {
    const states = [];
    for (const required of await this.#store.witnesses()) {
      states.push(await this.#compare(await readWitness(required, new Date())));
    }
    return states;
  }

  async #compare({ name, note, at }: Witnessed): Promise<WitnessState> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { key } = await this.advance();
      const kept = openCheckpoint((await this.#store.checkpoint())?.note ?? '', parseVerifierKey(key));
      try {
        const seen = openCheckpoint(note, parseVerifierKey(key));
        const query = { since: String(seen.size) };
        const now = await this.#platform.readLogCheckpoint({ query }).catch((error: unknown) => {
          throw contradicted(error);
        });
        const head = openCheckpoint(now.note, parseVerifierKey(key));
        verifyConsistency(seen, head, (now.consistency ?? []).map(bytesOf));
        // Where the log has grown between the two answers, they are asked for again.
        if (head.size !== kept.size) continue;
        if (digitsOf(head.root) !== digitsOf(kept.root)) throw rewritten('It has two heads of one size.');
        return { name, size: seen.size, at: at.toISOString() };
      } catch (error) {
        if (!isContradiction(error)) throw error;
        await this.#store.holdConflict({ note, key });
        throw otherView(name, error);
      }
    }
    throw notWitnessed('The log grows faster than it can be compared.');
  }

  async #follow(
    checkpoint: Checkpoint,
    kept: KeptCheckpoint | null,
  ): Promise<{ readonly head: TreeHead; readonly keptSize: number | null }> {
    const { note, key, consistency } = checkpoint;
    try {
      if (kept && kept.key !== key) throw rewritten('It is signed by another key than before.');
      const head = openCheckpoint(note, parseVerifierKey(key));
      const older = kept && openCheckpoint(kept.note, parseVerifierKey(kept.key));
      if (older) verifyConsistency(older, head, (consistency ?? []).map(bytesOf));
      await this.#store.holdCheckpoint({ note, key });
      return { head, keptSize: older?.size ?? null };
    } catch (error) {
      if (kept) await this.#store.holdConflict({ note, key });
      throw error;
    }
  }
}

/** All entries as the platform shows them, in their order; nothing of them is checked. */
export async function* readLogEntries(
  platform: PlatformClient,
  signal?: AbortSignal,
): AsyncGenerator<Schema<'LogEntry'>> {
  let after: string | null = '0';
  while (after !== null) {
    const page: Awaited<ReturnType<PlatformClient['listLogEntries']>> = await platform.listLogEntries({
      query: { after },
      ...(signal && { signal }),
    });
    yield* page.items;
    after = page.next;
  }
}

/** As `holdFunction`, and on first use only where the function is in the log. */
export async function holdLoggedFunction(
  platform: PlatformClient,
  store: TrustStore,
  { id, owner, name, checksum }: Schema<'DeployedFunction'>,
): Promise<Sha256> {
  if (!(await store.knowsFunction(id))) {
    await new PublicLog(platform, store).requireEntry({ kind: 'function', owner, name, checksum });
  }
  return store.holdFunction(id, checksum);
}

/** As `holdUserKey`, and only where the key is in the log, unless it is known. */
export function holdLoggedUserKey(
  platform: PlatformClient,
  store: TrustStore,
  { user, keyId, generation }: AttestedUserKey,
  accepted: Sha256 | null,
): Promise<'first-use' | 'known'> {
  return store.holdUserKey(user, keyId, accepted, () =>
    new PublicLog(platform, store).requireEntry({ kind: 'user-key', user, generation, keyId }),
  );
}

const sinceOf = (kept: KeptCheckpoint | null): { since?: string } =>
  kept ? { since: String(openCheckpoint(kept.note, parseVerifierKey(kept.key)).size) } : {};

const digitsOf = (hash: Uint8Array): Sha256 => parseSha256(Buffer.from(hash).toString('hex'));
