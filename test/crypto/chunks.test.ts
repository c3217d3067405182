import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { inChunks } from '../../crypto/chunks.ts';

const stream = async function* (bytes: Buffer) {
  yield bytes;
};

async function memoryFor(bytes: Buffer): Promise<SharedArrayBuffer> {
  for await (const chunk of inChunks(stream(bytes))) {
    expect(chunk.bytes).toEqual(bytes);
    return chunk.memory;
  }
  throw new Error('There was no chunk.');
}

test('one reading after the other takes the same memory, and leaves nothing of what it read in it', async () => {
  const first = await memoryFor(randomBytes(70_000));
  expect(Buffer.from(first).equals(Buffer.alloc(first.byteLength))).toBe(true);
  expect(await memoryFor(randomBytes(50_000))).toBe(first);
  expect(Buffer.from(first).equals(Buffer.alloc(first.byteLength))).toBe(true);
});

test('two readings at the same time have memory of their own', async () => {
  for await (const chunk of inChunks(stream(Buffer.from('outer')))) {
    expect(await memoryFor(Buffer.from('inner'))).not.toBe(chunk.memory);
    expect(chunk.bytes.toString()).toBe('outer');
  }
});
