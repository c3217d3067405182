/** What is inside the encryption: one file as a literal packet, compressed or not (RFC 9580 sections 5.6 and 5.9). */
import { Readable, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { createInflate, createInflateRaw } from 'node:zlib';
import { StrongroomError } from '../../domain/errors.ts';
import { copies } from '../chunks.ts';
import { ByteReader } from './byte-reader.ts';
import { readBody, writeInParts } from './packet-body.ts';
import { TAG, readHeader } from './packet-header.ts';
import type { PacketHeader } from './packet-header.ts';

/** Binary, without a name and a date: the archive says nothing about where it comes from. */
const DESCRIPTION = Buffer.from([0x62, 0, 0, 0, 0, 0]);
const INFLATE_CHUNK = 256 * 1024;

/** The file as a literal packet. */
export function writeLiteral(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const body = async function* () {
    yield DESCRIPTION;
    yield* content;
  };
  return writeInParts(TAG.literal, body());
}

/**
 * The content of the one file in `packets`. Fails with `E_TOO_LARGE` after `mostBytes`, with `E_TRAILING_DATA` where
 * something follows the file, and with `E_NOT_AN_ARCHIVE` for whatever else a message can hold.
 */
export async function* readLiteral(packets: ByteReader, mostBytes: number): AsyncGenerator<Buffer> {
  const header = await nextHeader(packets);
  if (header?.tag === TAG.compressed) {
    yield* readCompressed(packets, header, mostBytes);
  } else {
    yield* readFile(packets, header, mostBytes);
  }
  if (await nextHeader(packets)) throw trailing();
}

async function* readCompressed(packets: ByteReader, header: PacketHeader, mostBytes: number): AsyncGenerator<Buffer> {
  const body = readBody(packets, header.length);
  const inside = new ByteReader(await decompress(body), endsEarly);
  try {
    // Compressed data inside compressed data serves nobody but who wants to exhaust the reader.
    yield* readFile(inside, await nextHeader(inside), mostBytes);
    if (await nextHeader(inside)) throw trailing();
  } finally {
    await inside.close();
  }
}

async function* readFile(packets: ByteReader, header: PacketHeader | null, mostBytes: number): AsyncGenerator<Buffer> {
  if (header?.tag !== TAG.literal) throw notAFile(header);
  const body = new ByteReader(readBody(packets, header.length), endsEarly);
  await body.readByte();
  await body.read((await body.readByte()) + 4);
  let total = 0;
  for (let chunk = await body.readSome(Infinity); chunk; chunk = await body.readSome(Infinity)) {
    total += chunk.length;
    if (total > mostBytes) throw tooLarge(mostBytes);
    yield chunk;
  }
  if (total === 0) throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The archive is empty: it holds not one byte.');
}

/** The next header that means something; markers and padding do not. */
async function nextHeader(packets: ByteReader): Promise<PacketHeader | null> {
  for (;;) {
    const header = await readHeader(packets);
    if (header?.tag !== TAG.marker && header?.tag !== TAG.padding) return header;
    for await (const _ of readBody(packets, header.length));
  }
}

async function decompress(body: AsyncGenerator<Buffer>): Promise<AsyncIterable<Buffer>> {
  const next = await body.next();
  const first = next.done ? undefined : next.value;
  const rest = first ? prepend(first.subarray(1), body) : body;
  switch (first?.[0]) {
    case 0:
      return rest;
    case 1:
      return inflate(rest, createInflateRaw({ chunkSize: INFLATE_CHUNK }));
    case 2:
      return inflate(rest, createInflate({ chunkSize: INFLATE_CHUNK }));
    default:
      throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The archive is compressed in a way that is not supported.', {
        next: 'Encrypt it again with `strongroom archive encrypt`, or with `gpg --compress-algo zip`.',
      });
  }
}

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

async function* inflate(compressed: AsyncIterable<Buffer>, inflater: Transform): AsyncGenerator<Buffer> {
  // Errors reach the reader of `inflater`; the callback only keeps them from being thrown a second time.
  pipeline(Readable.from(copies(compressed), { objectMode: false }), inflater, () => undefined);
  try {
    for await (const chunk of inflater) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    throw new StrongroomError('E_DAMAGED', 'The archive is damaged.', {
      why: 'What it holds cannot be decompressed.',
      cause: error,
    });
  }
}

const endsEarly = () =>
  new StrongroomError('E_NOT_AN_ARCHIVE', 'What the archive holds is not well formed.', { why: 'It ends too early.' });

const trailing = () =>
  new StrongroomError('E_TRAILING_DATA', 'The archive holds more than one file.', {
    why: 'Something follows its file.',
  });

const tooLarge = (mostBytes: number) =>
  new StrongroomError('E_TOO_LARGE', `The archive holds more than ${mostBytes} bytes.`, {
    why: 'More comes out of it than was registered or allowed.',
    next: 'Nothing of it was released. Ask its owner for the right archive.',
  });

function notAFile(header: PacketHeader | null): StrongroomError {
  const signed = header?.tag === TAG.onePassSignature || header?.tag === TAG.signature;
  return new StrongroomError('E_NOT_AN_ARCHIVE', 'The archive does not hold a file.', {
    why: signed ? 'It holds a signed message.' : `It holds a packet of type ${String(header?.tag ?? 'none')}.`,
    next: 'Encrypt the image archive itself, with `strongroom archive encrypt`.',
  });
}
