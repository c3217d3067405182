/** Auto-grant over several data owners, from the owner's machine to the database: one request, and nobody in nobody's way. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { unwrapKey } from '../../crypto/grants.ts';
import type { Authority } from '../../crypto/certificate-authority.ts';
import { createAuthority } from '../../crypto/certificate-authority.ts';
import type { CreatedCertificate } from '../../crypto/certificates.ts';
import { readModelKey } from '../../crypto/model-key.ts';
import type { GrantBinding } from '../../domain/grant.ts';
import { parseFingerprint } from '../../domain/ids.ts';
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
}, 120_000);
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await platform.stop();
});

const round = () => machine.grants.autoGrantAccess({ ...machine.subject, only: null, except: [] });

test('one bad certificate never stops the others: it is passed over, with the reason, and gets no key', async () => {
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
