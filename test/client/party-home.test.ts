/** What a party keeps on its machine: for itself alone, and never lost by work that fails. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createRegistrationActivities } from '../../activities/registrations.ts';
import { pendingKeyFile } from '../../activities/submission-files.ts';
import { openPartyHome, type PartyHome, type Session } from '../../client/party-home.ts';
import { createCertificate } from '../../crypto/certificates.ts';
import { createModelKey } from '../../crypto/model-key.ts';
import { parseContainerName, parseEmailAddress, parseHandle } from '../../domain/ids.ts';

const name = parseContainerName('digits-model');
const email = parseEmailAddress('alice@example.org');
const session: Session = { apiUrl: 'https://one.example.org', handle: parseHandle('alice'), email, token: 'a token' };

let folder: string;
let home: PartyHome;
let umask: number;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-party-home-'));
  home = await openPartyHome(path.join(folder, 'home'));
  umask = process.umask(0);
});
afterAll(async () => {
  process.umask(umask);
  await rm(folder, { recursive: true, force: true });
});

const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

test('keys, token and private key are for their owner alone, whatever the umask', async () => {
  const keyFile = home.modelKeyFile(session, name);
  (await createModelKey(keyFile))[Symbol.dispose]();
  await home.saveSession(session);
  await home.saveIdentity(session, await createCertificate({ handle: session.handle, email, expiresInDays: 1 }));
  const folders = [path.dirname(keyFile), home.folder];
  const identity = path.dirname(await findIn(home.folder, 'private-key.asc'));
  for (const one of [...folders, identity]) expect([one, await modeOf(one)]).toEqual([one, '700']);
  for (const file of [keyFile, path.join(identity, 'private-key.asc'), path.join(home.folder, 'token')]) {
    expect([file, await modeOf(file)]).toEqual([file, '600']);
  }
});

test('keys of two platforms, and of two accounts, never lie in the same place', () => {
  const places = [
    session,
    { ...session, apiUrl: 'https://two.example.org' },
    { ...session, apiUrl: 'https://one.example.org:8443' },
    { ...session, handle: parseHandle('bob') },
  ].map((one) => home.modelKeyFile(one, name));
  expect(new Set(places).size).toBe(places.length);
});

test('a submission that fails takes its own key away, never the one of a registered container', async () => {
  const keyFile = home.modelKeyFile(session, name);
  const registered = await readFile(keyFile, 'utf8');
  (await createModelKey(pendingKeyFile(keyFile)))[Symbol.dispose]();
  const registrations = createRegistrationActivities({ home, settings: {} as never });
  await registrations.discardSubmission({ name, registered: false });
  await expect(stat(pendingKeyFile(keyFile))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readFile(keyFile, 'utf8')).toBe(registered);
});

async function findIn(place: string, wanted: string): Promise<string> {
  const found = (await readdir(place, { recursive: true })).find((file) => path.basename(file) === wanted);
  if (found === undefined) throw new Error(`There is no ${wanted} in ${place}.`);
  return path.join(place, found);
}
