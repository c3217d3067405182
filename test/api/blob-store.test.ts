/** Whatever keeps the blobs, a folder or a bucket: nothing is in it that was not announced, and nothing changes in it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { parseSha256 } from '../../domain/ids.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { openBlobStore } from '../../storage/open-blob-store.ts';
import { person } from './support/people.ts';
import { startBucket, type TestBucket } from './support/bucket.ts';
import { startPlatform } from './support/platform.ts';

/** More than one part of an upload to a bucket. */
const SIZE = 40 * 2 ** 20 + 5;
let folder: string;
let bucket: TestBucket;
const credentials = {
  AWS_ACCESS_KEY_ID: 'a key that is only a name',
  AWS_SECRET_ACCESS_KEY: 'not checked by this server',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-blobs-'));
  Object.assign(process.env, credentials);
  bucket = await startBucket();
});
afterAll(async () => {
  await bucket.stop();
  await rm(folder, { recursive: true });
});

const announce = (bytes: Buffer) => ({
  sha256: parseSha256(createHash('sha256').update(bytes).digest('hex')),
  size: bytes.length,
});
const incoming = async (bytes: Buffer) => {
  const file = join(folder, 'incoming');
  await writeFile(file, bytes);
  return file;
};
const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

describe.each(['folder', 'bucket'] as const)('blobs in a %s', (kind) => {
  let store: BlobStore;
  beforeEach(async () => {
    store = await openBlobStore({ folder: join(folder, 'blobs'), s3Url: kind === 'bucket' ? bucket.url : null });
  });

  test('come back as they were, whole and in part', async () => {
    const bytes = randomBytes(SIZE);
    const announced = announce(bytes);
    await store.adopt(await incoming(bytes), announced);
    expect(await store.size(announced.sha256)).toBe(SIZE);
    expect((await buffer(await store.read(announced.sha256, 0, SIZE - 1))).equals(bytes)).toBe(true);
    expect(await buffer(await store.read(announced.sha256, 17, 29))).toEqual(bytes.subarray(17, 30));
    expect(await isThere(join(folder, 'incoming'))).toBe(false);
  });

  test('are what was announced: of anything else nothing is kept, and the same one is taken twice', async () => {
    const bytes = randomBytes(100);
    const announced = announce(bytes);
    const wrong = await incoming(bytes.subarray(1));
    await expect(store.adopt(wrong, announced)).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
    expect(await store.size(announced.sha256)).toBeNull();
    expect(await isThere(wrong)).toBe(false);
    for (const _attempt of [1, 2]) await store.adopt(await incoming(bytes), announced);
    expect(await store.size(announced.sha256)).toBe(100);
  });

  test('are forgotten when asked for, be they there or not', async () => {
    const bytes = randomBytes(100);
    const { sha256, size } = announce(bytes);
    await store.adopt(await incoming(bytes), { sha256, size });
    await store.remove(sha256);
    await store.remove(sha256);
    expect(await store.size(sha256)).toBeNull();
  });
});

test('the folder holds nothing but blobs', async () => {
  const kept = await readdir(join(folder, 'blobs'), { recursive: true });
  expect(kept.filter((name) => !/^[0-9a-f]{2}(\/[0-9a-f]{64})?$/.test(name))).toEqual([]);
});

test('a bucket that does not answer is said to be unavailable, and the upload is not kept', async () => {
  const store = await openBlobStore({ folder, s3Url: 'http://127.0.0.1:1/strongroom' });
  const file = await incoming(Buffer.from('bytes'));
  await expect(store.adopt(file, announce(Buffer.from('bytes')))).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
  expect(await isThere(file)).toBe(false);
});

test.each(['strongroom', 'ftp://host/bucket', 'https://host', 'https://host/a/b', 'https://key:secret@host/bucket'])(
  '%s names no bucket, and what it should be is said',
  async (s3Url) => {
    await expect(openBlobStore({ folder, s3Url })).rejects.toMatchObject({ code: 'E_CONFIG' });
  },
);

test('the API takes uploads into a bucket, and answers with what is in it', async () => {
  const blobs = await openBlobStore({ folder, s3Url: bucket.url });
  const platform = await startPlatform({ blobs });
  try {
    const alice = await person(platform, 'alice');
    const bytes = randomBytes(300);
    const { sha256 } = announce(bytes);
    const url = await platform.app.listen({ port: 0, host: '127.0.0.1' });
    const headers = { authorization: `Bearer ${alice.token}` };
    const { uploadBlob } = await import('../../client/upload.ts');
    const file = await incoming(bytes);
    await uploadBlob({ apiUrl: url, headers, file, sha256, size: bytes.length });
    const part = await fetch(`${url}/v1/blobs/${sha256}`, { headers: { ...headers, range: 'bytes=5-9' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(5, 10));
  } finally {
    await platform.stop();
  }
});
