/** A model owner's archive is sent while it is still encrypted; what arrived ahead is a head start and no more. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UploadAhead } from '../../client/upload-ahead.ts';
import { uploadBlob } from '../../client/upload.ts';
import { parseSha256 } from '../../domain/ids.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import { until } from '../support/patience.ts';

const MIB = 2 ** 20;
let platform: TestPlatform;
let apiUrl: string;
let alice: Person;
let folder: string;

beforeAll(async () => {
  platform = await startPlatform({ settings: { maxUploadBytes: 64 * MIB, quotaBytes: 500 * MIB } });
  apiUrl = await platform.app.listen({ port: 0, host: '127.0.0.1' });
  alice = await person(platform, 'alice');
});
afterAll(() => platform.stop());
afterEach(() => rm(folder, { recursive: true }));

const headers = () => ({ authorization: `Bearer ${alice.token}` });
const digestOf = (bytes: Buffer) => parseSha256(createHash('sha256').update(bytes).digest('hex'));

/** Bytes of the upload that the platform has by now. */
async function arrived(): Promise<number> {
  const upload = await platform.db.selectFrom('uploads').select('id').executeTakeFirst();
  if (!upload) return 0;
  const answer = await fetch(`${apiUrl}/v1/uploads/${upload.id}`, {
    method: 'HEAD',
    headers: { ...headers(), 'tus-resumable': '1.0.0' },
  });
  return Number(answer.headers.get('upload-offset'));
}

/** Writes the file bit by bit while it is sent, until so much has arrived. */
async function sendAhead(bytes: Buffer, atMost: number, enough: number): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-ahead-'));
  const file = join(folder, 'archive');
  await writeFile(file, '');
  const ahead = new UploadAhead({ apiUrl, headers: headers(), file, atMost });
  for (let at = 0; at < bytes.length; at += MIB) {
    await appendFile(file, bytes.subarray(at, at + MIB));
    ahead.wrote(file, Math.min(bytes.length, at + MIB));
  }
  await until('so much has arrived', async () => (await arrived()) >= enough);
  await ahead.stop();
  return file;
}

/** Uploads what is missing; answers how far the upload was when it went on. */
async function finish(file: string, bytes: Buffer): Promise<number> {
  const progress: number[] = [];
  const sha256 = digestOf(bytes);
  const onProgress = ({ bytesDone }: { readonly bytesDone: number }) => void progress.push(bytesDone);
  const url = await uploadBlob({ apiUrl, headers: headers(), file, sha256, size: bytes.length, onProgress });
  const answer = await fetch(url, { headers: headers() });
  expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(sha256);
  return progress[0] ?? bytes.length;
}

test.each([
  ['ends in the middle of a part', 21 * MIB + 7],
  ['ends with a part, so that all of it was there', 16 * MIB],
])('what arrived ahead need not be sent again: the file %s', async (_where, length) => {
  const bytes = randomBytes(length);
  const file = await sendAhead(bytes, length + MIB, 16 * MIB);
  expect(await finish(file, bytes)).toBeGreaterThanOrEqual(16 * MIB);
  expect(await readdir(folder)).toEqual(['archive']);
  expect(await platform.db.selectFrom('uploads').selectAll().execute()).toEqual([]);
});

test('a file that outgrows the room taken for it is sent anew', async () => {
  const bytes = randomBytes(20 * MIB);
  const file = await sendAhead(bytes, 10 * MIB, 8 * MIB);
  expect(await finish(file, bytes)).toBe(0);
  await platform.db.deleteFrom('uploads').execute();
});

test('a file that is not what was sent ahead is noticed, and sent anew the next time', async () => {
  const bytes = randomBytes(20 * MIB);
  const file = await sendAhead(bytes, 21 * MIB, 16 * MIB);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  await writeFile(file, bytes);
  await expect(finish(file, bytes)).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
  expect(await finish(file, bytes)).toBe(0);
});

test('an upload whose length is not known takes room beforehand, and gets no more', async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-ahead-'));
  const begin = (metadata: string) =>
    fetch(`${apiUrl}/v1/uploads`, {
      method: 'POST',
      headers: { ...headers(), 'tus-resumable': '1.0.0', 'upload-defer-length': '1', 'upload-metadata': metadata },
    });
  const atMost = (bytes: number) => `atMost ${Buffer.from(String(bytes)).toString('base64')}`;
  for (const metadata of ['', atMost(0), atMost(-5), atMost(1.5)]) {
    expect(await (await begin(metadata)).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
  }
  expect(await (await begin(atMost(65 * MIB))).json()).toMatchObject({ code: 'E_PAYLOAD_TOO_LARGE' });
  const location = (await begin(atMost(100))).headers.get('location') ?? '';
  const more = await fetch(new URL(location, apiUrl), {
    method: 'PATCH',
    headers: {
      ...headers(),
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
    },
    body: Buffer.alloc(101),
  });
  expect(more.status).toBe(413);
});
