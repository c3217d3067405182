/** A backup and its restoration, done for real: the platform is lost, and what waited in it goes on. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { chmod, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPlatformClient, type PlatformClient } from '../../client/platform.ts';
import { uploadBlob } from '../../client/upload.ts';
import { parseEmailAddress, parseHandle, parseSha256 } from '../../domain/ids.ts';
import { failureIn, strongroom, testFolder, type Ran, type TestFolder } from './support.ts';

const PASSWORD = 'a-password-to-recognise-42';
let folder: TestFolder;
let env: Record<string, string>;

const run = async (line: string): Promise<Ran> =>
  strongroom([...line.split(' '), '--json', '--home', folder.in('home')], { env });
const answer = (ran: Ran) => {
  if (ran.code !== 0) throw new Error(ran.stdout + ran.stderr);
  return JSON.parse(ran.stdout) as { platform: { addresses: { api: string } } };
};
const apiUrl = async () => answer(await run('status')).platform.addresses.api;

beforeAll(async () => {
  folder = await testFolder();
  // Postgres may not run as root, and its own user must get to its folder.
  await chmod(folder.path, 0o711);
  env = { STRONGROOM_DATA: folder.in('platform'), STRONGROOM_LOG_LEVEL: 'warn' };
  answer(await run('up'));
});
afterAll(async () => {
  await run('down');
  await folder[Symbol.asyncDispose]();
});

async function signUp(name: string): Promise<string> {
  const baseUrl = await apiUrl();
  const anyone = createPlatformClient({ baseUrl, token: null });
  const [email, handle] = [parseEmailAddress(`${name}@example.org`), parseHandle(name)];
  await anyone.signUp({ body: { email, handle, password: PASSWORD } });
  const outbox = folder.in('platform/outbox');
  const mails = await Promise.all((await readdir(outbox)).map((file) => readFile(join(outbox, file), 'utf8')));
  const mail = mails.find((text) => text.includes(`To: ${email}`)) ?? '';
  await anyone.verifyEmail({ body: { token: /token=([\w.-]+)/.exec(mail)?.[1] ?? '' } });
  return (await anyone.logIn({ body: { email, password: PASSWORD } })).token;
}

const as = async (token: string): Promise<PlatformClient> => createPlatformClient({ baseUrl: await apiUrl(), token });

/** An upload of `bytes`; answers what a benchmark says of it. */
async function upload(token: string, name: string, bytes: Buffer) {
  const sha256 = parseSha256(createHash('sha256').update(bytes).digest('hex'));
  await writeFile(folder.in(name), bytes);
  const headers = { authorization: `Bearer ${token}` };
  await uploadBlob({ apiUrl: await apiUrl(), headers, file: folder.in(name), sha256, size: bytes.length });
  return { sha256, size: bytes.length };
}

test('a platform that is lost with a half decided request comes back from its backup, and the request is decided', async () => {
  const [ann, ben, dora] = [await signUp('ann'), await signUp('ben'), await signUp('dora')];
  const pictures = Buffer.from('pictures of the test dataset');
  const testDataset = await upload(ann, 'test.tar', pictures);
  const archive = await upload(ann, 'metrics.tar', Buffer.from('metrics'));
  await (
    await as(ann)
  ).createBenchmark({
    body: {
      name: 'digits',
      description: '',
      testDataset,
      metrics: { config: 'container_type: DockerArchive', archive, imageDigest: `sha256:${'a'.repeat(64)}` },
      members: ['ann', 'ben'],
      quorum: 2,
      approvalDays: 30,
    } as never,
  });
  await (await as(dora)).registerDataset({ body: { name: 'wards', ...testDataset, files: 1 } as never });
  const request = { kind: 'dataset', name: 'wards', benchmark: 'digits' } as never;
  const { id } = await (await as(dora)).requestAssociation({ body: request });
  const vote = { body: { ballot: 'approve', reason: '' }, path: { id } } as never;
  await (await as(ann)).castVote(vote);

  // The platform runs: it is stopped for the copy, and comes back by itself.
  answer(await run(`backup ${folder.in('backup')}`));
  expect(await as(ann).then((platform) => platform.readAccount())).toMatchObject({ handle: 'ann' });
  const again = await run(`backup ${folder.in('backup')}`);
  expect(failureIn(again).code).toBe('E_OUTPUT_EXISTS');

  answer(await run('down'));
  const occupied = await run(`restore ${folder.in('backup')}`);
  expect(failureIn(occupied).code).toBe('E_OUTPUT_EXISTS');
  await rm(folder.in('platform'), { recursive: true });
  answer(await run(`restore ${folder.in('backup')}`));
  answer(await run('up'));

  const decided = await (await as(ben)).castVote(vote);
  expect(decided).toMatchObject({ state: 'approved', approvals: 2 });
  const blob = await fetch(`${await apiUrl()}/v1/blobs/${testDataset.sha256}`, {
    headers: { authorization: `Bearer ${ann}` },
  });
  expect(Buffer.from(await blob.arrayBuffer())).toEqual(pictures);
});

test('a backup that was changed or is not whole is refused, and leaves nothing', async () => {
  const elsewhere = { env: { STRONGROOM_DATA: folder.in('elsewhere') } };
  const restore = async (backup: string) =>
    failureIn(await strongroom(['restore', folder.in(backup), '--json'], elsewhere)).code;
  await cp(folder.in('backup'), folder.in('changed'), { recursive: true });
  const blobs = folder.in('changed/blobs');
  const [first] = (await readdir(blobs, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  await writeFile(join(first!.parentPath, first!.name), 'forged');
  expect(await restore('changed')).toBe('E_DIGEST_MISMATCH');
  await rm(join(first!.parentPath, first!.name));
  expect(await restore('changed')).toBe('E_DIGEST_MISMATCH');
  await rm(folder.in('changed/manifest.json'));
  expect(await restore('changed')).toBe('E_FILE_NOT_FOUND');
  expect((await readdir(folder.path)).filter((name) => name.startsWith('elsewhere'))).toEqual([]);
});
