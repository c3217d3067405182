/**
 * CFB mode of OpenPGP (RFC 9580 section 12.9: full blocks, an all-zero IV) at the speed of the processor's AES.
 *
 * OpenSSL computes CFB block by block, at a third to a half of what the processor can do. The same bytes come out of
 * two modes that it computes with all the processor has:
 * - Decrypting: P[i] = C[i] xor E(C[i-1]). All E(C[i-1]) at once are the ECB encryption of the ciphertext, one block late.
 * - Encrypting: C[i] = P[i] xor X[i] with X[i+1] = E(C[i]) = E(P[i] xor X[i]), and that is CBC over the plaintext.
 */
import { createCipheriv } from 'node:crypto';
import type { Cipheriv } from 'node:crypto';
import { BLOCK_BYTES } from './ciphers.ts';
import type { BlockCipher } from './ciphers.ts';

const WORDS = BLOCK_BYTES / 4;
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

/** Input that waits for its block to become whole, behind `before` bytes that stay in front of it. */
class BlockBuffer {
  bytes: Buffer;
  length = 0;
  readonly #before: number;

  constructor(before: number) {
    this.#before = before;
    this.bytes = Buffer.alloc(before);
  }

  /** Adds the chunk, and answers how many of the bytes that wait make up whole blocks. */
  add(chunk: Buffer): number {
    const end = this.#before + this.length;
    if (end + chunk.length > this.bytes.length) {
      const larger = Buffer.alloc(end + chunk.length + BLOCK_BYTES);
      this.bytes.copy(larger, 0, 0, end);
      this.bytes.fill(0);
      this.bytes = larger;
    }
    chunk.copy(this.bytes, end);
    this.length += chunk.length;
    return this.length - (this.length % BLOCK_BYTES);
  }

  /** Drops `count` bytes from the front. */
  drop(count: number): void {
    this.bytes.copyWithin(0, count, this.#before + this.length);
    this.length -= count;
  }
}

export class CfbEncryptor {
  readonly #cbc: Cipheriv;
  readonly #plain = new BlockBuffer(0);
  /** X of the next block. */
  #next: Buffer;

  constructor(cipher: BlockCipher, key: Buffer) {
    const ecb = createCipheriv(`${cipher.name}-ecb`, key, null).setAutoPadding(false);
    this.#next = ecb.update(ZERO_BLOCK);
    this.#cbc = createCipheriv(`${cipher.name}-cbc`, key, this.#next).setAutoPadding(false);
  }

  /** The ciphertext of all whole blocks that can be made so far. */
  update(chunk: Buffer): Buffer {
    const whole = this.#plain.add(chunk);
    if (whole === 0) return Buffer.alloc(0);
    const stream = this.#cbc.update(this.#plain.bytes.subarray(0, whole));
    const next = Buffer.from(stream.subarray(whole - BLOCK_BYTES));
    xorOneBlockLate(stream, this.#next, this.#plain.bytes);
    this.#next = next;
    this.#plain.drop(whole);
    return stream;
  }

  /** The ciphertext of the rest. */
  final(): Buffer {
    const rest = this.#plain.bytes.subarray(0, this.#plain.length);
    return Buffer.from(rest.map((byte, at) => byte ^ (this.#next[at] ?? 0)));
  }
}

export class CfbDecryptor {
  readonly #ecb: Cipheriv;
  readonly #cipherText = new BlockBuffer(BLOCK_BYTES);

  constructor(cipher: BlockCipher, key: Buffer) {
    this.#ecb = createCipheriv(`${cipher.name}-ecb`, key, null).setAutoPadding(false);
  }

  /** The plaintext of all whole blocks that can be made so far. */
  update(chunk: Buffer): Buffer {
    const whole = this.#cipherText.add(chunk);
    if (whole === 0) return Buffer.alloc(0);
    const stream = this.#ecb.update(this.#cipherText.bytes.subarray(0, whole));
    xorInto(stream, this.#cipherText.bytes);
    this.#cipherText.drop(whole);
    return stream;
  }

  /** The plaintext of the rest. */
  final(): Buffer {
    const stream = this.#ecb.update(this.#cipherText.bytes.subarray(0, BLOCK_BYTES));
    const rest = this.#cipherText.bytes.subarray(BLOCK_BYTES, BLOCK_BYTES + this.#cipherText.length);
    return Buffer.from(rest.map((byte, at) => byte ^ (stream[at] ?? 0)));
  }
}

const wordsOf = (bytes: Buffer, length: number) => new Int32Array(bytes.buffer, bytes.byteOffset, length / 4);

/** stream[i] ^= text[i + one block] */
function xorInto(stream: Buffer, text: Buffer): void {
  const out = wordsOf(stream, stream.length);
  const other = wordsOf(text, stream.length + BLOCK_BYTES);
  for (let at = 0; at < out.length; at += WORDS) {
    out[at] = (out[at] as number) ^ (other[at + 4] as number);
    out[at + 1] = (out[at + 1] as number) ^ (other[at + 5] as number);
    out[at + 2] = (out[at + 2] as number) ^ (other[at + 6] as number);
    out[at + 3] = (out[at + 3] as number) ^ (other[at + 7] as number);
  }
}

/** stream[i] = stream[i - one block] ^ text[i], where `first` stands before the stream. From the end, so that it works in place. */
function xorOneBlockLate(stream: Buffer, first: Buffer, text: Buffer): void {
  const out = wordsOf(stream, stream.length);
  const plain = wordsOf(text, stream.length);
  for (let at = out.length - WORDS; at >= WORDS; at -= WORDS) {
    out[at] = (out[at - 4] as number) ^ (plain[at] as number);
    out[at + 1] = (out[at - 3] as number) ^ (plain[at + 1] as number);
    out[at + 2] = (out[at - 2] as number) ^ (plain[at + 2] as number);
    out[at + 3] = (out[at - 1] as number) ^ (plain[at + 3] as number);
  }
  const before = wordsOf(first, BLOCK_BYTES);
  for (let at = 0; at < WORDS; at++) out[at] = (before[at] as number) ^ (plain[at] as number);
}
