/** Archives in memory: made with the quickest key derivation, so that thousands of damaged copies can be tried. */
import { Readable } from 'node:stream';
import { writeMessage, readMessage } from '../../../crypto/openpgp/message.ts';
import type { MessageFormat } from '../../../crypto/openpgp/message.ts';
import { DEFAULT_MAX_PLAINTEXT_SIZE } from '../../../crypto/archive-decryption.ts';

export const FORMATS: readonly MessageFormat[] = ['openpgp-cfb', 'openpgp-aead'];
export const KEY = Buffer.from('a key of enough length for a sample');
const QUICKEST = 0;

const once = (bytes: Buffer): Readable => Readable.from([bytes]);

export async function sealed(plaintext: Buffer, format: MessageFormat): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of writeMessage(once(plaintext), KEY, { format, countOctet: QUICKEST })) {
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts);
}

/** What reading the archive to its end comes to: the code of the failure, or `accepted`. */
export async function verdictOn(
  archive: Buffer,
  { key = KEY, mostBytes = DEFAULT_MAX_PLAINTEXT_SIZE } = {},
): Promise<string> {
  try {
    for await (const _ of readMessage(once(archive), key, mostBytes));
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

export function flipped(archive: Buffer, bit: number): Buffer {
  const copy = Buffer.from(archive);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
