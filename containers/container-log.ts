/**
 * What a container prints goes into one local file that only its owner can read, and nowhere else: it may hold patients'
 * data or parts of the model. The file keeps the beginning and the end.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

const HEAD_BYTES = 4 * 2 ** 20;
const TAIL_BYTES = 64 * 2 ** 10;

/** Writes `printed`, as Docker's attach endpoint frames it, into `file` until it ends. */
export async function keepLog(printed: AsyncIterable<Buffer>, file: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const handle = await open(file, flags, 0o600);
  try {
    await handle.chmod(0o600);
    await writeBounded(handle, payloads(printed));
  } finally {
    await handle.close();
  }
}

async function writeBounded(handle: FileHandle, printed: AsyncIterable<Buffer>): Promise<void> {
  let written = 0;
  let leftOut = 0;
  let tail = Buffer.alloc(0);
  for await (const chunk of printed) {
    const head = chunk.subarray(0, HEAD_BYTES - written);
    if (head.length > 0) await handle.write(head);
    written += head.length;
    const rest = chunk.subarray(head.length);
    leftOut += rest.length;
    if (rest.length > 0) tail = Buffer.concat([tail, rest]).subarray(-TAIL_BYTES);
  }
  if (leftOut > tail.length) await handle.write(`\n… ${leftOut - tail.length} bytes left out …\n`);
  await handle.write(tail);
}

const FRAME_HEADER = 8;

/** Strips the frame headers: a byte for the stream, three of zero, and the length of what follows. */
async function* payloads(framed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let header = Buffer.alloc(0);
  let missing = 0;
  for await (const part of framed) {
    let chunk = part;
    while (chunk.length > 0) {
      if (missing === 0) {
        const taken = chunk.subarray(0, FRAME_HEADER - header.length);
        header = Buffer.concat([header, taken]);
        chunk = chunk.subarray(taken.length);
        if (header.length < FRAME_HEADER) break;
        missing = header.readUInt32BE(4);
        header = Buffer.alloc(0);
      }
      const payload = chunk.subarray(0, missing);
      missing -= payload.length;
      chunk = chunk.subarray(payload.length);
      if (payload.length > 0) yield payload;
    }
  }
}
