/**
 * Encrypted data whose integrity is protected by a modification detection code: version 1 of the packet, CFB and SHA-1
 * (RFC 9580 section 5.13.1). It is what every gpg reads.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import { CfbDecryptor, CfbEncryptor } from './cfb.ts';
import { BLOCK_BYTES } from './ciphers.ts';
import type { SessionKey } from './session-key.ts';

export const VERSION = 1;
const PREFIX_BYTES = BLOCK_BYTES + 2;
const CODE_HEADER = Buffer.of(0xd3, 0x14);
const CODE_BYTES = CODE_HEADER.length + 20;
const LARGEST_READ = 2 ** 20;

/** The body of the packet around `packets`. */
export async function* protect(packets: AsyncIterable<Buffer>, session: SessionKey): AsyncGenerator<Buffer> {
  const encryptor = new CfbEncryptor(session.cipher, session.key);
  const code = createHash('sha1');
  const encrypt = (bytes: Buffer) => {
    code.update(bytes);
    return encryptor.update(bytes);
  };
  const random = randomBytes(BLOCK_BYTES);
  yield Buffer.of(VERSION);
  yield encrypt(Buffer.concat([random, random.subarray(-2)]));
  for await (const chunk of packets) yield encrypt(chunk);
  yield encrypt(CODE_HEADER);
  yield encryptor.update(code.digest());
  yield encryptor.final();
}

/** The random bytes at the beginning of the data, still encrypted: they tell a wrong key (RFC 9580 section 5.7). */
export const readPrefix = (body: ByteReader): Promise<Buffer> => body.read(PREFIX_BYTES);

/** Whether the last two of the prefix's bytes repeat the two before: of 65,536 wrong keys one passes. */
export function opensPrefix(prefix: Buffer, session: SessionKey): boolean {
  const decryptor = new CfbDecryptor(session.cipher, session.key);
  const plain = Buffer.concat([decryptor.update(prefix), decryptor.final()]);
  return plain.subarray(-2).equals(plain.subarray(-4, -2));
}

/**
 * The packets inside, while they are decrypted. Nothing of them may be believed before the generator has ended: it
 * fails with `E_DAMAGED` where the code does not match.
 */
export async function* unprotect(prefix: Buffer, body: ByteReader, session: SessionKey): AsyncGenerator<Buffer> {
  const decryptor = new CfbDecryptor(session.cipher, session.key);
  const code = createHash('sha1');
  let held: Buffer = Buffer.alloc(0);
  let skip = PREFIX_BYTES;
  // The last 22 bytes are the code, and only the end tells which bytes are the last.
  const pass = function* (plain: Buffer, keep: number): Generator<Buffer> {
    const all = held.length < CODE_BYTES || plain.length < CODE_BYTES ? [Buffer.concat([held, plain])] : [held, plain];
    const last = all.at(-1) ?? plain;
    const cut = Math.max(0, last.length - keep);
    held = Buffer.from(last.subarray(cut));
    for (const part of [...all.slice(0, -1), last.subarray(0, cut)]) {
      code.update(part);
      const from = Math.min(skip, part.length);
      skip -= from;
      if (part.length > from) yield part.subarray(from);
    }
  };
  yield* pass(decryptor.update(prefix), CODE_BYTES);
  for (let chunk = await body.readSome(LARGEST_READ); chunk; chunk = await body.readSome(LARGEST_READ)) {
    yield* pass(decryptor.update(chunk), CODE_BYTES);
  }
  yield* pass(decryptor.final(), CODE_BYTES);
  checkCode(held, code.update(held.subarray(0, CODE_HEADER.length)).digest());
}

function checkCode(found: Buffer, expected: Buffer): void {
  const code = found.subarray(CODE_HEADER.length);
  const whole = found.length === CODE_BYTES && found.subarray(0, CODE_HEADER.length).equals(CODE_HEADER);
  if (whole && timingSafeEqual(code, expected)) return;
  throw damaged();
}

export const damaged = (): StrongroomError =>
  new StrongroomError('E_DAMAGED', 'The archive is damaged.', {
    why: 'Its own integrity check fails: what was decrypted is not what was encrypted.',
    next: 'Nothing of it was released. Fetch it again.',
  });
