/** Who sits on a committee, and whom it invites: changes while requests are undecided, and their traces. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/patience.ts';
import type { Ballot } from '../../domain/association.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import type { AssociationId } from '../../domain/ids.ts';
import type { ReviewStatus } from '../../workflows/review-association/contract.ts';
import { createBenchmark, newContainer, TEST_DATASET } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startWorkingPlatform, type WorkingPlatform } from './support/working-platform.ts';

let platform: WorkingPlatform;
let ann: Person;
let ben: Person;
let cleo: Person;
let dave: Person;
let alice: Person;

beforeAll(async () => {
  platform = await startWorkingPlatform();
  const names = ['ann', 'ben', 'cleo', 'dave', 'alice'];
  [ann, ben, cleo, dave, alice] = (await Promise.all(names.map((name) => person(platform, name)))) as [
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
});
afterAll(async () => {
  await platform.stop();
});

const requestFor = (name: string, benchmark: string) => ({
  kind: 'container',
  name,
  benchmark,
  testResult: { accuracy: 0.98 },
  testDatasetSha256: TEST_DATASET.sha256,
});
async function requested(name: string, benchmark: string): Promise<AssociationId> {
  await alice.ask('POST', '/v1/containers', newContainer(name));
  return (await alice.ask('POST', '/v1/associations', requestFor(name, benchmark))).json().id;
}
const vote = (member: Person, id: AssociationId, ballot: Ballot, reason = '') =>
  member.ask('POST', `/v1/associations/${id}/votes`, { ballot, reason });
const read = async (id: AssociationId) => (await alice.ask('GET', `/v1/associations/${id}`)).json();
const add = (who: Person, benchmark: string, member: string) =>
  who.ask('POST', `/v1/benchmarks/${benchmark}/members`, { member });
const remove = (who: Person, benchmark: string, member: string) =>
  who.ask('DELETE', `/v1/benchmarks/${benchmark}/members/${member}`);
const auditOf = async (benchmark: string): Promise<AuditEntry[]> => {
  const rows = await platform.db
    .selectFrom('auditEntries')
    .select('content')
    .where('subject', '=', `benchmark/${benchmark}`)
    .orderBy('sequence')
    .execute();
  return rows.map(({ content }) => JSON.parse(content) as AuditEntry);
};
/** The running review has been told, and looks at once. */
async function untilReviewWaitsFor(id: AssociationId, members: readonly string[]): Promise<void> {
  const review = platform.temporal.client.workflow.getHandle(`review/${id}`);
  await until(`the review waits for ${members.join(', ')}`, async () => {
    const { waitingFor } = await review.query<ReviewStatus>('reviewStatus');
    return JSON.stringify(waitingFor) === JSON.stringify(members);
  });
}
const eventsOf = async (someone: Person, type: string) =>
  (await platform.db.selectFrom('events').selectAll().where('audience', '=', someone.account.id).execute()).filter(
    (event) => event.type === type,
  );

describe('a member who is removed', () => {
  test('B11: before the decision no longer counts: the vote is gone, and the others decide', async () => {
    await createBenchmark(platform, 'shrinking', [ann, ben, cleo]);
    const id = await requested('first', 'shrinking');
    await vote(ann, id, 'approve');
    expect((await remove(ben, 'shrinking', 'ann')).json()).toMatchObject({ members: ['ben', 'cleo'], quorum: 2 });
    expect(await read(id)).toMatchObject({ state: 'requested', approvals: 0, votes: [], waitingFor: ['ben', 'cleo'] });
    expect((await vote(ann, id, 'approve')).json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
    await vote(ben, id, 'approve');
    expect(await read(id)).toMatchObject({ state: 'requested', approvals: 1 });
    await vote(cleo, id, 'approve');
    expect(await read(id)).toMatchObject({ state: 'approved', approvals: 2, reason: '2 of 2 approve, 2 needed' });
  });

  test('B11: after the decision still counts: the record stands as it was', async () => {
    await createBenchmark(platform, 'settled', [ann, ben, cleo]);
    const id = await requested('second', 'settled');
    await vote(ann, id, 'approve', 'fine');
    await vote(ben, id, 'approve');
    await remove(cleo, 'settled', 'ann');
    expect(await read(id)).toMatchObject({
      state: 'approved',
      approvals: 2,
      votes: [{ member: 'ann' }, { member: 'ben' }],
    });
  });

  test('B11: leaves a decision behind where the rest cannot approve any more, which the running review tells once', async () => {
    await createBenchmark(platform, 'narrowing', [ann, ben, cleo]);
    const id = await requested('third', 'narrowing');
    await vote(ben, id, 'reject', 'too few cases');
    await remove(ann, 'narrowing', 'cleo');
    expect(await read(id)).toMatchObject({ state: 'rejected', reason: '0 of 2 approve, 2 needed' });
    expect(await platform.temporal.client.workflow.getHandle(`review/${id}`).result()).toMatchObject({
      state: 'rejected',
    });
    const mails = await platform.mailsTo('alice@example.org');
    expect(mails.filter((mail) => mail.includes('alice/third is rejected'))).toHaveLength(1);
  });

  test('B11: at the moment of the last vote leaves one outcome: the vote counted, or the member was gone', async () => {
    await createBenchmark(platform, 'racing', [ann, ben, cleo]);
    for (const round of [1, 2, 3]) {
      const id = await requested(`raced-${round}`, 'racing');
      await vote(ann, id, 'approve');
      const [cast, gone] = await Promise.all([vote(cleo, id, 'approve'), remove(ann, 'racing', 'cleo')]);
      expect(gone.statusCode).toBe(200);
      const { state } = await read(id);
      expect(state).toBe(cast.statusCode === 201 ? 'approved' : 'requested');
      expect((await add(ann, 'racing', 'cleo')).statusCode).toBe(200);
      if (state === 'requested') await vote(ben, id, 'approve');
    }
  });

  test('is never one without whom the quorum is out of reach, of two at the same moment neither', async () => {
    await createBenchmark(platform, 'tight', [ann, ben, cleo]);
    const answers = await Promise.all([remove(ann, 'tight', 'ben'), remove(ann, 'tight', 'cleo')]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
    const refused = answers.find(({ statusCode }) => statusCode === 409);
    expect(refused?.json()).toMatchObject({
      code: 'E_CONFLICT',
      detail: 'tight needs 2 approvals, and so many members.',
    });
    expect((await remove(ann, 'tight', 'dave')).json()).toMatchObject({ code: 'E_NOT_FOUND' });
  });
});

describe('a member who is added', () => {
  test('votes on what is undecided, and counts again with an earlier vote after coming back', async () => {
    await createBenchmark(platform, 'growing', [ann, ben]);
    const id = await requested('fourth', 'growing');
    await vote(ann, id, 'approve');
    expect((await add(ann, 'growing', 'dave')).json()).toMatchObject({ members: ['ann', 'ben', 'dave'] });
    expect((await add(ann, 'growing', 'dave')).json()).toMatchObject({ members: ['ann', 'ben', 'dave'] });
    expect(await read(id)).toMatchObject({ waitingFor: ['ben', 'dave'] });
    await untilReviewWaitsFor(id, ['ben', 'dave']);
    await remove(ben, 'growing', 'ann');
    expect(await read(id)).toMatchObject({ approvals: 0 });
    await add(ben, 'growing', 'ann');
    expect(await read(id)).toMatchObject({ approvals: 1, state: 'requested' });
    expect((await vote(dave, id, 'approve')).json()).toMatchObject({ state: 'approved' });
  });

  test('has an account, and is added by members alone', async () => {
    expect((await add(ann, 'growing', 'nobody')).json()).toMatchObject({ code: 'E_NOT_FOUND' });
    expect((await add(alice, 'growing', 'alice')).json()).toMatchObject({ code: 'E_NOT_A_MEMBER', status: 403 });
    expect((await remove(alice, 'growing', 'ann')).json()).toMatchObject({ code: 'E_NOT_A_MEMBER', status: 403 });
  });

  test('is written to the log with who did it, and everyone concerned hears of it once', async () => {
    const changes = (await auditOf('growing')).filter(({ action }) => action.startsWith('benchmark.member'));
    expect(changes).toMatchObject([
      {
        action: 'benchmark.member-added',
        account: 'ann',
        before: { members: ['ann', 'ben'] },
        after: { member: 'dave' },
      },
      { action: 'benchmark.member-removed', account: 'ben', after: { member: 'ann', members: ['ben', 'dave'] } },
      { action: 'benchmark.member-added', account: 'ben', after: { member: 'ann', members: ['ben', 'dave', 'ann'] } },
    ]);
    for (const someone of [ann, ben, dave]) {
      expect(await eventsOf(someone, 'committee.left')).toContainEqual(
        expect.objectContaining({ benchmark: 'growing', account: 'ann' }),
      );
    }
  });
});

describe('an invitation', () => {
  const invite = (who: Person, container: string, owner = 'alice') =>
    who.ask('POST', '/v1/benchmarks/inviting/invitations', { owner, container, reason: 'to compare with ours' });

  test('is seen by owner and committee, says nothing of whether there is such a container, and is there once', async () => {
    await createBenchmark(platform, 'inviting', [ann, ben]);
    expect((await invite(alice, 'wanted')).json()).toMatchObject({ code: 'E_NOT_A_MEMBER' });
    const first = await invite(ann, 'wanted');
    expect(first.json()).toMatchObject({
      container: { owner: 'alice', name: 'wanted' },
      invitedBy: 'ann',
      reason: 'to compare with ours',
      association: null,
    });
    expect((await invite(ben, 'wanted')).json()).toEqual(first.json());
    expect((await invite(ann, 'wanted', 'nobody')).json()).toMatchObject({ code: 'E_NOT_FOUND' });
    expect((await invite(ann, 'mine', 'ann')).json()).toMatchObject({ code: 'E_CONFLICT' });
    for (const [someone, count] of [
      [alice, 1],
      [ben, 1],
      [dave, 0],
    ] as const) {
      expect((await someone.ask('GET', '/v1/invitations')).json().items).toHaveLength(count);
    }
    expect(await eventsOf(alice, 'container.invited')).toMatchObject([{ container: 'alice/wanted', account: 'ann' }]);
  });

  test('marks the request that follows, which the votes decide all the same', async () => {
    const id = await requested('wanted', 'inviting');
    expect(await read(id)).toMatchObject({ state: 'requested', invitedBy: 'ann', approvedBy: null });
    expect((await alice.ask('GET', '/v1/invitations')).json().items).toMatchObject([{ association: id }]);
    await vote(ann, id, 'approve');
    expect((await vote(ben, id, 'approve')).json()).toMatchObject({ state: 'approved' });
    expect(await read(id)).toMatchObject({ approvedBy: 'committee' });
    const mails = await platform.mailsTo('ben@example.org');
    expect(mails.find((mail) => mail.includes('alice/wanted asks'))).toContain('ann invited it.');
    expect(await read(await requested('unwanted', 'inviting'))).toMatchObject({ invitedBy: null });
  });

  test('can be taken back, by whom it was given', async () => {
    const url = '/v1/benchmarks/inviting/invitations/alice/wanted';
    expect((await alice.ask('DELETE', url)).json()).toMatchObject({ code: 'E_NOT_A_MEMBER' });
    expect((await ben.ask('DELETE', url)).statusCode).toBe(204);
    expect((await ben.ask('DELETE', url)).json()).toMatchObject({ code: 'E_NOT_FOUND' });
    const actions = (await auditOf('inviting')).map(({ action }) => action);
    expect(actions).toEqual(['benchmark.created', 'benchmark.container-invited', 'benchmark.invitation-withdrawn']);
  });

  test('is not given by a closed benchmark', async () => {
    await ann.ask('POST', '/v1/benchmarks/inviting/closing');
    expect((await invite(ann, 'late')).json()).toMatchObject({ code: 'E_BENCHMARK_CLOSED' });
  });
});
