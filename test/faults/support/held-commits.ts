/** Postgres dies in the commit of the vote that approves: it is on the disk, and nobody was told. */
import { sql } from 'kysely';
import type { AssociationId } from '../../../domain/ids.ts';
import type { Db } from '../../../storage/database.ts';
import type { Caller } from '../../stories/cast.ts';
import { watchApi, type Watched } from './api-watch.ts';
import type { Harness } from './harness.ts';
import { until } from '../../support/patience.ts';
import { patiently } from './patience.ts';
import { containerName } from './study.ts';

export interface LostCommit {
  /** What the member heard who asked until there was an answer, and then once more. */
  readonly heard: readonly [Heard, Heard];
  /** How the association was decided. */
  readonly state: string;
  /** Votes that the audit log tells of. */
  readonly votes: number;
  readonly watched: Watched;
  readonly backAfter: number;
}

/** It happens to the vote on a new model of this name. */
export async function loseCommitOfVote(harness: Harness, model: string): Promise<LostCommit> {
  const { study, db } = harness;
  const name = containerName(model);
  await study.submit(name);
  const { id, decided } = await study.request(name);
  await patiently(() => study.ann.platform.castVote({ path: { id }, body: { ballot: 'approve', reason: '' } }));
  await holdCommitsOfVotes(db);
  const voting = voteUnderOneKey(study.ben, id);
  voting.catch(() => undefined);
  await isCommitting(db);
  await letCommitsGo(db);
  const watch = watchApi(study.dora);
  const backAfter = await harness.untilBack('postgres', await harness.kill('postgres'));
  const watched = await watch.end();
  const heard = [await voting, await voteUnderOneKey(study.ben, id)] as const;
  const { state } = await decided;
  const entries = db.selectFrom('auditEntries').select('id').where('action', '=', 'vote.cast');
  const votes = await entries.where('subject', '=', `association/${id}`).execute();
  return { heard, state, votes: votes.length, watched, backAfter };
}

/** From here on a commit with a vote in it waits, once it is on the disk, for a standby that never comes. */
async function holdCommitsOfVotes(db: Db): Promise<void> {
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
async function letCommitsGo(db: Db): Promise<void> {
  await sql`ALTER SYSTEM RESET synchronous_commit`.execute(db);
  await sql`ALTER SYSTEM RESET synchronous_standby_names`.execute(db);
}

const isCommitting = (db: Db): Promise<number> =>
  until('the vote waits in its commit', async () => {
    const { rows } = await sql`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`.execute(db);
    return rows.length > 0;
  });

interface Heard {
  readonly status: number;
  readonly body: unknown;
}

/** The vote of `member`, under one key each time. Answers what was heard, however often it had to be asked. */
async function voteUnderOneKey({ session, platform }: Caller, id: AssociationId): Promise<Heard> {
  const url = `${session.apiUrl}/v1/associations/${id}/votes`;
  const headers = {
    ...platform.headersFor(url),
    'content-type': 'application/json',
    'idempotency-key': 'the-vote',
  };
  const heard: Heard[] = [];
  await until('the member hears of the vote', async () => {
    const body = JSON.stringify({ ballot: 'approve', reason: '' });
    const answer = await fetch(url, { method: 'POST', headers, body });
    heard.push({ status: answer.status, body: await answer.json() });
    return answer.status !== 503 && answer.status !== 409;
  });
  const last = heard.at(-1);
  if (!last) throw new Error('Nothing was heard.');
  return last;
}
