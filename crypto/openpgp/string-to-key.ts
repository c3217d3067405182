/** From a passphrase to a key (RFC 9580 section 3.7), on bytes: a key is never made into a string that cannot be erased. */
import { createHash, randomBytes } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';

/** Hash algorithms by their OpenPGP number (RFC 9580 section 9.5). */
const HASHES: Readonly<Record<number, string>> = {
  2: 'sha1',
  3: 'ripemd160',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
};
const SHA256 = 8;
const SIMPLE = 0;
const SALTED = 1;
const ITERATED = 3;
const SALT_BYTES = 8;
const BLOCK = 64 * 1024;

export interface StringToKey {
  readonly hash: string;
  readonly salt: Buffer;
  /** Bytes of salt and passphrase, repeated, that are hashed; 0 where they are hashed once. */
  readonly count: number;
  /** Bytes of the specifier. */
  readonly length: number;
}

/** The largest count there is, 65,011,712 bytes (some 40 ms): the archive is public, and the key may not be of our making. */
export const STRONGEST_COUNT = 0xff;

/** A new iterated and salted specifier with SHA-256. */
export function newStringToKey(countOctet: number): Buffer {
  return Buffer.concat([Buffer.of(ITERATED, SHA256), randomBytes(SALT_BYTES), Buffer.of(countOctet)]);
}

/** Reads a specifier from the beginning of `bytes`. Fails with `E_NOT_AN_ARCHIVE` for a kind that is not supported. */
export function parseStringToKey(bytes: Buffer): StringToKey {
  const [type, algorithm = 0] = bytes;
  const hash = HASHES[algorithm];
  if (hash === undefined || (type !== SIMPLE && type !== SALTED && type !== ITERATED)) {
    throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The archive derives its key in a way that is not supported.', {
      why: `It asks for string-to-key type ${String(type)} with hash ${algorithm}.`,
    });
  }
  const salt = type === SIMPLE ? Buffer.alloc(0) : bytes.subarray(2, 2 + SALT_BYTES);
  const octet = type === ITERATED ? bytes[2 + SALT_BYTES] : 0;
  const length = 2 + (type === SIMPLE ? 0 : SALT_BYTES) + (type === ITERATED ? 1 : 0);
  if (octet === undefined || bytes.length < length) {
    throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The beginning of the archive is not well formed.');
  }
  return { hash, salt, count: type === ITERATED ? (16 + (octet & 15)) * 2 ** ((octet >> 4) + 6) : 0, length };
}

/** The key of `length` bytes that belongs to the passphrase. */
export function deriveKey(specifier: StringToKey, passphrase: Buffer, length: number): Buffer {
  const unit = Buffer.concat([specifier.salt, passphrase]);
  const total = Math.max(specifier.count, unit.length);
  const repeated = repeatTo(unit, Math.min(BLOCK, total));
  const digests: Buffer[] = [];
  for (let made = 0; made < length; made += digests.at(-1)?.length ?? length) {
    const hash = createHash(specifier.hash).update(Buffer.alloc(digests.length));
    for (let left = total; left > 0; left -= repeated.length) hash.update(repeated.subarray(0, left));
    digests.push(hash.digest());
  }
  const joined = Buffer.concat(digests);
  const key = Buffer.from(joined.subarray(0, length));
  for (const secret of [unit, repeated, joined, ...digests]) secret.fill(0);
  return key;
}

/** `unit` over and over, for about `enough` bytes and always whole. */
function repeatTo(unit: Buffer, enough: number): Buffer {
  const times = Math.max(1, Math.ceil(enough / unit.length));
  const repeated = Buffer.alloc(times * unit.length);
  for (let at = 0; at < repeated.length; at += unit.length) unit.copy(repeated, at);
  return repeated;
}
