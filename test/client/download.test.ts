import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createAddressPolicy } from '../../client/address-policy.ts';
import { download, type DownloadRequest } from '../../client/download.ts';
import { parseSha256 } from '../../domain/ids.ts';
import { file, part, serve, type Answer, type FileServer } from './support/file-server.ts';

const MIB = 2 ** 20;
const ALMOST_ALL = 0.99;
const body = randomBytes(MIB / 4);
const other = randomBytes(body.length);
const half = body.length / 2;
const sha256 = (content: Buffer) => parseSha256(createHash('sha256').update(content).digest('hex'));
const known = { sha256: sha256(body), size: body.length };
/** As for an owner's own address that is fetched for the first time. */
const unknown = { sha256: null };

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'download-'));
  target = path.join(folder, 'model.gpg');
});
afterEach(() => rm(folder, { recursive: true }));

type Terms = Partial<Omit<DownloadRequest, 'limits'>> & { readonly limits?: Partial<DownloadRequest['limits']> };

const fetchFrom = ({ url }: FileServer, { limits, ...terms }: Terms = {}) =>
  download({
    url,
    target,
    expected: known,
    limits: { maxBytes: MIB, stallSeconds: 60, totalSeconds: 120, ...limits },
    policy: createAddressPolicy({ allowPrivateAddresses: true, platformOrigin: null }),
    headersFor: () => ({}),
    ...terms,
  });

async function fetched(server: FileServer, terms: Terms = {}): Promise<Buffer> {
  await fetchFrom(server, terms);
  expect(await readdir(folder)).toEqual(['model.gpg']);
  return readFile(target);
}

async function expectRefusal(server: FileServer, code: string, terms: Terms = {}): Promise<void> {
  await expect(fetchFrom(server, terms)).rejects.toMatchObject({ code });
  expect(await readdir(folder)).toEqual([]);
}

const sizeOfPartial = () =>
  stat(`${target}.partial`).then(
    ({ size }) => size,
    () => 0,
  );

/** Answers like a good server, but only up to `end`, and breaks the connection once that is written down. */
const brokenAt =
  (
    end: number,
    { content = body, etag = '"one"', then = (response: ServerResponse): void => void response.destroy() } = {},
  ): Answer =>
  async (response, request) => {
    const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = first > 0 && { 'content-range': `bytes ${first}-${content.length - 1}/${content.length}` };
    response.writeHead(range ? 206 : 200, { etag, 'content-length': content.length - first, ...range });
    response.write(content.subarray(first, end));
    while ((await sizeOfPartial()) < end && !response.destroyed) await pause(5);
    then(response);
  };

const staysSilent = () => undefined;

describe('a download goes on where it broke off', () => {
  test('after a reset at 99 %', async () => {
    const cut = Math.floor(body.length * ALMOST_ALL);
    await using server = await serve(brokenAt(cut), file(body));
    expect((await fetched(server)).equals(body)).toBe(true);
    expect(server.asked[1]).toMatchObject({ range: `bytes=${cut}-`, 'if-range': '"one"' });
  });

  test('after a stall', async () => {
    await using server = await serve(brokenAt(half, { then: staysSilent }), file(body));
    expect((await fetched(server, { limits: { stallSeconds: 1 } })).equals(body)).toBe(true);
    expect(server.asked[1]).toMatchObject({ range: `bytes=${half}-` });
  });

  test('however often, as long as each attempt brings something', async () => {
    const cuts = Array.from({ length: 10 }, (_, index) => (index + 1) * 1000);
    await using server = await serve(...cuts.map((cut) => brokenAt(cut)), file(body));
    expect((await fetched(server)).equals(body)).toBe(true);
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, ...cuts.map((cut) => `bytes=${cut}-`)]);
  });

  test('when it was interrupted and is asked for again', async () => {
    const interruption = new AbortController();
    await using server = await serve(brokenAt(half, { then: () => interruption.abort() }), file(body));
    await expect(fetchFrom(server, { signal: interruption.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect((await fetched(server)).equals(body)).toBe(true);
    expect(server.asked[1]).toMatchObject({ range: `bytes=${half}-` });
  });

  test('after a Content-Length that promised more than there is', async () => {
    const promising: Answer = async (response) => {
      response.writeHead(200, { 'content-length': body.length + 1000 }).write(body);
      while ((await sizeOfPartial()) < body.length) await pause(5);
      response.destroy();
    };
    await using server = await serve(promising, file(body));
    expect((await fetched(server, { expected: unknown })).equals(body)).toBe(true);
    expect(server.asked).toHaveLength(2);
  });

  test('after a Content-Length that ended it early', async () => {
    const short: Answer = (response) =>
      response.writeHead(200, { etag: '"one"', 'content-length': half }).end(body.subarray(0, half));
    await using server = await serve(short, file(body));
    expect((await fetched(server)).equals(body)).toBe(true);
    expect(server.asked[1]).toMatchObject({ range: `bytes=${half}-` });
  });

  test('after an answer that asks for patience', async () => {
    await using server = await serve((response) => response.writeHead(503).end(), file(body));
    expect((await fetched(server)).equals(body)).toBe(true);
  });
});

/** No digest is known in these: nothing but the download itself keeps the bytes of two files apart. */
describe('a download never joins bytes of different files', () => {
  const terms = { expected: unknown };

  test('when the ETag changed: the new file is fetched whole', async () => {
    await using server = await serve(brokenAt(half), file(other, '"two"'));
    expect((await fetched(server, terms)).equals(other)).toBe(true);
  });

  test('when the ETag changed and the server heeds no If-Range', async () => {
    const rest = part(other, half, other.length, '"two"');
    await using server = await serve(brokenAt(half), rest, file(other, '"two"'));
    expect((await fetched(server, terms)).equals(other)).toBe(true);
    expect(server.asked[2]).not.toHaveProperty('range');
  });

  test.each([
    ['starts elsewhere', half - 10, body.length],
    ['ends early', half, body.length - 10],
  ])('when a 206 %s', async (_what, first, end) => {
    await using server = await serve(brokenAt(half), part(body, first, end), file(body));
    expect((await fetched(server, terms)).equals(body)).toBe(true);
    expect(server.asked[2]).not.toHaveProperty('range');
  });

  test('when a 206 comes that nobody asked for', async () => {
    await using server = await serve(part(body, 0, half), file(body));
    expect((await fetched(server, terms)).equals(body)).toBe(true);
  });

  test('when the server knows of no such range any more', async () => {
    await using server = await serve(brokenAt(half), (response) => response.writeHead(416).end(), file(other, '"two"'));
    expect((await fetched(server, terms)).equals(other)).toBe(true);
  });

  test('when there is only a weak ETag: the whole is asked for again', async () => {
    await using server = await serve(brokenAt(half, { etag: 'W/"one"' }), file(other, 'W/"one"'));
    expect((await fetched(server, terms)).equals(other)).toBe(true);
    expect(server.asked[1]).not.toHaveProperty('range');
  });
});

describe('a download is bounded, and leaves nothing when it fails (E2)', () => {
  test('by the size that is allowed, for a body without an end', async () => {
    await using server = await serve(async (response) => {
      while (!response.destroyed) {
        response.write(body);
        await pause(1);
      }
    });
    await expectRefusal(server, 'E_TOO_LARGE', { expected: unknown });
  });

  test('by the size that was registered', async () => {
    await using server = await serve(file(Buffer.concat([body, Buffer.from('x')])));
    await expectRefusal(server, 'E_TOO_LARGE');
  });

  test('by the time that is allowed, however steadily a few bytes come', async () => {
    await using server = await serve(async (response) => {
      while (!response.destroyed) {
        response.write('x');
        await pause(20);
      }
    });
    await expectRefusal(server, 'E_DOWNLOAD_STALLED', { limits: { totalSeconds: 1 } });
  });

  test('by the time that is allowed, also while it waits between two attempts', async () => {
    await using server = await serve((response) => response.destroy());
    await expectRefusal(server, 'E_DOWNLOAD_STALLED', { limits: { totalSeconds: 3 } });
    expect(server.asked.length).toBeGreaterThan(1);
  });

  test('by what was sent: a compressed body is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    await using server = await serve((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    expect((await fetched(server, { expected: unknown })).equals(bomb)).toBe(true);
    expect(server.asked[0]).toMatchObject({ 'accept-encoding': 'identity' });
  });

  test('by the digest: other bytes of the same length are refused', async () => {
    await using server = await serve(file(other));
    await expectRefusal(server, 'E_DIGEST_MISMATCH');
  });

  test('by the digest: a rest that belongs to other bytes under the same ETag is refused', async () => {
    await using server = await serve(brokenAt(half), file(other));
    await expectRefusal(server, 'E_DIGEST_MISMATCH');
  });

  test('by the status: a missing file is not asked for twice', async () => {
    await using server = await serve((response) => response.writeHead(404).end());
    await expectRefusal(server, 'E_DOWNLOAD');
    expect(server.asked).toHaveLength(1);
  });
});

describe('a download follows redirects', () => {
  const to =
    (url: string): Answer =>
    (response) =>
      response.writeHead(302, { location: url }).end();

  test('to the file, and a token goes only to the address that it is for', async () => {
    await using host = await serve(file(body));
    await using platform = await serve(to(host.url));
    const headersFor = (url: string): Record<string, string> =>
      url === platform.url ? { authorization: 'Bearer secret' } : {};
    expect((await fetched(platform, { headersFor })).equals(body)).toBe(true);
    expect(platform.asked[0]).toMatchObject({ authorization: 'Bearer secret' });
    expect(host.asked[0]).not.toHaveProperty('authorization');
  });

  test('not in circles', async () => {
    await using server = await serve(to('/model.gpg'));
    await expectRefusal(server, 'E_DOWNLOAD');
    expect(server.asked).toHaveLength(6);
  });
});
