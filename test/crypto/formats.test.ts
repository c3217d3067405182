/** Someone with nothing but gpg does what docs/formats.md says. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyArchive } from '../../crypto/archive-decryption.ts';
import { encryptArchive } from '../../crypto/archive-encryption.ts';
import { createModelKey } from '../../crypto/model-key.ts';

const CONTENT = randomBytes(300_001);
let folder: string, output: readonly string[], sha256: string, unopened: number | string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-formats-'));
  using key = await createModelKey(join(folder, 'model.key'));
  ({ sha256 } = await encryptArchive(Readable.from([CONTENT]), key, join(folder, 'model.tar.gpg')));
  output = (await archiveCommands()).map((command) => run(command));
  unopened = await verifyArchive(join(folder, 'by-hand.gpg'), key).then(({ plaintextSize }) => plaintextSize);
});
afterAll(async () => {
  execFileSync('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent']);
  await rm(folder, { recursive: true });
});

/** The commands of the part about archives, in their order. */
async function archiveCommands(): Promise<readonly string[]> {
  const page = await readFile(new URL('../../docs/formats.md', import.meta.url), 'utf8');
  const part = page.split(/^## /m).find((text) => text.startsWith('The archive')) ?? '';
  return [...part.matchAll(/^```sh\n(.*?)^```/gms)].map(([, command]) => command ?? '');
}

const run = (command: string) =>
  execFileSync('sh', ['-ec', command], {
    cwd: folder,
    env: { PATH: process.env['PATH'], GNUPGHOME: folder },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

test('the archive is told by its SHA-256', () => {
  expect(output[0]).toContain(sha256);
});

test('gpg opens it with the key file, bit by bit', async () => {
  expect((await readFile(join(folder, 'model.tar'))).equals(CONTENT)).toBe(true);
});

test('its packets are those that the page names', () => {
  expect(output[2]).toMatch(
    /symkey enc packet: version 4, cipher 9.*s2k 3, hash 8[^]*mdc_method: 2[^]*literal data packet/,
  );
});

test('what gpg makes by hand opens with us', () => {
  expect(unopened).toBe(CONTENT.length);
});
