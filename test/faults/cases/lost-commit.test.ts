/** Postgres dies in the commit of the vote that approves: it is on the disk, and nobody was told (A7). */
import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { AssociationId } from '../../../domain/ids.ts';
import { watchApi } from '../support/api-watch.ts';
import { Harness, temporalOn, type TemporalServer } from '../support/harness.ts';
import { until } from '../../support/patience.ts';
import { patiently } from '../support/patience.ts';
import { containerName } from '../support/study.ts';

let harness: Harness;

afterEach(() => harness.close(), 60_000);

/** From here on a commit with a vote in it waits, once it is on the disk, for a standby that never comes. */
async function holdCommitsOfVotes(): Promise<void> {
  const { db } = harness;
  await sql`CREATE FUNCTION await_standby() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM set_config('synchronous_commit', 'on', true); RETURN NEW; END $$`.execute(db);
  await sql`CREATE TRIGGER await_standby BEFORE INSERT ON votes FOR EACH ROW EXECUTE FUNCTION await_standby()`.execute(
    db,
  );
  await sql`ALTER SYSTEM SET synchronous_commit = 'local'`.execute(db);
  await sql`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`.execute(db);
  await sql`SELECT pg_reload_conf()`.execute(db);
}

/** Once it is started again; what waits just now goes on waiting. */
async function letCommitsGo(): Promise<void> {
  await sql`ALTER SYSTEM RESET synchronous_commit`.execute(harness.db);
  await sql`ALTER SYSTEM RESET synchronous_standby_names`.execute(harness.db);
}

const isCommitting = () =>
  until('the vote waits in its commit', async () => {
    const { rows } = await sql`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`.execute(harness.db);
    return rows.length > 0;
  });

/** The vote of ben, under one key each time. Answers what he heard, however often he had to ask. */
async function vote(id: AssociationId): Promise<{ readonly status: number; readonly body: unknown }> {
  const url = `${harness.cast.stack.addresses.api}/v1/associations/${id}/votes`;
  const headers = {
    ...harness.study.ben.platform.headersFor(url),
    'content-type': 'application/json',
    'idempotency-key': 'the-vote-of-ben',
  };
  const heard: { readonly status: number; readonly body: unknown }[] = [];
  await until('ben hears that he voted', async () => {
    const body = JSON.stringify({ ballot: 'approve', reason: '' });
    const answer = await fetch(url, { method: 'POST', headers, body });
    heard.push({ status: answer.status, body: await answer.json() });
    return answer.status !== 503 && answer.status !== 409;
  });
  const last = heard.at(-1);
  if (!last) throw new Error('Ben heard nothing.');
  return last;
}

test.each<TemporalServer>(['development', 'postgres'])(
  'with Temporal on its %s server, whoever repeats the vote with its key hears that it was cast, and it was cast once',
  async (server) => {
    harness = await Harness.open({ settings: temporalOn(server) });
    const { study, db } = harness;
    const name = containerName('model');
    await study.submit(name);
    const { id, decided } = await study.request(name);
    await patiently(() => study.ann.platform.castVote({ path: { id }, body: { ballot: 'approve', reason: '' } }));
    await holdCommitsOfVotes();
    const voting = vote(id);
    voting.catch(() => undefined);
    await isCommitting();
    await letCommitsGo();
    const watch = watchApi(study.dora);
    const back = await harness.untilBack('postgres', await harness.kill('postgres'));
    const watched = await watch.end();
    const heard = await voting;
    expect(heard.status).toBe(201);
    expect(await vote(id)).toEqual(heard);
    expect(await decided).toMatchObject({ state: 'approved' });
    const votes = db.selectFrom('auditEntries').select('id').where('action', '=', 'vote.cast');
    expect(await votes.where('subject', '=', `association/${id}`).execute()).toHaveLength(2);
    await harness.note(`postgres killed in the commit of the deciding vote, ${server} server`, watched, back);
    expect(watched.improper).toEqual([]);
    expect(back).toBeLessThan(60);
    expect(await harness.verdict()).toEqual([]);
  },
  400_000,
);
