/**
 * The Merkle tree of RFC 6962 section 2 (RFC 9162 section 2.1): which hashes make its root and its proofs. It hashes
 * with what it is given and reads only complete subtrees, so that a log of any size is asked for a few of them.
 */

export interface MerkleHash {
  /** Of a leaf's content. */
  readonly leaf: (content: Uint8Array) => Uint8Array;
  readonly node: (left: Uint8Array, right: Uint8Array) => Uint8Array;
  /** The root of a tree without leaves. */
  readonly empty: () => Uint8Array;
}

/** The tree's hashes over SHA-256: leaves and inner nodes are told apart by their first byte. */
export const merkleHash = (sha256: (...pieces: readonly Uint8Array[]) => Uint8Array): MerkleHash => ({
  leaf: (content) => sha256(LEAF, content),
  node: (left, right) => sha256(NODE, left, right),
  empty: () => sha256(),
});

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The complete subtree that covers the leaves from `index` · 2^`level`, 2^`level` of them. */
export interface NodePlace {
  readonly level: number;
  readonly index: number;
}

export interface MerkleNode extends NodePlace {
  readonly hash: Uint8Array;
}

/** Gives the hash of a complete subtree. */
export type ReadNode = (place: NodePlace) => Promise<Uint8Array>;

export class MerkleTree {
  readonly #hash: MerkleHash;
  readonly #read: ReadNode;

  constructor(hash: MerkleHash, read: ReadNode) {
    this.#hash = hash;
    this.#read = read;
  }

  /** The root of the first `size` leaves. */
  async root(size: number): Promise<Uint8Array> {
    return size === 0 ? this.#hash.empty() : this.#range(0, size);
  }

  /** What leads from the leaf `index` to the root of the first `size` leaves (RFC 6962 section 2.1.1). */
  async inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    if (index < 0 || index >= size) throw new RangeError('There is no such leaf.');
    const proof: Uint8Array[] = [];
    let [start, end] = [0, size];
    while (end - start > 1) {
      const middle = start + largestPowerBelow(end - start);
      if (index < middle) {
        proof.push(await this.#range(middle, end));
        end = middle;
      } else {
        proof.push(await this.#range(start, middle));
        start = middle;
      }
    }
    return proof.reverse();
  }

  /** What shows that the first `older` leaves are the beginning of the first `newer` ones (RFC 6962 section 2.1.2). */
  async consistencyProof(older: number, newer: number): Promise<Uint8Array[]> {
    if (older < 0 || older > newer) throw new RangeError('There is no such tree.');
    if (older === 0 || older === newer) return [];
    const proof: Uint8Array[] = [];
    let [start, end] = [0, newer];
    while (older !== end) {
      const middle = start + largestPowerBelow(end - start);
      if (older <= middle) {
        proof.push(await this.#range(middle, end));
        end = middle;
      } else {
        proof.push(await this.#range(start, middle));
        start = middle;
      }
    }
    // The verifier has the older root: where that is this very subtree, it needs no repeating.
    if (start !== 0) proof.push(await this.#range(start, end));
    return proof.reverse();
  }

  /** The subtrees that the leaf with `leafHash`, as number `size` from 0, completes; itself first. */
  async completedBy(leafHash: Uint8Array, size: number): Promise<MerkleNode[]> {
    const nodes: MerkleNode[] = [{ level: 0, index: size, hash: leafHash }];
    let [level, index, hash] = [0, size, leafHash];
    while (index % 2 === 1) {
      hash = this.#hash.node(await this.#read({ level, index: index - 1 }), hash);
      level += 1;
      index = (index - 1) / 2;
      nodes.push({ level, index, hash });
    }
    return nodes;
  }

  /** The hash over the leaves from `start` up to `end`, a range as the tree is divided into. */
  async #range(start: number, end: number): Promise<Uint8Array> {
    const count = end - start;
    const power = largestPowerBelow(count);
    if (count === 1 || power * 2 === count) {
      return this.#read({ level: Math.round(Math.log2(count)), index: start / count });
    }
    return this.#hash.node(await this.#range(start, start + power), await this.#range(start + power, end));
  }
}

/** The largest power of two below `count`; 1 at least. */
function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
