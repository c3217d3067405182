/** Benchmarks that approve by themselves: what they approve, what not, and who can tell afterwards. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEntry } from '../../domain/audit.ts';
import { createBenchmark, newContainer, newDataset, TEST_DATASET } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startWorkingPlatform, type WorkingPlatform } from './support/working-platform.ts';

let platform: WorkingPlatform;
let ann: Person;
let ben: Person;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  platform = await startWorkingPlatform();
  [ann, ben, alice, bob] = (await Promise.all(
    ['ann', 'ben', 'alice', 'bob'].map((name) => person(platform, name)),
  )) as [Person, Person, Person, Person];
  await createBenchmark(platform, 'digits', [ann, ben]);
});
afterAll(async () => {
  await platform.stop();
});

const evidence = { testResult: { accuracy: 0.98 }, testDatasetSha256: TEST_DATASET.sha256 };
const requestContainer = async (owner: Person, name: string, benchmark: string, changes: object = evidence) => {
  await owner.ask('POST', '/v1/containers', newContainer(name));
  return owner.ask('POST', '/v1/associations', { kind: 'container', name, benchmark, ...changes });
};
const NEVER = { approves: 'never' };
const policiesOf = (who: Person, headers = {}) => who.ask('GET', '/v1/benchmarks/digits/policies', undefined, headers);
const replace = (who: Person, policies: object, headers = {}) =>
  who.ask('PUT', '/v1/benchmarks/digits/policies', { container: NEVER, dataset: NEVER, ...policies }, headers);
/** In place of whatever is there; the other kind is left to the votes. */
const setPolicy = (who: Person, policies: object) => replace(who, policies, { 'if-match': '*' });
const auditOf = async (subject: string): Promise<AuditEntry[]> => {
  const rows = await platform.db
    .selectFrom('auditEntries')
    .select('content')
    .where('subject', '=', subject)
    .orderBy('sequence')
    .execute();
  return rows.map(({ content }) => JSON.parse(content) as AuditEntry);
};

describe('a benchmark that approves containers always', () => {
  test('does so at once, says so everywhere, and tells owner and committee once', async () => {
    await createBenchmark(platform, 'open-to-all', [ann, ben], { policies: { container: { approves: 'always' } } });
    const answer = await requestContainer(alice, 'swift', 'open-to-all');
    expect(answer.json()).toMatchObject({
      state: 'approved',
      approvedBy: 'policy',
      approvals: 0,
      votes: [],
      reason: 'The benchmark approves containers always, as ann set it.',
    });
    const { id } = answer.json();
    await platform.temporal.client.workflow.getHandle(`review/${id}`).result();
    const [requested, decided] = await auditOf(`association/${id}`);
    expect(requested).toMatchObject({ action: 'association.requested', account: 'alice' });
    expect(decided).toMatchObject({
      action: 'association.decided',
      account: null,
      after: { state: 'approved', policy: { approves: 'always', setBy: 'ann' } },
    });
    for (const someone of [alice, ann, ben]) {
      const mails = await platform.mailsTo(someone.account.email);
      expect(mails.filter((mail) => mail.includes('alice/swift is approved'))).toHaveLength(1);
      expect(mails.filter((mail) => mail.includes('alice/swift waits for your vote'))).toHaveLength(0);
    }
    expect((await requestContainer(alice, 'swift', 'open-to-all')).json()).toMatchObject({ id, state: 'approved' });
  });

  test('still wants the test of a container, on the test dataset of the benchmark', async () => {
    expect((await requestContainer(alice, 'untested', 'open-to-all', {})).json().code).toBe('E_INVALID_REQUEST');
    const elsewhere = { ...evidence, testDatasetSha256: 'f'.repeat(64) };
    expect((await requestContainer(alice, 'untested', 'open-to-all', elsewhere)).json().code).toBe('E_CONFLICT');
  });

  test('leaves datasets to the votes, and what comes from its own committee', async () => {
    await bob.ask('POST', '/v1/datasets', newDataset('wards'));
    const dataset = await bob.ask('POST', '/v1/associations', {
      kind: 'dataset',
      name: 'wards',
      benchmark: 'open-to-all',
    });
    expect(dataset.json()).toMatchObject({ state: 'requested', approvedBy: null });
    const cleo = await person(platform, 'cleo');
    await createBenchmark(platform, 'ours', [ann, ben, cleo], { policies: { container: { approves: 'always' } } });
    expect((await requestContainer(ben, 'own', 'ours')).json()).toMatchObject({ state: 'requested' });
  });
});

describe('a list of addresses', () => {
  test('approves those who are on it whatever the case, and is shown to the committee only', async () => {
    const set = await setPolicy(ann, { dataset: { approves: 'listed', addresses: ['BOB@Example.Org'] } });
    expect(set.json()).toMatchObject({
      container: { approves: 'never', setBy: null },
      dataset: { approves: 'listed', addresses: ['bob@example.org'], setBy: 'ann' },
    });
    await bob.ask('POST', '/v1/datasets', newDataset('cases'));
    await alice.ask('POST', '/v1/datasets', newDataset('cases'));
    const request = { kind: 'dataset', name: 'cases', benchmark: 'digits' };
    expect((await bob.ask('POST', '/v1/associations', request)).json()).toMatchObject({ approvedBy: 'policy' });
    expect((await alice.ask('POST', '/v1/associations', request)).json()).toMatchObject({ state: 'requested' });
    const seen = await alice.ask('GET', '/v1/benchmarks/digits');
    expect(seen.json()).toMatchObject({ approves: { container: 'never', dataset: 'listed' } });
    expect(seen.body).not.toContain('bob@example.org');
    expect((await alice.ask('GET', '/v1/benchmarks/digits/policies')).statusCode).toBe(403);
  });

  test('is written to the log with who set it, each change once, and without the addresses', async () => {
    await setPolicy(ben, { dataset: NEVER });
    await setPolicy(ben, { dataset: NEVER });
    const changes = (await auditOf('benchmark/digits')).filter(({ action }) => action === 'benchmark.policy-changed');
    expect(changes).toMatchObject([
      { account: 'ann', before: { approves: 'never', setBy: null }, after: { approves: 'listed', addresses: 1 } },
      { account: 'ben', before: { approves: 'listed', setBy: 'ann' }, after: { approves: 'never', addresses: 0 } },
    ]);
    expect(JSON.stringify(changes)).not.toContain('@');
  });

  test('is set by members only, and fits the policy', async () => {
    expect((await setPolicy(alice, { dataset: { approves: 'always' } })).json().code).toBe('E_NOT_A_MEMBER');
    expect((await setPolicy(ann, { dataset: { approves: 'listed' } })).json().code).toBe('E_INVALID_REQUEST');
    const disguised = { dataset: { approves: 'listed', addresses: ['\u212Aate@example.org'] } };
    expect((await setPolicy(ann, disguised)).json().code).toBe('E_INVALID_NAME');
    expect((await setPolicy(ann, { dataset: { approves: 'perhaps' } })).json().code).toBe('E_INVALID_REQUEST');
  });
});

test('a policy that is set while the committee waits for a new submission leaves that to the committee', async () => {
  const { id } = (await requestContainer(alice, 'unfinished', 'digits')).json();
  await ann.ask('POST', `/v1/associations/${id}/votes`, { ballot: 'request-changes', reason: 'more classes' });
  await setPolicy(ann, { container: { approves: 'always' } });
  const again = await requestContainer(alice, 'unfinished', 'digits', { ...evidence, testResult: { accuracy: 0.99 } });
  expect(again.json()).toMatchObject({ id, state: 'requested', submission: 2 });
  expect((await requestContainer(alice, 'later', 'digits')).json()).toMatchObject({ state: 'approved' });
});

describe('the policies as members change them', () => {
  const tagFor = async (who: Person) => String((await policiesOf(who)).headers.etag);

  test('are read with a tag that stays the same until they change, and are not sent again to who has them', async () => {
    const tag = await tagFor(ann);
    expect(tag).toMatch(/^"[\w-]{43}"$/);
    expect(await tagFor(ben)).toBe(tag);
    for (const known of [tag, `W/${tag}`, `"another", ${tag}`, '*']) {
      const answer = await policiesOf(ann, { 'if-none-match': known });
      expect([known, answer.statusCode, answer.body, answer.headers.etag]).toEqual([known, 304, '', tag]);
    }
    const set = await replace(ann, { dataset: { approves: 'always' } }, { 'if-match': tag });
    expect(set.statusCode).toBe(200);
    expect(set.headers.etag).not.toBe(tag);
    const read = await policiesOf(ann, { 'if-none-match': tag });
    expect([read.statusCode, read.headers.etag]).toEqual([200, set.headers.etag]);
  });

  test('are not set by who does not say what that takes the place of, or says it of something else', async () => {
    const before = await policiesOf(ann);
    const tag = String(before.headers.etag);
    const wanted = { container: { approves: 'listed', addresses: ['eve@example.org'] } };
    const refused: readonly [object, number, string][] = [
      [{}, 428, 'E_IF_MATCH_MISSING'],
      [{ 'if-match': '"another"' }, 412, 'E_CHANGED_MEANWHILE'],
      [{ 'if-match': `W/${tag}` }, 412, 'E_CHANGED_MEANWHILE'],
      [{ 'if-match': tag.slice(1) }, 400, 'E_INVALID_REQUEST'],
    ];
    for (const [headers, status, code] of refused) {
      const answer = await replace(ann, wanted, headers);
      expect([headers, answer.statusCode, answer.json().code]).toEqual([headers, status, code]);
    }
    expect((await policiesOf(ann)).body).toBe(before.body);
    expect((await replace(ann, wanted, { 'if-match': `"another", ${tag}` })).statusCode).toBe(200);
  });

  test('are set by one of two members at the same moment: the other hears of it and undoes nothing', async () => {
    for (let round = 0; round < 20; round += 1) {
      const tag = await tagFor(ann);
      const answers = await Promise.all(
        [ann, ben].map((member) => {
          const addresses = [`${member.account.handle}-${round}@example.org`];
          return replace(member, { dataset: { approves: 'listed', addresses } }, { 'if-match': tag });
        }),
      );
      expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412]);
      const won = answers.find(({ statusCode }) => statusCode === 200);
      expect((await policiesOf(ben)).body).toBe(won?.body);
    }
  });
});
