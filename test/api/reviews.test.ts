import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Ballot } from '../../domain/association.ts';
import { parseBenchmarkName, parseFingerprint, type AssociationId } from '../../domain/ids.ts';
import { saveAuthority } from '../../storage/authority.ts';
import { requestAssociation } from '../../storage/association-requests.ts';
import { sendMailOnce } from '../../storage/sent-mails.ts';
import { createBenchmark, newContainer, newDataset, TEST_DATASET } from './support/benchmark.ts';
import { found } from '../support/patience.ts';
import { person, type Person } from './support/people.ts';
import type { Reply } from './support/reply.ts';
import { startWorkingPlatform, type WorkingPlatform } from './support/working-platform.ts';

let platform: WorkingPlatform;
let committee: Person[];
let alice: Person;
let bob: Person;

beforeAll(async () => {
  platform = await startWorkingPlatform();
  committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  await createBenchmark(platform, 'digits', committee);
});
afterAll(async () => {
  await platform.stop();
});

const request = (name: string, changes: object = {}) => ({
  kind: 'container',
  name,
  benchmark: 'digits',
  testResult: {
    accuracy: 0.98,
    confusion: [
      [1, 0],
      [0, 1],
    ],
  },
  testDatasetSha256: TEST_DATASET.sha256,
  ...changes,
});
const requested = async (name: string): Promise<AssociationId> => {
  await alice.ask('POST', '/v1/containers', newContainer(name));
  return (await alice.ask('POST', '/v1/associations', request(name))).json().id;
};
const vote = (member: Person, id: AssociationId, ballot: Ballot, reason = '') =>
  member.ask('POST', `/v1/associations/${id}/votes`, { ballot, reason });
/** As clients do it: who is told "not now", as on a busy machine, asks the same again. */
const patiently = (ask: () => Promise<Reply>): Promise<Reply> =>
  found('an answer', async () => {
    const answer = await ask();
    return answer.statusCode === 503 ? null : answer;
  });
const votesOn = async (id: AssociationId) =>
  ((await alice.ask('GET', `/v1/associations/${id}`)).json() as unknown as { votes: object[] }).votes;
const [ann, ben, cleo] = [0, 1, 2].map((index) => () => committee[index]!) as [
  () => Person,
  () => Person,
  () => Person,
];

describe('a request', () => {
  test('says beforehand what it would fail with, and that it is possible once nothing is in the way', async () => {
    const check = (changes: object) =>
      alice.ask('POST', '/v1/associations/preflight', {
        kind: 'container',
        name: 'model',
        benchmark: 'digits',
        ...changes,
      });
    expect((await check({})).json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
    expect((await check({ kind: 'dataset', name: 'wards' })).json()).toMatchObject({ code: 'E_DATASET_NOT_FOUND' });
    await alice.ask('POST', '/v1/containers', newContainer('model'));
    expect((await check({})).json()).toEqual({ possible: true });
    expect((await check({ benchmark: 'nothing' })).json()).toMatchObject({ code: 'E_NOT_FOUND' });
  });

  test('needs the result of a test on the very test dataset of the benchmark', async () => {
    const without = { kind: 'container', name: 'model', benchmark: 'digits' };
    expect((await alice.ask('POST', '/v1/associations', without)).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
    const other = request('model', { testDatasetSha256: 'f'.repeat(64) });
    expect((await alice.ask('POST', '/v1/associations', other)).json()).toMatchObject({
      code: 'E_CONFLICT',
      status: 409,
    });
  });

  test('is answered with the same association when it is repeated, and with E_ALREADY_ASSOCIATED when it differs', async () => {
    const first = await alice.ask('POST', '/v1/associations', request('model'));
    expect(first.statusCode).toBe(201);
    expect(first.json()).toMatchObject({
      kind: 'container',
      owner: 'alice',
      state: 'requested',
      quorum: 2,
      approvals: 0,
      votes: [],
      waitingFor: ['ann', 'ben', 'cleo'],
      testResult: { accuracy: 0.98 },
    });
    expect((await alice.ask('POST', '/v1/associations', request('model'))).json()).toEqual(first.json());
    const other = await alice.ask('POST', '/v1/associations', request('model', { testResult: { accuracy: 1 } }));
    expect(other.json()).toMatchObject({ code: 'E_ALREADY_ASSOCIATED', status: 409 });
    const check = { kind: 'container', name: 'model', benchmark: 'digits' };
    expect((await alice.ask('POST', '/v1/associations/preflight', check)).json().code).toBe('E_ALREADY_ASSOCIATED');
  });

  test('that is made fifty times at the same moment is one request with one review', async () => {
    await alice.ask('POST', '/v1/containers', newContainer('rushed'));
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => patiently(() => alice.ask('POST', '/v1/associations', request('rushed')))),
    );
    expect(new Set(answers.map((answer) => answer.statusCode))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
    const unstarted = platform.db.selectFrom('associations').select('id').where('reviewStartedAt', 'is', null);
    expect(await unstarted.execute()).toEqual([]);
  });

  test('is seen by its owner and the committee, and by nobody else', async () => {
    const id = await requested('seen');
    for (const someone of [alice, ...committee]) {
      expect((await someone.ask('GET', `/v1/associations/${id}`)).statusCode).toBe(200);
      expect((await someone.ask('GET', '/v1/associations')).json().items.map((item) => item.id)).toContain(id);
    }
    expect((await bob.ask('GET', `/v1/associations/${id}`)).json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
    expect((await bob.ask('GET', '/v1/associations')).json().items).toEqual([]);
    expect((await ann().ask('GET', '/v1/associations?mine=true')).json().items).toEqual([]);
    expect((await alice.ask('GET', '/v1/associations?kind=dataset')).json().items).toEqual([]);
    expect((await alice.ask('GET', '/v1/associations?mine=perhaps')).json()).toMatchObject({
      code: 'E_INVALID_REQUEST',
    });
  });
});

describe('the committee', () => {
  test('approves by a quorum; then the association is approved, with votes and reasons to read', async () => {
    const id = await requested('good');
    const first = await vote(ann(), id, 'approve', 'fine');
    expect(first.statusCode).toBe(201);
    expect(first.json()).toMatchObject({ state: 'requested', approvals: 1, waitingFor: ['ben', 'cleo'] });
    expect((await vote(ben(), id, 'approve')).json()).toMatchObject({ state: 'approved', approvals: 2 });
    expect((await alice.ask('GET', `/v1/associations/${id}`)).json()).toMatchObject({
      state: 'approved',
      reason: '2 of 3 approve, 2 needed',
      waitingFor: [],
      votes: [
        { member: 'ann', ballot: 'approve', reason: 'fine' },
        { member: 'ben', ballot: 'approve', reason: '' },
      ],
    });
  });

  test('rejects with reasons, after which the owner can ask again', async () => {
    const id = await requested('poor');
    await vote(ann(), id, 'reject', 'too few cases');
    expect((await vote(cleo(), id, 'reject', 'too few cases')).json()).toMatchObject({ state: 'rejected' });
    const again = await alice.ask('POST', '/v1/associations', request('poor'));
    expect(again.statusCode).toBe(201);
    expect(again.json().id).not.toBe(id);
  });

  test('refuses a vote of the owner, of a stranger, without a reason, and one after the decision', async () => {
    const id = await requested('contested');
    expect((await vote(alice, id, 'approve')).json()).toMatchObject({ code: 'E_NOT_A_MEMBER', status: 403 });
    expect((await vote(bob, id, 'approve')).json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
    expect((await vote(ann(), id, 'reject')).json()).toMatchObject({
      code: 'E_INVALID_REQUEST',
      next: 'Say what the owner should change.',
    });
    await vote(ann(), id, 'approve');
    expect((await vote(ann(), id, 'approve')).json()).toMatchObject({ state: 'requested', approvals: 1 });
    await vote(ben(), id, 'approve');
    expect((await vote(cleo(), id, 'approve')).json()).toMatchObject({ code: 'E_ALREADY_DECIDED', status: 409 });
  });

  test('B1: has fifty votes of one member at the same moment count as one, which the log shows as the last', async () => {
    const id = await requested('hammered');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        patiently(() => vote(ann(), id, index % 2 === 0 ? 'approve' : 'reject', 'because')),
      ),
    );
    for (const answer of answers) expect(answer.statusCode).toBe(201);
    const votes = await platform.db.selectFrom('votes').selectAll().where('associationId', '=', id).execute();
    expect(votes).toHaveLength(1);
    const written = await platform.db
      .selectFrom('auditEntries')
      .select('content')
      .where('subject', '=', `association/${id}`)
      .where('action', '=', 'vote.cast')
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(JSON.parse(written.content)).toMatchObject({ after: { member: 'ann', ballot: votes[0]?.ballot } });
  });

  test('B1: approval against rejection of one member at the same moment leaves one vote, and none after the decision', async () => {
    const id = await requested('torn');
    await Promise.all([vote(ann(), id, 'approve'), vote(ann(), id, 'reject', 'no')]);
    expect(await votesOn(id)).toHaveLength(1);
    await vote(ben(), id, 'reject', 'no');
    await vote(cleo(), id, 'reject', 'no');
    const late = await vote(ann(), id, 'approve');
    expect(late.json()).toMatchObject({ code: 'E_ALREADY_DECIDED', status: 409 });
    expect((late.json() as unknown as { detail: string }).detail).toContain('rejected');
  });

  test('lets a member change a vote until the decision', async () => {
    const id = await requested('reconsidered');
    await vote(ann(), id, 'reject', 'unsure');
    expect((await vote(ann(), id, 'approve', 'now sure')).json()).toMatchObject({ approvals: 1 });
    expect((await vote(ben(), id, 'approve')).json()).toMatchObject({ state: 'approved' });
    expect(await votesOn(id)).toMatchObject([
      { member: 'ann', ballot: 'approve', reason: 'now sure' },
      { member: 'ben', ballot: 'approve' },
    ]);
  });

  test('asks for changes, and gets the same association again with a new test, to be voted on anew', async () => {
    const id = await requested('unfinished');
    await vote(cleo(), id, 'approve');
    expect((await vote(ann(), id, 'request-changes')).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
    const asked = await vote(ann(), id, 'request-changes', 'more classes');
    expect(asked.json()).toMatchObject({ state: 'changes-requested', reason: 'ann: more classes' });
    expect((await vote(ben(), id, 'approve')).json()).toMatchObject({ code: 'E_CHANGES_REQUESTED', status: 409 });
    expect((await alice.ask('GET', `/v1/associations/${id}`)).json()).toMatchObject({
      state: 'changes-requested',
      waitingOn: ['alice'],
      next: expect.stringContaining('strongroom container associate unfinished --benchmark digits'),
    });
    const check = { kind: 'container', name: 'unfinished', benchmark: 'digits' };
    expect((await alice.ask('POST', '/v1/associations/preflight', check)).json()).toEqual({ possible: true });
    const again = await alice.ask(
      'POST',
      '/v1/associations',
      request('unfinished', { testResult: { accuracy: 0.99 } }),
    );
    expect(again.json()).toMatchObject({
      id,
      state: 'requested',
      submission: 2,
      approvals: 0,
      votes: [],
      reason: null,
      testResult: { accuracy: 0.99 },
    });
    expect((await vote(cleo(), id, 'approve')).json()).toMatchObject({ submission: 2, approvals: 1 });
    expect((await vote(ann(), id, 'approve')).json()).toMatchObject({ state: 'approved' });
    await platform.temporal.client.workflow.getHandle(`review/${id}`).result();
    const mails = (await platform.mailsTo('alice@example.org')).filter((mail) => mail.includes('alice/unfinished'));
    expect(mails.map((mail) => /^Subject: (.*)$/m.exec(mail)?.[1])).toEqual([
      'digits: changes are asked for in alice/unfinished',
      'digits: alice/unfinished is approved',
    ]);
  });

  test('decides on what was submitted, which nothing changes afterwards', async () => {
    const id = await requested('fixed');
    const { content } = (await alice.ask('GET', `/v1/associations/${id}`)).json() as unknown as { content: object };
    expect(content).toMatchObject({ archiveSha256: newContainer('fixed').archive.sha256 });
    const change = platform.db.updateTable('associations').where('id', '=', id);
    await expect(change.set({ testResult: '{"accuracy": 1}' }).execute()).rejects.toThrow('new submission only');
    await expect(change.set({ content: '{}' }).execute()).rejects.toThrow('new submission only');
    await expect(change.set({ testDatasetSha256: null }).execute()).rejects.toThrow('new submission only');
  });

  test('of which the owner is a member decides without the owner, and must be large enough for that', async () => {
    await createBenchmark(platform, 'shared', [ann(), ben(), alice]);
    await alice.ask('POST', '/v1/containers', newContainer('own'));
    const { id } = (await alice.ask('POST', '/v1/associations', request('own', { benchmark: 'shared' }))).json();
    expect((await vote(alice, id, 'approve')).json()).toMatchObject({ code: 'E_NOT_ALLOWED', status: 403 });
    expect((await alice.ask('GET', `/v1/associations/${id}`)).json()).toMatchObject({ waitingFor: ['ann', 'ben'] });
    await createBenchmark(platform, 'narrow', [ann(), alice]);
    const refused = await alice.ask('POST', '/v1/associations', request('own', { benchmark: 'narrow' }));
    expect(refused.json()).toMatchObject({ code: 'E_CONFLICT', status: 409 });
  });

  test('B2: reaches its quorum with all votes at the same moment once, and tells the owner once, by one mail', async () => {
    const id = await requested('raced');
    const answers = await Promise.all(committee.map((member) => vote(member, id, 'approve')));
    expect(answers.map((answer) => answer.json().state)).toContain('approved');
    for (const answer of answers) expect([201, 409]).toContain(answer.statusCode);
    const told = await platform.db
      .selectFrom('events')
      .selectAll()
      .where('association', '=', id)
      .where('type', '=', 'association.decided')
      .where('audience', '=', alice.account.id)
      .execute();
    expect(told).toHaveLength(1);
    await platform.temporal.client.workflow.getHandle(`review/${id}`).result();
    const mails = await platform.mailsTo('alice@example.org');
    expect(mails.filter((mail) => mail.includes('alice/raced is approved'))).toHaveLength(1);
  });

  test('of fifty that votes as one decides once, tells the owner once, and gives each member a clear answer', async () => {
    const crowd = await Promise.all(Array.from({ length: 50 }, (_, index) => person(platform, `member${index}`)));
    await createBenchmark(platform, 'crowded', crowd, { quorum: 26 });
    await alice.ask('POST', '/v1/containers', newContainer('popular'));
    const { id } = (await alice.ask('POST', '/v1/associations', request('popular', { benchmark: 'crowded' }))).json();
    const answers = await Promise.all(crowd.map((member) => patiently(() => vote(member, id, 'approve'))));
    const accepted = answers.filter((answer) => answer.statusCode === 201);
    expect(accepted.length).toBeGreaterThanOrEqual(26);
    for (const answer of answers.filter((other) => other.statusCode !== 201)) {
      expect(answer.json()).toMatchObject({ code: 'E_ALREADY_DECIDED', status: 409 });
    }
    const decided = (await alice.ask('GET', `/v1/associations/${id}`)).json();
    expect(decided).toMatchObject({ state: 'approved', approvals: accepted.length });
    const decisions = platform.db.selectFrom('events').select('id').where('association', '=', id);
    const told = decisions.where('type', '=', 'association.decided').where('audience', '=', alice.account.id);
    expect(await told.execute()).toHaveLength(1);
    await platform.temporal.client.workflow.getHandle(`review/${id}`).result();
    const mails = await platform.mailsTo('alice@example.org');
    expect(mails.filter((mail) => mail.includes('alice/popular is approved'))).toHaveLength(1);
  });

  test('does not let a request be taken back but by its owner, and then it cannot be voted on', async () => {
    const id = await requested('regretted');
    const withdraw = (someone: Person) =>
      someone.ask('POST', `/v1/associations/${id}/withdrawal`, { reason: 'a better one comes' });
    expect((await withdraw(ann())).json()).toMatchObject({ code: 'E_NOT_ALLOWED', status: 403 });
    expect((await withdraw(alice)).json()).toMatchObject({ state: 'closed', reason: 'a better one comes' });
    expect((await vote(ann(), id, 'approve')).json()).toMatchObject({ code: 'E_ALREADY_DECIDED' });
  });

  test('of a closed benchmark gets no new requests, and only its creator and committee close it', async () => {
    await ann().ask('POST', '/v1/benchmarks', {
      name: 'closing',
      description: '',
      testDataset: TEST_DATASET,
      metrics: { config: 'x', archive: TEST_DATASET, imageDigest: `sha256:${'c'.repeat(64)}` },
      members: ['ben'],
      quorum: 1,
      approvalDays: 1,
    });
    expect((await alice.ask('POST', '/v1/benchmarks/closing/closing')).json()).toMatchObject({ code: 'E_NOT_ALLOWED' });
    expect((await ben().ask('POST', '/v1/benchmarks/closing/closing')).json()).toMatchObject({ state: 'closed' });
    await alice.ask('POST', '/v1/datasets', newDataset('late'));
    const late = await alice.ask('POST', '/v1/associations', { kind: 'dataset', name: 'late', benchmark: 'closing' });
    expect(late.json()).toMatchObject({ code: 'E_BENCHMARK_CLOSED', status: 409 });
  });
});

describe('deadlines and absences', () => {
  test('a request that nobody decides on expires, and a late vote hears why', async () => {
    await ann().ask('POST', '/v1/benchmarks', {
      name: 'hasty',
      description: '',
      testDataset: TEST_DATASET,
      metrics: { config: 'x', archive: TEST_DATASET, imageDigest: `sha256:${'c'.repeat(64)}` },
      members: ['ann'],
      quorum: 1,
      approvalDays: 2 / 86_400,
    });
    await bob.ask('POST', '/v1/datasets', newDataset('wards'));
    const { id } = (
      await bob.ask('POST', '/v1/associations', { kind: 'dataset', name: 'wards', benchmark: 'hasty' })
    ).json();
    await platform.temporal.client.workflow.getHandle(`review/${id}`).result();
    expect((await bob.ask('GET', `/v1/associations/${id}`)).json()).toMatchObject({ state: 'expired' });
    expect((await vote(ann(), id, 'approve')).json()).toMatchObject({ code: 'E_DEADLINE_PASSED', status: 409 });
  });

  test('a vote on a request whose review was never started starts it', async () => {
    await alice.ask('POST', '/v1/containers', newContainer('forgotten'));
    const { kind, name, benchmark, ...evidence } = request('forgotten');
    const subject = { kind: kind as 'container', name, benchmark: parseBenchmarkName(benchmark) };
    const { id } = await requestAssociation(platform.db, alice.account, subject, evidence);
    expect((await vote(ann(), id, 'approve')).json()).toMatchObject({ state: 'requested', approvals: 1 });
    expect((await vote(ben(), id, 'approve')).json()).toMatchObject({ state: 'approved' });
  });
});

test('a mail of one occasion is sent once however often it is tried, and tried again where it could not be sent', async () => {
  const mail = { to: bob.account.email, subject: 'Once', text: '' };
  const failing = sendMailOnce(platform.db, () => Promise.reject(new Error('no mail today')), 'a step', mail);
  await expect(failing).rejects.toThrow('no mail today');
  const tries = Array.from({ length: 5 }, () => sendMailOnce(platform.db, platform.sendMail, 'a step', mail));
  await Promise.all(tries);
  const sent = (await platform.mailsTo(mail.to)).filter((text) => text.includes('Subject: Once'));
  expect(sent).toHaveLength(1);
});

test('the certificate of the authority is there once the worker has made it known, for everyone', async () => {
  const read = () => platform.app.inject('/v1/authority');
  expect((await read()).json<object>()).toMatchObject({ code: 'E_UNAVAILABLE' });
  for (const certificate of ['an earlier one', 'armored']) {
    await saveAuthority(platform.db, { fingerprint: parseFingerprint('A'.repeat(40)), certificate });
  }
  expect((await read()).json()).toEqual({ fingerprint: 'A'.repeat(40), certificate: 'armored' });
});

describe('a certificate', () => {
  const fingerprint = () => randomBytes(20).toString('hex').toUpperCase();
  const certificate = async (someone: Person, print: string, changes: object = {}) => {
    const { challenge } = (await someone.ask('POST', '/v1/certificates/challenges')).json();
    const body = { fingerprint: print, certificate: print, challenge, proof: `signed ${challenge}` };
    return someone.ask('POST', '/v1/certificates', { ...body, ...changes });
  };

  test('is certified by the worker, is there once, and a repeat answers with the same one', async () => {
    const print = fingerprint();
    const first = await certificate(bob, print);
    expect(first.statusCode).toBe(201);
    expect(first.json()).toMatchObject({
      fingerprint: print,
      account: 'bob',
      email: 'bob@example.org',
      state: 'valid',
    });
    expect((await certificate(bob, print)).json()).toEqual(first.json());
    expect((await certificate(bob, fingerprint())).json()).toMatchObject({ code: 'E_ALREADY_EXISTS', status: 409 });
    expect((await alice.ask('GET', `/v1/certificates/${print}`)).json()).toMatchObject({ code: 'E_NOT_FOUND' });
    expect((await bob.ask('GET', '/v1/certificates')).json().items).toHaveLength(1);
  });

  test('is refused in the words of the worker, without a verified address, and for a challenge that does not hold', async () => {
    const refused = await certificate(alice, fingerprint(), { proof: 'signed nothing' });
    expect(refused.json()).toMatchObject({ code: 'E_CERTIFICATE_NOT_CERTIFIED', detail: 'The proof does not fit.' });
    const { challenge } = (await bob.ask('POST', '/v1/certificates/challenges')).json();
    const stolen = await certificate(alice, fingerprint(), { challenge, proof: `signed ${challenge}` });
    expect(stolen.json()).toMatchObject({ code: 'E_INVALID_REQUEST', detail: 'The challenge does not hold.' });
    await platform.db
      .updateTable('accounts')
      .set({ emailVerified: false })
      .where('id', '=', ann().account.id)
      .execute();
    expect((await certificate(ann(), fingerprint())).json()).toMatchObject({
      code: 'E_EMAIL_NOT_VERIFIED',
      status: 403,
    });
  });

  test('asked for ten times at the same moment, by ten keys, is certified for one of them', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => certificate(alice, fingerprint())));
    expect(answers.filter((answer) => answer.statusCode === 201)).toHaveLength(1);
    for (const answer of answers.filter((other) => other.statusCode !== 201)) {
      expect(answer.json()).toMatchObject({ code: 'E_ALREADY_EXISTS' });
    }
  });

  test('has its challenge used up by the first of two that come with it', async () => {
    const { challenge } = (await cleo().ask('POST', '/v1/certificates/challenges')).json();
    const first = await certificate(cleo(), fingerprint(), { challenge, proof: `signed ${challenge}` });
    expect(first.statusCode).toBe(201);
    await cleo().ask(
      'POST',
      `/v1/certificates/${(first.json() as unknown as { fingerprint: string }).fingerprint}/revocation`,
      { reason: 'x' },
    );
    const second = await certificate(cleo(), fingerprint(), { challenge, proof: `signed ${challenge}` });
    expect(second.json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
  });
});
