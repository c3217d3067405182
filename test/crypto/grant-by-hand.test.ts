/** What docs/formats.md says about opening a grant by hand, done with stock gpg. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { encryptArchive } from '../../crypto/archive-encryption.ts';
import { certify, createAuthority } from '../../crypto/certificate-authority.ts';
import { createCertificate, type CreatedCertificate } from '../../crypto/certificates.ts';
import { wrapKeys } from '../../crypto/grants.ts';
import { createModelKey } from '../../crypto/model-key.ts';
import { parseBenchmarkName, parseContainerName, parseEmailAddress, parseHandle } from '../../domain/ids.ts';

const FORMATS = path.resolve(import.meta.dirname, '..', '..', 'docs', 'formats.md');
const IMAGE = randomBytes(100_000);
const DAY = 86_400_000;

let folder: string, commands: string;
let alice: CreatedCertificate, dora: CreatedCertificate;
const file = (name: string) => path.join(folder, name);

const someone = (name: string) =>
  createCertificate({
    handle: parseHandle(name),
    email: parseEmailAddress(`${name}@example.org`),
    expiresInDays: 30,
  });

/** Lays out what a data owner has fetched, and its own private key. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-by-hand-'));
  commands = /^## Grants$[^]*?^```sh\n([^]*?)^```$/m.exec(await readFile(FORMATS, 'utf8'))?.[1] ?? '';
  await mkdir(file('gnupg'), { mode: 0o700 });
  [alice, dora] = await Promise.all([someone('alice'), someone('dora')]);
  const email = parseEmailAddress('dora@example.org');
  const authority = await createAuthority();
  const expires = new Date(Date.now() + 20 * DAY).toISOString();
  const certificate = await certify(authority.privateKey, dora.certificate, { email, expires });
  using key = await createModelKey(file('owners.key'));
  const { sha256: archive } = await encryptArchive(Readable.from([IMAGE]), key, file('archive.gpg'));
  const binding = {
    container: { owner: parseHandle('alice'), name: parseContainerName('digits-model') },
    archive,
    benchmark: parseBenchmarkName('digits'),
    recipient: dora.fingerprint,
    expiresAt: null,
  };
  const terms = { key, ownerPrivateKey: alice.privateKey, authority: authority.certificate, now: new Date() };
  const [outcome] = await wrapKeys(terms, [{ email, certificate, binding }]);
  if (!outcome || 'refusal' in outcome) throw new Error('The key was not wrapped.');
  await writeFile(file('grant.asc'), outcome.message);
  await writeFile(file('owner.asc'), alice.certificate);
  await writeFile(file('private-key.asc'), dora.privateKey, { mode: 0o600 });
});

afterAll(async () => {
  execFileSync('gpgconf', ['--homedir', file('gnupg'), '--kill', 'gpg-agent']);
  await rm(folder, { recursive: true, force: true });
});

test('the commands of docs/formats.md open a grant, and the archive with the key in it', async () => {
  expect(commands).toContain('--decrypt grant.asc');
  const env = { ...process.env, GNUPGHOME: file('gnupg') };
  execFileSync('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  expect(await readFile(file('image.tar'))).toEqual(IMAGE);
  const signature = await readFile(file('signature.txt'), 'utf8');
  expect(/ VALIDSIG .* ([0-9A-F]+)$/m.exec(signature)?.[1]).toBe(alice.fingerprint);
});

test('the content has the members that the table lists, in their order, and is bound as it says', async () => {
  const text = await readFile(file('grant.json'), 'utf8');
  const content = JSON.parse(text) as Record<string, unknown>;
  expect(Object.keys(content)).toEqual([
    'archive',
    'benchmark',
    'container',
    'expiresAt',
    'key',
    'recipient',
    'version',
  ]);
  expect(JSON.stringify(content)).toBe(text);
  expect(content).toMatchObject({ container: 'alice/digits-model', benchmark: 'digits', recipient: dora.fingerprint });
});
