/** Auto-grant over several data owners, from the owner's machine to the database: one request, and nobody in nobody's way. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lastFetch, revocationLines } from '../../cli/revocation-lines.ts';
import { createPlatformClient } from '../../client/platform.ts';
import { unwrapKey } from '../../crypto/grants.ts';
import type { Authority } from '../../crypto/certificate-authority.ts';
import { createAuthority } from '../../crypto/certificate-authority.ts';
import type { CreatedCertificate } from '../../crypto/certificates.ts';
import { readModelKey } from '../../crypto/model-key.ts';
import type { GrantBinding } from '../../domain/grant.ts';
import { parseEmailAddress, parseFingerprint } from '../../domain/ids.ts';
import { strongroom } from '../cli/support.ts';
import { approved, createBenchmark } from './support/benchmark.ts';
import { authorisedDataOwner, openAuthority, ownersMachine, type OwnersMachine } from './support/data-owners.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

const DATA_OWNERS = 5;

let platform: TestPlatform;
let authority: Authority;
let machine: OwnersMachine;
const dataOwners = new Map<string, { person: Person; certificate: CreatedCertificate }>();

beforeAll(async () => {
  platform = await startPlatform();
  authority = await openAuthority(platform);
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  await createBenchmark(platform, 'digits', committee);
  const alice = await person(platform, 'alice');
  const association = await approved(platform, alice, 'container', 'model', 'digits');
  machine = await ownersMachine(platform, authority, alice, { container: 'model', benchmark: 'digits', association });
  for (let index = 0; index < DATA_OWNERS; index += 1) {
    const name = `owner-${index}`;
    dataOwners.set(name, await authorisedDataOwner(platform, authority, name, 'digits'));
  }
  dataOwners.set('rogue', await authorisedDataOwner(platform, await createAuthority(), 'rogue', 'digits'));
  dataOwners.set('changed', await authorisedDataOwner(platform, authority, 'changed', 'digits'));
  await machine.home
    .pins(machine.session)
    .acceptHolder(dataOwners.get('changed')!.person.account.email, parseFingerprint('A'.repeat(40)));
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await platform.stop();
});

const round = () => machine.grants.autoGrantAccess({ ...machine.subject, only: null, except: [] });

test('one bad certificate never stops the others: it is passed over, with the reason, and gets no key (B5)', async () => {
  const { granted, skipped } = await round();
  expect(granted).toHaveLength(DATA_OWNERS);
  expect(Object.fromEntries(skipped.map(({ email, code }) => [email, code]))).toEqual({
    'rogue@example.org': 'E_CERTIFICATE_NOT_CERTIFIED',
    'changed@example.org': 'E_CERTIFICATE_CHANGED',
  });
  const keys = await platform.db.selectFrom('grants').select('fingerprint').where('state', '=', 'valid').execute();
  expect(keys.map(({ fingerprint }) => fingerprint).sort()).toEqual(
    granted.map(({ fingerprint }) => fingerprint).sort(),
  );
});

test('each data owner opens its own grant, and the key in it is the one on the owner’s machine', async () => {
  const { session, home, subject } = machine;
  using key = await readModelKey(home.modelKeyFile(session, subject.name));
  const ownerCertificate = (await home.identity(session))!.certificate;
  for (const name of ['owner-0', `owner-${DATA_OWNERS - 1}`]) {
    const { person: dataOwner, certificate } = dataOwners.get(name)!;
    const answer = await dataOwner.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits');
    const { message, binding } = JSON.parse(answer.body) as { message: string; binding: GrantBinding };
    const recipientPrivateKey = certificate.privateKey;
    const terms = { message, binding, ownerCertificate, recipientPrivateKey, now: new Date() };
    using unwrapped = await unwrapKey(terms);
    expect(unwrapped.expose()).toEqual(key.expose());
  }
});

test('a second round finds nothing to grant, and passes the same two over again', async () => {
  const { granted, skipped } = await round();
  expect(granted).toEqual([]);
  expect(skipped).toHaveLength(2);
});

test('the owner sees whose keys a deletion would take, as often as asked, and nothing is deleted (B8)', async () => {
  const args = ['access', 'delete-keys', 'model', '--benchmark', 'digits', '--dry-run', '--json'];
  const emails = Array.from({ length: DATA_OWNERS }, (_, index) => `owner-${index}@example.org`);
  for (const _twice of [1, 2]) {
    const ran = await strongroom(args, { env: { STRONGROOM_HOME: machine.home.folder } });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    const answer = JSON.parse(ran.stdout) as { wouldDelete: number; emails: string[] };
    expect({ ...answer, emails: answer.emails.sort() }).toMatchObject({ wouldDelete: DATA_OWNERS, emails });
  }
});

test('after a revocation the owner is told whether the key was fetched, and that it cannot be taken back (B9)', async () => {
  const { apiUrl: baseUrl, token } = machine.session;
  const id = machine.subject.association;
  const { items } = await createPlatformClient({ baseUrl, token }).listGrants({ path: { id } });
  const told = (address: string) => {
    const email = parseEmailAddress(address);
    return revocationLines(machine.subject.name, email, lastFetch(items, email)).join('\n');
  };
  expect(told('owner-0@example.org')).toMatch(
    /fetched at .* and cannot be taken back[^]*Only a new key shuts them out.*container rotate-key model/,
  );
  expect(told('owner-1@example.org')).toContain('The key was never fetched.');
});

test('an authority that is exchanged behind the fingerprint of the known one is not believed, and nothing is granted', async () => {
  const { certificate } = authority;
  const other = await createAuthority();
  const late = await authorisedDataOwner(platform, other, 'late', 'digits');
  const put = (armored: string) => platform.db.updateTable('authority').set({ certificate: armored }).execute();
  await put(other.certificate);
  await expect(round()).rejects.toMatchObject({ code: 'E_CERTIFICATE_NOT_CERTIFIED' });
  await put(certificate);
  expect((await round()).granted).toEqual([]);
  expect((await late.person.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits')).statusCode).toBe(403);
});
