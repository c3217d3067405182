import { createHash, createPrivateKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { openCheckpoint, signCheckpoint } from '../../crypto/transparency/checkpoint.ts';
import { cosign, formatWitnessKey, openCosignature, parseWitnessKey } from '../../crypto/transparency/cosignature.ts';
import type { LogEntry } from '../../crypto/transparency/log-entry.ts';
import { decodeLogEntry, encodeLogEntry } from '../../crypto/transparency/log-entry.ts';
import { MERKLE_SHA256, verifyConsistency, verifyInclusion } from '../../crypto/transparency/merkle.ts';
import { formatVerifierKey, openNote, parseVerifierKey, signNote } from '../../crypto/transparency/signed-note.ts';
import { MerkleTree } from '../../domain/merkle-tree.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { parseHandle } from '../../domain/ids.ts';

const hex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'));
const digits = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const isRefused = (work: () => unknown): boolean => {
  try {
    work();
    return false;
  } catch (error) {
    return error instanceof StrongroomError && error.code === 'E_LOG_INVALID';
  }
};

/** A tree that grows as a log does: each append adds the subtrees that it completes. */
async function grow(leaves: readonly Uint8Array[]): Promise<MerkleTree> {
  const nodes = new Map<string, Uint8Array>();
  const tree = new MerkleTree(MERKLE_SHA256, async ({ level, index }) => {
    const hash = nodes.get(`${level}/${index}`);
    if (!hash) throw new Error(`Subtree ${level}/${index} is not complete.`);
    return hash;
  });
  for (const [size, leaf] of leaves.entries()) {
    for (const { level, index, hash } of await tree.completedBy(MERKLE_SHA256.leaf(leaf), size)) {
      nodes.set(`${level}/${index}`, hash);
    }
  }
  return tree;
}

/** MTH of RFC 6962 section 2.1, word for word. */
function referenceRoot(leaves: readonly Uint8Array[]): Buffer {
  const sha256 = (...pieces: Uint8Array[]) => createHash('sha256').update(Buffer.concat(pieces)).digest();
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Buffer.of(0), leaves[0]!);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.of(1), referenceRoot(leaves.slice(0, k)), referenceRoot(leaves.slice(k)));
}

/** The vectors of the certificate-transparency project. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const [N2, N01, N4, N67, N45, N0] = [
  '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
  '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
  'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
  '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
];

describe('the Merkle tree on the vectors of certificate transparency', () => {
  const leaves = LEAVES.map(hex);

  test('has the published root at each size', async () => {
    const tree = await grow(leaves);
    for (const [size, root] of ROOTS.entries()) expect(digits(await tree.root(size))).toBe(root);
  });

  test.each([
    [0, 8, [N2, N01, N0]],
    [5, 8, [N4, N67, ROOTS[4]]],
    [2, 3, [ROOTS[2]]],
    [1, 5, [ROOTS[1], N01, N4]],
    [0, 1, []],
  ])('proves leaf %d of %d with the published hashes', async (index, size, expected) => {
    const hashes = await (await grow(leaves)).inclusionProof(index, size);
    expect(hashes.map(digits)).toEqual(expected);
    verifyInclusion(leaves[index]!, { index, hashes }, { size, root: hex(ROOTS[size]!) });
  });

  test.each([
    [1, 8, [N2, N01, N0]],
    [6, 8, [N45, N67, ROOTS[4]]],
    [2, 5, [N01, N4]],
    [8, 8, []],
  ])('proves that %d entries became %d with the published hashes', async (older, newer, expected) => {
    const hashes = await (await grow(leaves)).consistencyProof(older, newer);
    expect(hashes.map(digits)).toEqual(expected);
    const head = (size: number) => ({ size, root: hex(ROOTS[size]!) });
    verifyConsistency(head(older), head(newer), hashes);
  });
});

describe('the Merkle tree of up to 33 leaves', () => {
  const leaves = Array.from({ length: 33 }, (_, index) => Buffer.from(`entry ${index}`));
  const roots = Array.from({ length: 34 }, (_, size) => Uint8Array.from(referenceRoot(leaves.slice(0, size))));
  const head = (size: number) => ({ size, root: roots[size]! });

  test('has the root that RFC 6962 defines', async () => {
    const tree = await grow(leaves);
    for (const [size, root] of roots.entries()) expect(digits(await tree.root(size))).toBe(digits(root));
  });

  test('proves every leaf at every size, and nothing else', async () => {
    const tree = await grow(leaves);
    for (let size = 1; size <= 33; size++) {
      for (let index = 0; index < size; index++) {
        const hashes = await tree.inclusionProof(index, size);
        verifyInclusion(leaves[index]!, { index, hashes }, head(size));
        const wrong = [
          () => verifyInclusion(Buffer.from('another'), { index, hashes }, head(size)),
          () => verifyInclusion(leaves[index]!, { index: (index + 1) % size, hashes }, head(size)),
          () => verifyInclusion(leaves[index]!, { index, hashes: [...hashes, roots[0]!] }, head(size)),
          () => verifyInclusion(leaves[index]!, { index, hashes: hashes.slice(1) }, head(size)),
        ];
        const refused = wrong.map((work) => isRefused(work));
        // A tree of one leaf has no other place, and no hash to leave out.
        expect([size, index, refused]).toEqual([
          size,
          index,
          size === 1 ? [true, false, true, false] : refused.map(() => true),
        ]);
      }
    }
  });

  test('proves every growth, and refuses a rewritten beginning, a shrunk log and a proof of another growth', async () => {
    const tree = await grow(leaves);
    const rewritten = await grow([Buffer.from('rewritten'), ...leaves.slice(1)]);
    for (let newer = 1; newer <= 33; newer++) {
      for (let older = 0; older <= newer; older++) {
        const hashes = await tree.consistencyProof(older, newer);
        verifyConsistency(head(older), head(newer), hashes);
        if (older === 0) continue;
        const forged = { size: newer, root: await rewritten.root(newer) };
        expect(isRefused(() => verifyConsistency(head(older), forged, hashes))).toBe(true);
        const forgedProof = await rewritten.consistencyProof(older, newer);
        expect(isRefused(() => verifyConsistency(head(older), forged, forgedProof))).toBe(true);
        expect(isRefused(() => verifyConsistency(head(older), head(newer), [...hashes, roots[0]!]))).toBe(true);
        if (older < newer) {
          expect(isRefused(() => verifyConsistency(head(newer), head(older), hashes))).toBe(true);
          expect(isRefused(() => verifyConsistency(head(older), head(newer), hashes.slice(1)))).toBe(true);
        }
      }
    }
  });

  test('is asked for complete subtrees only, and for few of them', async () => {
    const asked: number[] = [];
    const tree = new MerkleTree(MERKLE_SHA256, async ({ level, index }) => {
      asked.push(level);
      expect((index + 1) * 2 ** level).toBeLessThanOrEqual(5_000_000_001);
      return roots[0]!;
    });
    await tree.inclusionProof(4_000_000_000, 5_000_000_001);
    await tree.consistencyProof(3_999_999_999, 5_000_000_001);
    expect(asked.length).toBeLessThan(120);
    expect(Math.max(...asked)).toBe(31);
  });

  test('refuses places that are not there', async () => {
    const tree = await grow(leaves);
    await expect(tree.inclusionProof(5, 5)).rejects.toThrow(RangeError);
    await expect(tree.consistencyProof(6, 5)).rejects.toThrow(RangeError);
    expect(isRefused(() => verifyInclusion(leaves[0]!, { index: 1, hashes: [] }, head(1)))).toBe(true);
    expect(isRefused(() => verifyInclusion(leaves[0]!, { index: 0.5, hashes: [] }, head(1)))).toBe(true);
  });
});

describe('signed notes', () => {
  /** From the test of Go's sumdb/note package. */
  const key = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const seed = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
  const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const signature = 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';
  const note = `${text}\n\u2014 PeterNeumann ${signature}\n`;
  const verifier = parseVerifierKey(key);

  test('are those that Go writes, byte for byte', () => {
    const privateKey = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
      format: 'der',
      type: 'pkcs8',
    });
    expect(signNote(text, verifier, privateKey)).toBe(note);
    expect(openNote(note, verifier)).toBe(text);
    expect(formatVerifierKey(verifier)).toBe(key);
  });

  test('are refused when changed, unsigned, signed twice or by another, and malformed', () => {
    const wrong = [
      note.replace('cryptography', 'cryptographY'),
      note.replace('x08go', 'x08gp'),
      note.replace('PeterNeumann', 'EnochRoot'),
      note.replace('\n\n', '\n'),
      note.slice(0, -1),
      `${note}\n`,
      `${note}\u2014 PeterNeumann ${signature}\n`,
      `${note}\u2014 PeterNeumann\n`,
      note.replace('answer', 'answer\t'),
      text,
      '',
    ];
    for (const each of wrong) expect([each, isRefused(() => openNote(each, verifier))]).toEqual([each, true]);
  });

  test('may carry signatures of witnesses beside', () => {
    const witness = generateKeyPairSync('ed25519');
    const publicKey = Buffer.from(witness.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const line = signNote(text, { name: 'witness.example', publicKey }, witness.privateKey).split('\n\n')[1]!;
    expect(openNote(`${note}${line}`, verifier)).toBe(text);
  });

  test('have keys that are read strictly', () => {
    const wrong = [
      key.slice(0, -1),
      key.replace('c74f20a3', 'c74f20a4'),
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      ` ${key}`,
      '',
    ];
    for (const each of wrong) expect([each, isRefused(() => parseVerifierKey(each))]).toEqual([each, true]);
  });
});

describe('checkpoints', () => {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = Uint8Array.from(Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  const verifier = { name: 'strongroom.example/log', publicKey };
  const head = { size: 3, root: hex(ROOTS[3]!) };

  test('hold what was signed, in the lines of C2SP', () => {
    const note = signCheckpoint(head, verifier, pair.privateKey);
    expect(openCheckpoint(note, verifier)).toEqual(head);
    const root = Buffer.from(head.root).toString('base64');
    expect(note.split('\n').slice(0, 4)).toEqual(['strongroom.example/log', '3', root, '']);
  });

  test('of another log or key, or with other lines, are refused', () => {
    const note = signCheckpoint(head, verifier, pair.privateKey);
    expect(isRefused(() => openCheckpoint(note, { ...verifier, name: 'other.example/log' }))).toBe(true);
    const root = Buffer.from(head.root).toString('base64');
    for (const text of [
      `other.example/log\n3\n${root}\n`,
      `${verifier.name}\n03\n${root}\n`,
      `${verifier.name}\n-1\n${root}\n`,
      `${verifier.name}\n99999999999999999\n${root}\n`,
      `${verifier.name}\n3\n${root.slice(0, -4)}\n`,
      `${verifier.name}\n3\n${root}\nmore\n`,
    ]) {
      expect([text, isRefused(() => openCheckpoint(signNote(text, verifier, pair.privateKey), verifier))]).toEqual([
        text,
        true,
      ]);
    }
  });
});

describe('cosignatures of witnesses', () => {
  const pairOf = (name: string) => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Uint8Array.from(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
    return { verifier: { name, publicKey: raw }, publicKey, privateKey };
  };
  const [log, witness, other] = [pairOf('strongroom.example/log'), pairOf('witness.example'), pairOf('other.example')];
  const text = `strongroom.example/log\n3\n${Buffer.alloc(32, 1).toString('base64')}\n`;
  const note = signNote(text, log.verifier, log.privateKey);
  const at = new Date('2026-11-28T12:00:00Z');
  const cosigned = cosign(note, witness.verifier, witness.privateKey, at);

  test('say when a witness saw a checkpoint, and leave the log its own signature', () => {
    expect(openCosignature(cosigned, witness.verifier)).toEqual(at);
    expect(openCheckpoint(cosigned, log.verifier).size).toBe(3);
    const twice = cosign(cosigned, other.verifier, other.privateKey, at);
    expect([openCosignature(twice, witness.verifier), openCosignature(twice, other.verifier)]).toEqual([at, at]);
  });

  test('are those of C2SP: key type 4, the time before the signature, and a message of their own', () => {
    expect(parseWitnessKey(formatWitnessKey(witness.verifier))).toEqual(witness.verifier);
    const line = /^\u2014 witness\.example (\S+)$/m.exec(cosigned)?.[1] ?? '';
    const bytes = Buffer.from(line, 'base64');
    const named = Buffer.concat([Buffer.from('witness.example\n\x04'), witness.verifier.publicKey]);
    expect(bytes.subarray(0, 4)).toEqual(createHash('sha256').update(named).digest().subarray(0, 4));
    expect(bytes.readBigUInt64BE(4)).toBe(BigInt(at.getTime() / 1000));
    const message = Buffer.from(`cosignature/v1\ntime ${at.getTime() / 1000}\n${text}`);
    expect(verify(null, message, witness.publicKey, bytes.subarray(12))).toBe(true);
  });

  test('of nobody, of another, of another checkpoint or time, or as a plain signature are refused', () => {
    const changed = (from: number) => {
      const [, line = ''] = /^\u2014 witness\.example (\S+)$/m.exec(cosigned) ?? [];
      const bytes = Buffer.from(line, 'base64');
      bytes[from] = (bytes[from] ?? 0) ^ 1;
      return cosigned.replace(line, bytes.toString('base64'));
    };
    const plain = signNote(text, witness.verifier, witness.privateKey).split('\n\n')[1] ?? '';
    const wrong = [note, `${note}${plain}`, changed(0), changed(4), changed(11), changed(12), changed(75)];
    wrong.push(cosigned.replace('\n3\n', '\n4\n'), `${cosigned}${cosigned.split('\n').at(-2) ?? ''}\n`);
    for (const each of wrong) {
      expect([each, isRefused(() => openCosignature(each, witness.verifier))]).toEqual([each, true]);
    }
    expect(isRefused(() => openCosignature(cosigned, { ...witness.verifier, name: 'other.example' }))).toBe(true);
    expect(isRefused(() => parseWitnessKey(formatVerifierKey(witness.verifier)))).toBe(true);
  });
});

describe('entries of the log', () => {
  const [user, checksum] = [parseHandle('alice'), 'ab'.repeat(32) as Sha256];
  const entries: readonly LogEntry[] = [
    { kind: 'function', owner: user, name: 'digits', checksum },
    { kind: 'user-key', user, generation: 2, keyId: checksum },
    { kind: 'permission', user, checksum },
  ];

  test.each(entries)('come back as they were: $kind', (entry) => {
    expect(decodeLogEntry(encodeLogEntry(entry))).toEqual(entry);
  });

  test('of one kind are not taken for another, and nothing may follow', () => {
    const [, key] = entries.map(encodeLogEntry);
    const renamed = Buffer.from(Buffer.from(key!).toString('latin1').replace('user-key', 'function'), 'latin1');
    for (const wrong of [renamed, Buffer.concat([key!, Buffer.of(0)]), Buffer.alloc(2000), Buffer.of(0xa0)]) {
      expect(isRefused(() => decodeLogEntry(wrong))).toBe(true);
    }
  });
});
