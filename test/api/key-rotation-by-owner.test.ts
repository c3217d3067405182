/** The owner's machine rotates a key: wrapped anew for all who have access, and found again wherever it was interrupted. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rename } from 'node:fs/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createGrantActivities } from '../../activities/grants.ts';
import {
  createKeyRotationActivities,
  type KeyRotationActivities,
  type Replacement,
  type ReplacementReport,
} from '../../activities/key-rotation.ts';
import { nextKeyFile, openModelKey } from '../../activities/model-key-files.ts';
import { unwrapKey } from '../../crypto/grants.ts';
import type { Authority } from '../../crypto/certificate-authority.ts';
import type { CreatedCertificate } from '../../crypto/certificates.ts';
import { createModelKey, readModelKey } from '../../crypto/model-key.ts';
import type { GrantBinding } from '../../domain/grant.ts';
import { parseFingerprint, type Sha256 } from '../../domain/ids.ts';
import { approved, createBenchmark, digestOf, newContainer } from './support/benchmark.ts';
import { authorisedDataOwner, openAuthority, ownersMachine, type OwnersMachine } from './support/data-owners.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let authority: Authority;
let alice: Person;
let machine: OwnersMachine;
let rotations: KeyRotationActivities;
let keyFile: string;
/** Between the owner's machine and the API; does `beforeRotation` once, right before a rotation arrives there. */
let proxy: Server;
let beforeRotation: () => Promise<unknown> = async () => undefined;
const dataOwners = new Map<string, { person: Person; certificate: CreatedCertificate }>();

const FIRST = newContainer('model').archive.sha256;
const archiveOf = (text: string) => ({ ...newContainer('model').archive, sha256: digestOf(text) });

beforeAll(async () => {
  platform = await startPlatform();
  authority = await openAuthority(platform);
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  await createBenchmark(platform, 'digits', committee);
  alice = await person(platform, 'alice');
  const association = await approved(platform, alice, 'container', 'model', 'digits');
  machine = await ownersMachine(platform, authority, alice, { container: 'model', benchmark: 'digits', association });
  const { home, session } = machine;
  proxy = await listenBefore(session.apiUrl);
  await home.saveSession({ ...session, apiUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
  const own = await home.requireSession();
  await home.saveIdentity(own, { ...(await home.identity(session))!, privateKey: await home.privateKey(session) });
  keyFile = home.modelKeyFile(own, machine.subject.name);
  (await createModelKey(keyFile))[Symbol.dispose]();
  rotations = createKeyRotationActivities({ home, settings: {} as never });
  for (const name of ['bob', 'carol', 'dave', 'erin']) {
    dataOwners.set(name, await authorisedDataOwner(platform, authority, name, 'digits'));
  }
  await grant('bob', 'carol', 'dave');
});
afterAll(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await machine[Symbol.asyncDispose]();
  await platform.stop();
});

async function listenBefore(target: string): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray());
      if (request.url?.endsWith('/rotation')) {
        const work = beforeRotation;
        beforeRotation = async () => undefined;
        await work();
      }
      const { method, headers } = request;
      const answer = await fetch(`${target}${request.url ?? ''}`, {
        method: method ?? 'GET',
        headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
        ...(body.length > 0 && { body }),
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const grant = (...names: string[]) => {
  const grants = createGrantActivities({ home: machine.home, settings: {} as never });
  const emails = names.map((name) => dataOwners.get(name)!.person.account.email);
  const request = { ...machine.subject, emails, expiresAt: null };
  return new MockActivityEnvironment().run(() => grants.grantAccess(request));
};

const rotateTo = async (to: string, from: Sha256) => {
  (await createModelKey(nextKeyFile(keyFile)))[Symbol.dispose]();
  return replace({
    account: alice.account.handle,
    name: machine.subject.name,
    from,
    archive: archiveOf(to),
  });
};

const replace = (replacement: Replacement): Promise<ReplacementReport> =>
  new MockActivityEnvironment().run(() => rotations.replaceArchive(replacement));

const fetchAs = (name: string) =>
  dataOwners.get(name)!.person.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits');

/** The key that comes out of somebody's grant, for the archive that was delivered with it. */
async function keyOf(name: string): Promise<{ readonly archive: string; readonly key: string }> {
  const delivery = JSON.parse((await fetchAs(name)).body) as {
    message: string;
    binding: GrantBinding;
    archive: { sha256: string };
  };
  using key = await unwrapKey({
    ...delivery,
    ownerCertificate: (await machine.home.identity(machine.session))!.certificate,
    recipientPrivateKey: dataOwners.get(name)!.certificate.privateKey,
    now: new Date(),
  });
  return { archive: delivery.archive.sha256, key: key.expose().toString('latin1') };
}

async function keyIn(file: string): Promise<string> {
  using key = await readModelKey(file);
  return key.expose().toString('latin1');
}

test('everyone who has access gets the new key, which is the container’s key on the owner’s machine now', async () => {
  const earlier = await keyIn(keyFile);
  expect(await rotateTo('second', FIRST)).toEqual({ rewrapped: 3, ended: [] });
  const fresh = await keyIn(keyFile);
  expect(fresh).not.toBe(earlier);
  for (const name of ['bob', 'carol', 'dave']) {
    expect(await keyOf(name)).toEqual({ archive: digestOf('second'), key: fresh });
  }
  using kept = await openModelKey(keyFile, FIRST);
  expect(kept.expose().toString('latin1')).toBe(earlier);
});

test('a rotation whose answer was lost is answered as the first time, and leaves everything as it is', async () => {
  const held = await keyIn(keyFile);
  const again = {
    account: alice.account.handle,
    name: machine.subject.name,
    from: FIRST,
    archive: archiveOf('second'),
  };
  expect(await replace(again)).toEqual({ rewrapped: 3, ended: [] });
  expect(await keyIn(keyFile)).toBe(held);
  expect(await keyOf('bob')).toEqual({ archive: digestOf('second'), key: held });
});

test('whoever is revoked while the key is wrapped does not get it, and the others do', async () => {
  beforeRotation = () =>
    alice.ask('POST', `/v1/associations/${machine.subject.association}/grants/revocation`, {
      email: 'dave@example.org',
      reason: 'left',
    });
  expect(await rotateTo('third', digestOf('second'))).toEqual({ rewrapped: 2, ended: [] });
  expect((await fetchAs('dave')).json().code).toBe('E_ACCESS_REVOKED');
  expect(await keyOf('bob')).toEqual({ archive: digestOf('third'), key: await keyIn(keyFile) });
});

test('whoever is granted access while the key is wrapped gets the new key, too', async () => {
  beforeRotation = () => grant('erin');
  expect(await rotateTo('fourth', digestOf('third'))).toEqual({ rewrapped: 3, ended: [] });
  expect(await keyOf('erin')).toEqual({ archive: digestOf('fourth'), key: await keyIn(keyFile) });
});

test('a certificate that is not believed any more ends its access, and never stops the others', async () => {
  const session = await machine.home.requireSession();
  const { email } = dataOwners.get('erin')!.person.account;
  await machine.home.pins(session).acceptHolder(email, parseFingerprint('A'.repeat(40)));
  const { rewrapped, ended } = await rotateTo('fifth', digestOf('fourth'));
  expect({ rewrapped, ended }).toMatchObject({ rewrapped: 2, ended: [{ email, benchmark: 'digits' }] });
  expect((await fetchAs('erin')).json().code).toBe('E_ACCESS_REVOKED');
  expect((await keyOf('bob')).archive).toBe(digestOf('fifth'));
});

test('interrupted once the platform had replaced the archive: the next grant finds the new key, and a repeat ends it', async () => {
  const earlier = await keyIn(keyFile);
  await rotateTo('sixth', digestOf('fifth'));
  const fresh = await keyIn(keyFile);
  // As the folder is where the agent dies before it renames the key.
  await rename(keyFile, `${keyFile}.${digestOf('sixth')}`);
  await rename(`${keyFile}.${digestOf('fifth')}`, keyFile);
  expect(await keyIn(keyFile)).toBe(earlier);
  await grant('dave');
  expect(await keyOf('dave')).toEqual({ archive: digestOf('sixth'), key: fresh });
  const again = { account: alice.account.handle, name: machine.subject.name };
  const report = await replace({ ...again, from: digestOf('fifth'), archive: archiveOf('sixth') });
  expect(report.rewrapped).toBe(3);
  expect(await keyIn(keyFile)).toBe(fresh);
  expect(await keyOf('bob')).toEqual({ archive: digestOf('sixth'), key: fresh });
});

test('interrupted before the platform was asked: the new key goes, and the container keeps the one that it has', async () => {
  const held = await keyIn(keyFile);
  (await createModelKey(nextKeyFile(keyFile)))[Symbol.dispose]();
  await rotations.discardRotation({ name: machine.subject.name, attempted: false });
  await expect(keyIn(nextKeyFile(keyFile))).rejects.toMatchObject({ code: 'E_KEY_NOT_FOUND' });
  expect(await keyIn(keyFile)).toBe(held);
});
