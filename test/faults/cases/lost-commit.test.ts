/** Postgres dies in the commit of the vote that approves, with Temporal in it, too (A7); `quick` has the other server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Harness, temporalOn } from '../support/harness.ts';
import { loseCommitOfVote } from '../support/held-commits.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.open({ settings: temporalOn('postgres') });
});
afterAll(() => harness.close());

test('whoever repeats the vote with its key hears that it was cast, and it was cast once', async () => {
  const { heard, state, votes, watched, backAfter } = await loseCommitOfVote(harness, 'model');
  await harness.note('postgres killed in the commit of the deciding vote, postgres server', watched, backAfter);
  expect(heard[0].status).toBe(201);
  expect(heard[1]).toEqual(heard[0]);
  expect({ state, votes }).toEqual({ state: 'approved', votes: 2 });
  expect(watched.improper).toEqual([]);
  expect(await harness.verdict()).toEqual([]);
});
