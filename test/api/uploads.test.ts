import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Upload, type DetailedError } from 'tus-js-client';
import { removeOrphanedUploads } from '../../storage/upload-cleanup.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let address: string;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  platform = await startPlatform({ settings: { maxUploadBytes: 8_000_000, quotaBytes: 12_000_000 } });
  address = await platform.app.listen({ port: 0, host: '127.0.0.1' });
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
});
afterAll(() => platform.stop());

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const authorization = (someone: Person) => ({ authorization: `Bearer ${someone.token}` });
const filesUnder = async (folder: string) =>
  (await readdir(join(platform.folder, folder), { recursive: true }).catch(() => [])).filter(
    (name) => name.length > 35,
  );

/** Uploads as the agents do. Answers with the problem's code, or `null` where all went well. */
function upload(
  someone: Person,
  bytes: Buffer,
  changes: { sha256?: string; metadata?: Record<string, string> } = {},
): Promise<string | null> {
  const metadata = { sha256: changes.sha256 ?? sha256(bytes), size: String(bytes.length), ...changes.metadata };
  return new Promise((resolve, reject) => {
    const attempt = new Upload(bytes, {
      endpoint: `${address}/v1/uploads`,
      metadata,
      headers: authorization(someone),
      chunkSize: 300_000,
      retryDelays: null,
      onSuccess: () => {
        resolve(null);
      },
      onError: (error) => {
        const body = (error as DetailedError).originalResponse?.getBody();
        if (body) resolve((JSON.parse(body) as { code: string }).code);
        else reject(error);
      },
    });
    attempt.start();
  });
}

const get = (digest: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${address}/v1/blobs/${digest}`, { method, headers: { ...authorization(bob), ...headers } });

describe('an upload', () => {
  test('in pieces becomes a blob under its digest, and nothing of it stays behind', async () => {
    const bytes = randomBytes(1_000_000);
    expect(await upload(alice, bytes)).toBeNull();
    const answer = await get(sha256(bytes));
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    expect(await filesUnder('uploads')).toEqual([]);
  });

  test('goes on where it broke off', async () => {
    const bytes = randomBytes(500_000);
    const begun = await fetch(`${address}/v1/uploads`, {
      method: 'POST',
      headers: {
        ...authorization(alice),
        'tus-resumable': '1.0.0',
        'upload-length': '500000',
        'upload-metadata': `sha256 ${Buffer.from(sha256(bytes)).toString('base64')}`,
      },
    });
    expect(begun.status).toBe(201);
    const location = new URL(begun.headers.get('location') ?? '', address).href;
    const patch = (offset: number, part: Buffer, someone = alice) =>
      fetch(location, {
        method: 'PATCH',
        body: new Uint8Array(part),
        headers: {
          ...authorization(someone),
          'tus-resumable': '1.0.0',
          'upload-offset': String(offset),
          'content-type': 'application/offset+octet-stream',
        },
      });
    expect((await patch(0, bytes.subarray(0, 200_000))).status).toBe(204);
    const head = await fetch(location, {
      method: 'HEAD',
      headers: { ...authorization(alice), 'tus-resumable': '1.0.0' },
    });
    expect(head.headers.get('upload-offset')).toBe('200000');
    const misplaced = await patch(0, bytes);
    expect(misplaced.status).toBe(409);
    expect(await misplaced.json()).toMatchObject({ code: 'E_CONFLICT', status: 409 });
    expect((await patch(200_000, bytes.subarray(200_000), bob)).status).toBe(404);
    expect((await patch(200_000, bytes.subarray(200_000))).status).toBe(204);
    expect((await get(sha256(bytes), {}, 'HEAD')).headers.get('content-length')).toBe('500000');
  });

  test('that is not what was announced is refused, and nothing of it is kept', async () => {
    const before = await filesUnder('blobs');
    const bytes = randomBytes(400_000);
    expect(await upload(alice, bytes, { sha256: 'a'.repeat(64) })).toBe('E_DIGEST_MISMATCH');
    expect(await filesUnder('blobs')).toEqual(before);
    expect(await filesUnder('uploads')).toEqual([]);
    expect(await platform.db.selectFrom('uploads').selectAll().execute()).toEqual([]);
  });

  test.each([
    ['without a digest', { metadata: { sha256: '' } }, 'E_INVALID_NAME'],
    ['with a digest that is a path', { sha256: '../../etc/passwd' }, 'E_INVALID_NAME'],
    ['with another size in its metadata', { metadata: { size: '7' } }, 'E_INVALID_REQUEST'],
  ])('%s is refused before a byte is sent', async (_what, changes, code) => {
    expect(await upload(alice, randomBytes(1000), changes)).toBe(code);
    expect(await filesUnder('uploads')).toEqual([]);
  });

  test('is refused where it is too large, and where the account has no room for it', async () => {
    expect(await upload(alice, Buffer.alloc(8_000_001))).toBe('E_PAYLOAD_TOO_LARGE');
    const answers = await Promise.all(Array.from({ length: 6 }, () => upload(bob, randomBytes(4_000_000))));
    expect(answers.filter((code) => code === null)).toHaveLength(3);
    expect(answers.filter((code) => code === 'E_PAYLOAD_TOO_LARGE')).toHaveLength(3);
  });

  test('needs an account, and gives the name of its problem in tus requests, too', async () => {
    const answer = await fetch(`${address}/v1/uploads`, { method: 'POST', headers: { 'tus-resumable': '1.0.0' } });
    expect(await answer.json()).toMatchObject({ code: 'E_SIGNED_OUT', status: 401 });
    const plain = await fetch(`${address}/v1/uploads`, { method: 'POST', headers: authorization(alice) });
    expect(await plain.json()).toMatchObject({ code: 'E_INVALID_REQUEST', status: 412 });
  });

  test('that nobody finished is removed by housekeeping, with its file', async () => {
    await fetch(`${address}/v1/uploads`, {
      method: 'POST',
      headers: {
        ...authorization(alice),
        'tus-resumable': '1.0.0',
        'upload-length': '10',
        'upload-metadata': `sha256 ${Buffer.from('b'.repeat(64)).toString('base64')}`,
      },
    });
    const folder = join(platform.folder, 'uploads');
    expect(await removeOrphanedUploads(platform.db, folder, 24)).toBe(0);
    expect(await filesUnder('uploads')).toHaveLength(2);
    await platform.db
      .updateTable('uploads')
      .set({ createdAt: new Date(Date.now() - 25 * 3_600_000) })
      .execute();
    expect(await removeOrphanedUploads(platform.db, folder, 24)).toBe(1);
    expect(await filesUnder('uploads')).toEqual([]);
  });
});

describe('a download', () => {
  const bytes = randomBytes(10_000);
  const digest = sha256(bytes);
  const etag = `"${digest}"`;
  beforeAll(async () => {
    expect(await upload(alice, bytes)).toBeNull();
  });
  const part = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

  test.each([
    ['bytes=0-99', 0, 99],
    ['bytes=9990-', 9990, 9999],
    ['bytes=-10', 9990, 9999],
    ['bytes=5000-99999', 5000, 9999],
    ['bytes=-99999', 0, 9999],
  ])('of %s has exactly these bytes', async (range, start, end) => {
    const answer = await get(digest, { range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end}/10000`);
    expect(answer.headers.get('content-length')).toBe(String(end - start + 1));
    expect((await part(answer)).equals(bytes.subarray(start, end + 1))).toBe(true);
  });

  test.each(['bytes=10000-', 'bytes=-0', 'bytes=20000-30000'])('of %s is refused with the size', async (range) => {
    const answer = await get(digest, { range });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */10000');
    expect(await answer.json()).toMatchObject({ code: 'E_RANGE' });
  });

  test.each(['bytes=5-1', 'bytes=a-b', 'items=0-1', 'bytes=0-1,5-6', 'bytes=-'])(
    'with the range %s is the whole',
    async (range) => {
      const answer = await get(digest, { range });
      expect(answer.status).toBe(200);
      expect((await part(answer)).equals(bytes)).toBe(true);
    },
  );

  test('goes on only if it is still the same blob', async () => {
    const headers = { range: 'bytes=100-' };
    const same = await get(digest, { ...headers, 'if-range': etag });
    expect(same.status).toBe(206);
    await part(same);
    for (const other of ['"other"', `W/${etag}`]) {
      const whole = await get(digest, { ...headers, 'if-range': other });
      expect(whole.status).toBe(200);
      await part(whole);
    }
  });

  test('is not sent again to who has it', async () => {
    for (const tags of [etag, `"other", ${etag}`, '*', `W/${etag}`]) {
      const answer = await get(digest, { 'if-none-match': tags });
      expect(answer.status).toBe(304);
      expect(answer.headers.get('etag')).toBe(etag);
    }
  });

  test('asked by HEAD answers like GET, without the bytes', async () => {
    const answer = await get(digest, {}, 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe(etag);
    expect(answer.headers.get('accept-ranges')).toBe('bytes');
    expect(answer.headers.get('content-length')).toBe('10000');
    expect((await part(answer)).length).toBe(0);
  });

  test('needs an account, a digest, and a blob that is there', async () => {
    expect((await fetch(`${address}/v1/blobs/${digest}`)).status).toBe(401);
    expect((await get('..%2f..%2fetc%2fpasswd')).status).toBe(400);
    expect(await (await get('0'.repeat(64))).json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
  });
});
