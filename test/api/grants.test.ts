import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AssociationId } from '../../domain/ids.ts';
import type { Certificate } from '../../storage/certificates.ts';
import { expireGrants } from '../../storage/grants.ts';
import { approved, createBenchmark, digestOf } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let committee: Person[];
let alice: Person;
let bob: Person;
let carol: Person;
let access: AssociationId;
let aliceCertificate: Certificate;
let bobCertificate: Certificate;

beforeAll(async () => {
  platform = await startPlatform();
  committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  carol = await person(platform, 'carol');
  await createBenchmark(platform, 'digits', committee);
  access = await approved(platform, alice, 'container', 'model', 'digits');
  await approved(platform, bob, 'dataset', 'wards', 'digits');
  bobCertificate = await certificateFor(platform, bob);
});
afterAll(() => platform.stop());

const grant = (certificate: Certificate, changes: object = {}) => ({
  fingerprint: certificate.fingerprint,
  message: `wrapped for ${certificate.fingerprint}`,
  origin: 'manual',
  expiresAt: null,
  ...changes,
});
const archive = digestOf('model');
const grantTo = (grants: object[], id = access) =>
  alice.ask('POST', `/v1/associations/${id}/grants`, { archive, grants });
const fetchAs = (someone: Person) => someone.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits');
const revoke = (email: string, reason = 'left the study', id = access) =>
  alice.ask('POST', `/v1/associations/${id}/grants/revocation`, { email, reason });

describe('granting', () => {
  test('needs a certificate of the owner, by which recipients check its signature', async () => {
    const answer = await grantTo([grant(bobCertificate)]);
    expect(answer.json()).toMatchObject({ code: 'E_NO_CERTIFICATE', status: 409 });
    aliceCertificate = await certificateFor(platform, alice);
  });

  test('lists the authorised data owners, with and without a certificate, and those who are not authorised are not there', async () => {
    const { items } = (await alice.ask('GET', `/v1/associations/${access}/recipients`)).json();
    expect(items).toEqual([
      {
        account: 'bob',
        email: 'bob@example.org',
        granted: false,
        revoked: false,
        certificate: {
          fingerprint: bobCertificate.fingerprint,
          certificate: bobCertificate.certificate,
          expiresAt: bobCertificate.expiresAt,
        },
      },
    ]);
  });

  test('refuses a certificate of someone who is not authorised, and then grants nobody of the list', async () => {
    const stranger = await certificateFor(platform, carol);
    const answer = await grantTo([grant(bobCertificate), grant(stranger)]);
    expect(answer.json()).toMatchObject({ code: 'E_NOT_AUTHORISED', status: 403 });
    expect((await alice.ask('GET', `/v1/associations/${access}/grants`)).json()).toEqual({ items: [], next: null });
  });

  test('refuses a certificate twice in one list, an end in the past, and one that is not there', async () => {
    expect((await grantTo([grant(bobCertificate), grant(bobCertificate)])).json().code).toBe('E_INVALID_REQUEST');
    const past = grant(bobCertificate, { expiresAt: '2020-01-01T00:00:00.000Z' });
    expect((await grantTo([past])).json().code).toBe('E_INVALID_REQUEST');
    expect((await grantTo([grant(bobCertificate, { fingerprint: '0'.repeat(40) })])).json().code).toBe('E_NOT_FOUND');
  });

  test('grants, and a repeat answers with the same grant', async () => {
    const first = await grantTo([grant(bobCertificate)]);
    expect(first.statusCode).toBe(201);
    expect(first.json().items).toMatchObject([
      { account: 'bob', email: 'bob@example.org', origin: 'manual', state: 'valid' },
    ]);
    const second = await grantTo([grant(bobCertificate, { message: 'another', origin: 'auto' })]);
    expect(second.json()).toEqual(first.json());
    const { items } = (await alice.ask('GET', `/v1/associations/${access}/recipients`)).json();
    expect(items).toMatchObject([{ account: 'bob', granted: true }]);
  });

  test('is for the owner alone: the committee sees the association and may not, others do not see it', async () => {
    const tries = (someone: Person) =>
      Promise.all([
        someone.ask('GET', `/v1/associations/${access}/recipients`),
        someone.ask('GET', `/v1/associations/${access}/grants`),
        someone.ask('POST', `/v1/associations/${access}/grants`, { archive, grants: [grant(bobCertificate)] }),
        someone.ask('POST', `/v1/associations/${access}/grants/revocation`, { email: 'bob@example.org', reason: 'x' }),
        someone.ask('DELETE', `/v1/associations/${access}/grants`),
      ]);
    for (const answer of await tries(committee[0]!))
      expect(answer.json()).toMatchObject({ code: 'E_NOT_ALLOWED', status: 403 });
    for (const answer of await tries(bob)) expect(answer.json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
  });

  test('does not grant a container that is not approved yet', async () => {
    await alice.ask('POST', '/v1/containers', {
      name: 'second',
      config: 'x',
      archive: { url: 'https://files.example.org/2', sha256: digestOf('second'), size: 1 },
      imageDigest: `sha256:${'b'.repeat(64)}`,
      plaintextSize: 1,
    });
    await alice.ask('POST', '/v1/associations', {
      kind: 'container',
      name: 'second',
      benchmark: 'digits',
      testResult: { accuracy: 1 },
      testDatasetSha256: digestOf('test dataset'),
    });
    const { items } = (await alice.ask('GET', '/v1/associations?mine=true&state=requested')).json();
    const answer = await grantTo([grant(bobCertificate)], items[0]!.id);
    expect(answer.json()).toMatchObject({ code: 'E_PENDING_APPROVAL', status: 409 });
  });
});

describe('fetching', () => {
  test('gives the wrapped key with everything that it is bound to, and notes when', async () => {
    const answer = await fetchAs(bob);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({
      message: `wrapped for ${bobCertificate.fingerprint}`,
      binding: {
        container: { owner: 'alice', name: 'model' },
        archive: digestOf('model'),
        benchmark: 'digits',
        recipient: bobCertificate.fingerprint,
        expiresAt: null,
      },
      archive: { url: 'https://files.example.org/model.tar.gpg', sha256: digestOf('model'), size: 1000 },
      plaintextSize: 2000,
      ownerCertificate: { fingerprint: aliceCertificate.fingerprint, account: 'alice', state: 'valid' },
    });
    const { items } = (await alice.ask('GET', `/v1/associations/${access}/grants`)).json();
    expect(items[0]!.lastFetchedAt).not.toBeNull();
  });

  test('is refused to an authorised data owner without a grant, with the name of whom to ask', async () => {
    await approved(platform, carol, 'dataset', 'clinic', 'digits');
    const problem = (await fetchAs(carol)).json();
    expect(problem).toMatchObject({ code: 'E_NO_ACCESS', status: 403 });
    expect(problem.next).toContain('alice@example.org');
  });

  test('does not tell others that the container is there', async () => {
    expect((await fetchAs(committee[0]!)).json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
    const nothing = await bob.ask('GET', '/v1/containers/alice/nothing/grant?benchmark=digits');
    expect(nothing.json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
  });
});

describe('revoking', () => {
  test('erases the key, refuses the next fetch with the reason and whom to ask; a repeat is answered alike', async () => {
    expect((await revoke('bob@example.org')).json()).toEqual({ revoked: 1 });
    const problem = (await fetchAs(bob)).json();
    expect(problem).toMatchObject({ code: 'E_ACCESS_REVOKED', status: 403 });
    expect(problem.why).toContain('left the study');
    expect(problem.next).toContain('alice@example.org');
    const kept = await platform.db
      .selectFrom('grants')
      .select('message')
      .where('fingerprint', '=', bobCertificate.fingerprint)
      .execute();
    expect(kept).toEqual([{ message: null }]);
    expect((await revoke('bob@example.org')).json()).toEqual({ revoked: 1 });
    const told = platform.db.selectFrom('auditEntries').select('id').where('action', '=', 'grant.revoked');
    expect(await told.execute()).toHaveLength(1);
    const another = (await revoke('bob@example.org', 'another reason')).json();
    expect(another).toMatchObject({ code: 'E_NO_ACCESS', status: 403 });
  });

  test('keeps auto-grant away from the address until someone grants by hand', async () => {
    const recipients = async () => (await alice.ask('GET', `/v1/associations/${access}/recipients`)).json().items[0];
    expect(await recipients()).toMatchObject({ account: 'bob', granted: false, revoked: true });
    const automatic = await grantTo([grant(bobCertificate, { origin: 'auto' })]);
    expect(automatic.json()).toMatchObject({ code: 'E_ACCESS_REVOKED' });
    expect((await grantTo([grant(bobCertificate)])).statusCode).toBe(201);
    expect(await recipients()).toMatchObject({ granted: true, revoked: false });
    expect((await fetchAs(bob)).statusCode).toBe(200);
  });

  test('of a certificate ends what was granted to it, at the same moment', async () => {
    const answer = await bob.ask('POST', `/v1/certificates/${bobCertificate.fingerprint}/revocation`, {
      reason: 'lost',
    });
    expect(answer.json()).toMatchObject({ grantsRevoked: 1, certificate: { state: 'revoked', reason: 'lost' } });
    expect((await fetchAs(bob)).json()).toMatchObject({ code: 'E_ACCESS_REVOKED' });
    expect((await grantTo([grant(bobCertificate)])).json()).toMatchObject({ code: 'E_CERTIFICATE_REVOKED' });
    const again = await bob.ask('POST', `/v1/certificates/${bobCertificate.fingerprint}/revocation`, {
      reason: 'again',
    });
    expect(again.json()).toMatchObject({ grantsRevoked: 0, certificate: { reason: 'lost' } });
    bobCertificate = await certificateFor(platform, bob);
    expect((await grantTo([grant(bobCertificate, { origin: 'auto' })])).statusCode).toBe(201);
  });
});

describe('ends of time', () => {
  const rewind = (table: 'grants' | 'certificates', fingerprint: string) =>
    platform.db
      .updateTable(table)
      .set({
        expiresAt: new Date(Date.now() - 1000),
        ...(table === 'certificates' && { issuedAt: new Date(0) }),
      } as object)
      .where('fingerprint', '=', fingerprint as Certificate['fingerprint'])
      .where('state', '=', 'valid')
      .execute();

  test('a grant that has ended is refused, listed as expired, and makes room for the next', async () => {
    await revoke('bob@example.org');
    await grantTo([grant(bobCertificate, { expiresAt: new Date(Date.now() + 60_000).toISOString() })]);
    expect((await fetchAs(bob)).statusCode).toBe(200);
    await rewind('grants', bobCertificate.fingerprint);
    expect((await fetchAs(bob)).json()).toMatchObject({ code: 'E_NO_ACCESS' });
    const { items } = (await alice.ask('GET', `/v1/associations/${access}/grants`)).json();
    expect(items.at(-1)).toMatchObject({ state: 'expired' });
    expect((await grantTo([grant(bobCertificate)])).json().items).toMatchObject([{ state: 'valid' }]);
  });

  test('housekeeping erases the keys of grants that have ended, and only those', async () => {
    expect(await expireGrants(platform.db)).toBe(0);
    await rewind('grants', bobCertificate.fingerprint);
    expect(await expireGrants(platform.db)).toBe(1);
    const left = await platform.db.selectFrom('grants').select('id').where('message', 'is not', null).execute();
    expect(left).toEqual([]);
  });

  test('a certificate that has expired opens nothing and gets no grant', async () => {
    expect((await grantTo([grant(bobCertificate)])).statusCode).toBe(201);
    await rewind('certificates', bobCertificate.fingerprint);
    expect((await fetchAs(bob)).json()).toMatchObject({ code: 'E_CERTIFICATE_EXPIRED', status: 403 });
    const { items } = (await alice.ask('GET', `/v1/associations/${access}/recipients`)).json();
    expect(items[0]).toMatchObject({ account: 'bob', certificate: null });
    expect((await grantTo([grant(bobCertificate)])).json()).toMatchObject({ code: 'E_CERTIFICATE_EXPIRED' });
  });
});

describe('recipients since a cursor', () => {
  test('are those who became authorised or got a certificate after it, and nobody else', async () => {
    const since = async (cursor: string) =>
      (await alice.ask('GET', `/v1/associations/${access}/recipients?since=${cursor}`)).json();
    const { cursor } = (await alice.ask('GET', `/v1/associations/${access}/recipients`)).json();
    expect((await since(cursor)).items).toEqual([]);
    const dave = await person(platform, 'dave');
    await certificateFor(platform, dave);
    expect((await since(cursor)).items).toEqual([]);
    await approved(platform, dave, 'dataset', 'practice', 'digits');
    const withDave = await since(cursor);
    expect(withDave.items).toMatchObject([{ account: 'dave', granted: false }]);
    expect((await since(withDave.cursor)).items).toEqual([]);
    bobCertificate = await certificateFor(platform, bob);
    expect((await since(withDave.cursor)).items).toMatchObject([
      { account: 'bob', certificate: { fingerprint: bobCertificate.fingerprint } },
    ]);
  });
});

describe('deleting all keys', () => {
  test('erases them, closes the association, refuses everyone, and a repeat is answered alike', async () => {
    await grantTo([grant(bobCertificate)]);
    expect((await alice.ask('DELETE', `/v1/associations/${access}/grants`)).json()).toEqual({ deleted: 1 });
    expect((await alice.ask('DELETE', `/v1/associations/${access}/grants`)).json()).toEqual({ deleted: 1 });
    expect((await fetchAs(bob)).json()).toMatchObject({ code: 'E_ACCESS_CLOSED', status: 403 });
    expect((await grantTo([grant(bobCertificate)])).json()).toMatchObject({ code: 'E_ACCESS_CLOSED' });
    const association = (await alice.ask('GET', `/v1/associations/${access}`)).json();
    expect(association).toMatchObject({ state: 'closed', certificates: [] });
    const keys = await platform.db.selectFrom('grants').select('id').where('message', 'is not', null).execute();
    expect(keys).toEqual([]);
  });
});
