/** Checks of Merkle proofs over SHA-256, as RFC 9162 sections 2.1.3.2 and 2.1.4.2 write them down. */
import { createHash } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { merkleHash } from '../../domain/merkle-tree.ts';

export const MERKLE_SHA256 = merkleHash((...pieces) => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return Uint8Array.from(hash.digest());
});

/** A tree as its log committed to it. */
export interface TreeHead {
  /** Number of leaves. */
  readonly size: number;
  readonly root: Uint8Array;
}

export interface InclusionProof {
  /** Number of the leaf, from 0. */
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
}

/** Checks that `leaf` (its content) is in the tree at the proof's place. Fails with `E_LOG_INVALID`. */
export function verifyInclusion(leaf: Uint8Array, { index, hashes }: InclusionProof, { size, root }: TreeHead): void {
  if (!isCount(index) || !isCount(size) || index >= size) throw invalid('The proof names a leaf that is not there.');
  let [node, last] = [index, size - 1];
  let found = MERKLE_SHA256.leaf(leaf);
  for (const hash of hashes) {
    if (last === 0) throw invalid('The proof of inclusion is too long.');
    if (node % 2 === 1 || node === last) {
      found = MERKLE_SHA256.node(hash, found);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else {
      found = MERKLE_SHA256.node(found, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0 || !isSame(found, root)) throw invalid('The entry is not in the log: the proof of inclusion fails.');
}

/** Checks that `newer` only appends to `older`. Fails with `E_LOG_INVALID`. */
export function verifyConsistency(older: TreeHead, newer: TreeHead, hashes: readonly Uint8Array[]): void {
  if (!isCount(older.size) || !isCount(newer.size)) throw invalid('A size is not a whole number.');
  if (older.size > newer.size) throw invalid(`It had ${older.size} entries and has ${newer.size} now.`);
  if (older.size === newer.size) {
    if (hashes.length > 0 || !isSame(older.root, newer.root)) throw invalid(REWRITTEN);
  } else if (older.size === 0) {
    if (hashes.length > 0 || !isSame(older.root, MERKLE_SHA256.empty())) throw invalid(REWRITTEN);
  } else {
    walk(older, newer, hashes);
  }
}

function walk(older: TreeHead, newer: TreeHead, hashes: readonly Uint8Array[]): void {
  const path = isPowerOfTwo(older.size) ? [older.root, ...hashes] : hashes;
  let [node, last] = [older.size - 1, newer.size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  const [first, ...rest] = path;
  if (!first) throw invalid(REWRITTEN);
  let [foundOlder, foundNewer] = [first, first];
  for (const hash of rest) {
    if (last === 0) throw invalid('The proof of consistency is too long.');
    if (node % 2 === 1 || node === last) {
      foundOlder = MERKLE_SHA256.node(hash, foundOlder);
      foundNewer = MERKLE_SHA256.node(hash, foundNewer);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else {
      foundNewer = MERKLE_SHA256.node(foundNewer, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0 || !isSame(foundOlder, older.root) || !isSame(foundNewer, newer.root)) throw invalid(REWRITTEN);
}

const REWRITTEN = 'What was in it before is not in it any more: the proof of consistency fails.';

/** Bit operations of the language end at 32 bits; sizes do not. */
const half = (value: number) => Math.floor(value / 2);

function isPowerOfTwo(value: number): boolean {
  let power = 1;
  while (power < value) power *= 2;
  return power === value;
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.from(one).equals(other);

const invalid = (why: string) =>
  new StrongroomError('E_LOG_INVALID', 'The transparency log does not hold.', {
    why,
    next: 'Rely on nothing of this platform until its operator has explained it; keep the checkpoints that you have.',
  });
