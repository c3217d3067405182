/** Headers of OpenPGP packets (RFC 9580 section 4.2): written in the new form, read in both. */
import { StrongroomError } from '../../domain/errors.ts';
import type { ByteReader } from './byte-reader.ts';

/** The packet types that may turn up in or around an archive (RFC 9580 section 5). */
export const TAG = {
  publicKeyEncryptedSessionKey: 1,
  signature: 2,
  passphraseEncryptedSessionKey: 3,
  onePassSignature: 4,
  compressed: 8,
  unprotected: 9,
  marker: 10,
  literal: 11,
  protected: 18,
  modificationDetectionCode: 19,
  libreProtected: 20,
  padding: 21,
} as const;

/** How many bytes of a body follow, and whether another length follows them. */
export type BodyLength =
  | { readonly kind: 'whole'; readonly bytes: number }
  | { readonly kind: 'part'; readonly bytes: number }
  | { readonly kind: 'to-the-end' };

export interface PacketHeader {
  readonly tag: number;
  readonly length: BodyLength;
}

const NEW_FORM = 0xc0;
const OLD_FORM = 0x80;
const FIRST_PARTIAL = 224;
const FIVE_OCTETS = 255;
const LARGEST_TWO_OCTETS = 8383;

/** The header of a packet whose length is known. */
export function writeHeader(tag: number, length: number): Buffer {
  return Buffer.concat([Buffer.of(NEW_FORM | tag), writeLength(length)]);
}

/** The length of a body, or of the last part of one. */
export function writeLength(length: number): Buffer {
  if (length < 192) return Buffer.of(length);
  if (length <= LARGEST_TWO_OCTETS) return Buffer.of(192 + ((length - 192) >> 8), (length - 192) & 0xff);
  const octets = Buffer.alloc(5, FIVE_OCTETS);
  octets.writeUInt32BE(length, 1);
  return octets;
}

/** The length of a part of 2^`power` bytes. */
export const partialLength = (power: number): number => FIRST_PARTIAL + power;

export const newFormTag = (tag: number): number => NEW_FORM | tag;

/** Whether a packet can begin with this byte. */
export const beginsPacket = (first: number): boolean => (first & OLD_FORM) !== 0;

/** Reads a header; `null` where the data ends. Fails with `E_NOT_AN_ARCHIVE` where no packet begins. */
export async function readHeader(reader: ByteReader): Promise<PacketHeader | null> {
  const first = await reader.readByteOrEnd();
  if (first === null) return null;
  if (!beginsPacket(first)) throw new StrongroomError('E_NOT_AN_ARCHIVE', 'Here begins no OpenPGP packet.');
  if ((first & NEW_FORM) === NEW_FORM) return { tag: first & 0x3f, length: await readLength(reader) };
  return { tag: (first >> 2) & 0x0f, length: await readOldLength(reader, first & 0x03) };
}

/** Reads a length in the new form (RFC 9580 section 4.2.1). */
export async function readLength(reader: ByteReader): Promise<BodyLength> {
  const first = await reader.readByte();
  if (first < 192) return { kind: 'whole', bytes: first };
  if (first < FIRST_PARTIAL) return { kind: 'whole', bytes: ((first - 192) << 8) + (await reader.readByte()) + 192 };
  if (first < FIVE_OCTETS) return { kind: 'part', bytes: 2 ** (first & 0x1f) };
  return { kind: 'whole', bytes: (await reader.read(4)).readUInt32BE() };
}

/** The old form (RFC 9580 section 4.2.2), which gpg still writes. */
async function readOldLength(reader: ByteReader, type: number): Promise<BodyLength> {
  if (type === 3) return { kind: 'to-the-end' };
  const octets = 2 ** type;
  return { kind: 'whole', bytes: (await reader.read(octets)).readUIntBE(0, octets) };
}
