/** Each of the witness's checkers finds its rule broken, where it was broken on purpose, and nothing where it was not. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import Docker from 'dockerode';
import { sql } from 'kysely';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runLabels } from '../../../containers/own-names.ts';
import { StrongroomError } from '../../../domain/errors.ts';
import { parseContainerName, parseEmailAddress, parseHandle, type AssociationId } from '../../../domain/ids.ts';
import { workflowBundle } from '../../../workers/workflow-bundle.ts';
import { PLATFORM_TASK_QUEUE } from '../../../workflows/task-queues.ts';
import { approved, createBenchmark, digestOf, IMAGE_DIGEST } from '../../api/support/benchmark.ts';
import { certificateFor, person, type Person } from '../../api/support/people.ts';
import { startPlatform, type TestPlatform } from '../../api/support/platform.ts';
import { startTemporal } from '../../api/support/temporal.ts';
import { giveProbe } from '../../containers/support/probe-image.ts';
import { until } from '../../support/patience.ts';
import { missingOf } from './acknowledged.ts';
import { brokenAuditLog } from './audit-log.ts';
import { watchImagesRun } from './images-run.ts';
import { belongings, leftovers } from './leftovers.ts';
import { doubledGrants } from './one-grant-each.ts';
import { approvedWithoutQuorum } from './quorum.ts';
import { contentUnlikeRegistered } from './registered-content.ts';
import { readableAfterRevocation } from './revoked-keys.ts';
import { inspectionsOf, secretsOutside } from './secrets.ts';
import { brokenProcesses, logsBelow, stuckWorkflows } from './work-goes-on.ts';

const docker = new Docker();
const BOB = parseEmailAddress('bob@example.org');

let platform: TestPlatform;
let association: AssociationId;
let alice: Person;
let bob: Person;
let folder: string;

beforeAll(async () => {
  platform = await startPlatform();
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  [alice, bob] = [await person(platform, 'alice'), await person(platform, 'bob')];
  await createBenchmark(platform, 'digits', committee);
  association = await approved(platform, alice, 'container', 'model', 'digits');
  const wards = await approved(platform, bob, 'dataset', 'wards', 'digits');
  for (const id of [association, wards]) await vote(id, ['ann', 'ben']);
  await certificateFor(platform, alice);
  const { fingerprint } = await certificateFor(platform, bob);
  const grants = [{ fingerprint, message: 'wrapped', origin: 'manual', expiresAt: null }];
  await alice.ask('POST', `/v1/associations/${association}/grants`, { archive: digestOf('model'), grants });
});
afterAll(() => platform.stop());

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'witness-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function vote(id: AssociationId, members: readonly string[]): Promise<void> {
  for (const member of members) {
    await sql`INSERT INTO votes (association_id, benchmark, submission, member_id, ballot, reason, counted)
      SELECT ${id}, 'digits', 1, id, 'approve', '', true FROM accounts WHERE handle = ${member}`.execute(platform.db);
  }
}

/** What `look` finds after `statements`, which are undone again; constraints that forbid them are dropped by them. */
async function foundAfter(
  statements: readonly string[],
  look: (db: TestPlatform['db']) => Promise<string[]>,
): Promise<string[]> {
  let found: string[] = [];
  const undo = new Error('undo');
  await platform.db
    .transaction()
    .execute(async (trx) => {
      for (const statement of statements) await sql.raw(statement).execute(trx);
      found = await look(trx);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return found;
}

const fetchAs = (someone: Person) => ({
  name: someone.account.handle,
  async fetchKey() {
    const answer = await someone.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits');
    if (answer.statusCode !== 200) throw new StrongroomError(answer.json().code, answer.json().detail);
  },
});

describe('the witness finds', () => {
  test('an acknowledged change that is not there (I1)', async () => {
    const acknowledged = [
      { is: 'registered', owner: parseHandle('alice'), container: parseContainerName('model') },
      { is: 'requested', association },
      { is: 'voted', association, member: parseHandle('ann'), ballot: 'approve' },
      { is: 'decided', association, state: 'approved' },
      { is: 'granted', association, email: BOB },
    ] as const;
    const look = (db: TestPlatform['db']) => missingOf(db, acknowledged);
    expect(await foundAfter([], look)).toEqual([]);
    const lost = await foundAfter(['DELETE FROM grants', `DELETE FROM votes`], look);
    expect(lost.map((line) => /"is":"(\w+)"/.exec(line)?.[1])).toEqual(['voted', 'granted']);
  });

  test('two valid grants to one certificate, and one that the audit log does not know (I2)', async () => {
    expect(await foundAfter([], doubledGrants)).toEqual([]);
    const found = await foundAfter(
      [
        'DROP INDEX one_valid_grant_per_certificate',
        `INSERT INTO grants (association_id, fingerprint, signer, message, origin)
          SELECT association_id, fingerprint, signer, message, origin FROM grants`,
      ],
      doubledGrants,
    );
    expect(found).toEqual([
      expect.stringContaining('2 valid grants'),
      expect.stringMatching(/2 grants, of which 0 revoked; the audit log tells of 1 and 0/),
    ]);
  });

  test('a wrapped key that is kept, valid or handed out after its revocation (I3)', async () => {
    const revoked = [{ is: 'revoked', association, email: BOB }] as const;
    expect(await readableAfterRevocation(platform.db, [], [])).toEqual([]);
    const found = await readableAfterRevocation(platform.db, revoked, [fetchAs(bob)]);
    expect(found).toEqual([
      expect.stringContaining('1 grants are valid after'),
      'bob lost access and was handed the key',
    ]);
    const kept = await foundAfter(
      [
        'ALTER TABLE grants DROP CONSTRAINT grants_check',
        `UPDATE grants SET state = 'revoked', revoked_at = now(), reason = ''`,
      ],
      (db) => readableAfterRevocation(db, revoked, []),
    );
    expect(kept).toEqual([expect.stringContaining('is still kept')]);
    await expect(
      readableAfterRevocation(platform.db, [], [fetchAs(await person(platform, 'stranger'))]),
    ).resolves.toEqual([]);
  });

  test('an approval without a quorum (I4)', async () => {
    expect(await foundAfter([], approvedWithoutQuorum)).toEqual([]);
    const found = await foundAfter(
      [`DELETE FROM votes WHERE member_id = (SELECT id FROM accounts WHERE handle = 'ben')`],
      approvedWithoutQuorum,
    );
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('was approved by 1, and 2 were needed');
  });

  test('a secret in a place of the scene, and in what Docker tells of a container (I5)', async () => {
    const key = digestOf('a model key');
    const canaries = [{ name: 'the key', bytes: Buffer.from(key), homes: ['its home'] }];
    expect(await secretsOutside(canaries, [['its home', Buffer.from(key)]])).toEqual([]);
    expect(await secretsOutside(canaries, [['a log', Buffer.from(`key=${key}`)]])).toEqual([
      'the key lies in a log (raw)',
    ]);
    const image = await giveProbe(docker, 'witness-secret');
    const container = await docker.createContainer({
      Image: image.engineId,
      Labels: runLabels('witness'),
      Env: [`KEY=${key}`],
    });
    try {
      expect(await secretsOutside(canaries, inspectionsOf(docker))).toHaveLength(1);
    } finally {
      await container.remove({ force: true });
      await docker.getImage(image.imageName).remove({ force: true });
    }
  });

  test('a blob that is not what its name says or is missing, and an image that ran unregistered (I6)', async () => {
    await mkdir(path.join(folder, 'ab'));
    for (const text of ['test dataset', 'metrics']) await writeFile(path.join(folder, 'ab', digestOf(text)), text);
    expect(await contentUnlikeRegistered(platform.db, folder, new Set([IMAGE_DIGEST]))).toEqual([]);
    await appendFile(path.join(folder, 'ab', digestOf('metrics')), '!');
    await rm(path.join(folder, 'ab', digestOf('test dataset')));
    const found = await contentUnlikeRegistered(platform.db, folder, new Set([`sha256:${'b'.repeat(64)}`]));
    expect(found).toEqual([
      expect.stringContaining(`the blob ${digestOf('metrics')} holds`),
      `the blob ${digestOf('test dataset')} is recorded and not there`,
      expect.stringContaining('ran and is not registered'),
    ]);
  });

  test('the image of every container of ours that is started (I6)', async () => {
    const image = await giveProbe(docker, 'witness-run');
    using watch = await watchImagesRun(docker);
    const container = await docker.createContainer({
      Image: image.engineId,
      Cmd: ['nothing'],
      HostConfig: { NetworkMode: 'none' },
      Labels: runLabels('witness'),
    });
    await container.start();
    await container.wait();
    await container.remove({ force: true });
    await until('the start was seen', () => watch.seen.size > 0);
    expect([...watch.seen]).toEqual([image.engineId]);
    await docker.getImage(image.imageName).remove({ force: true });
  });

  test('work in hand, a container, a temporary folder and an orphaned process that were left behind (I7)', async () => {
    const shell = spawn('sh', ['-c', 'sleep 1000 & echo $!'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const [output] = (await once(shell.stdout, 'data')) as [Buffer];
    const sleeper = Number(output.toString());
    if (shell.exitCode === null) await once(shell, 'exit');
    const grounds = { docker, homes: [folder], leaders: [] };
    const before = await belongings(grounds);
    expect(await leftovers(grounds, before)).toEqual([]);
    await mkdir(path.join(folder, 'work', 'x'), { recursive: true });
    const temporary = await mkdtemp(path.join(tmpdir(), 'strongroom-witness-'));
    const image = await giveProbe(docker, 'witness-left');
    const container = await docker.createContainer({ Image: image.engineId, Labels: runLabels('witness') });
    try {
      const found = await leftovers({ ...grounds, leaders: [shell.pid ?? 0] }, before);
      expect(found.map((line) => line.split(' ')[0]).sort()).toEqual(
        [path.join(folder, 'work/x'), temporary, 'container', 'process'].sort(),
      );
    } finally {
      process.kill(sleeper);
      await rm(temporary, { recursive: true });
      await container.remove({ force: true });
      await docker.getImage(image.imageName).remove({ force: true });
    }
  });

  test('a process that said that it broke (I7)', async () => {
    await mkdir(path.join(folder, 'logs'));
    await writeFile(path.join(folder, 'logs', 'temporal.log'), 'all is well\n');
    expect(await brokenProcesses(await logsBelow(folder))).toEqual([]);
    await appendFile(path.join(folder, 'logs', 'temporal.log'), 'panic: runtime error\n');
    expect(await brokenProcesses(await logsBelow(folder))).toEqual([expect.stringContaining('panic: runtime error')]);
  });

  test('an audit log with an entry that was changed, removed or never sealed (I8)', async () => {
    expect(await foundAfter([], brokenAuditLog)).toEqual([]);
    const unlock = 'ALTER TABLE audit_entries DISABLE TRIGGER USER';
    const changed = `UPDATE audit_entries SET content = replace(content, 'approved', 'rejected') WHERE content LIKE '%approved%'`;
    expect(await foundAfter([unlock, changed], brokenAuditLog)).toEqual([
      expect.stringContaining('is not what was written'),
    ]);
    const removed = 'DELETE FROM audit_entries WHERE sequence = 2';
    expect(await foundAfter([unlock, removed], brokenAuditLog)).toEqual([
      expect.stringContaining('entries are missing or reordered'),
    ]);
    const added = `INSERT INTO audit_entries (content) VALUES ('{}')`;
    expect(await foundAfter([unlock, added], brokenAuditLog)).toEqual([expect.stringContaining('was never sealed')]);
  });
});

describe('the witness finds in Temporal', () => {
  let temporal: TestWorkflowEnvironment;
  beforeAll(async () => {
    // The worker would tell at length of each failure that is made here on purpose.
    Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
    temporal = await startTemporal();
  });
  afterAll(() => temporal.teardown());

  test('a workflow that fails again and again (I7)', async () => {
    expect(await stuckWorkflows(temporal.client)).toEqual([]);
    const worker = await Worker.create({
      connection: temporal.nativeConnection,
      taskQueue: PLATFORM_TASK_QUEUE,
      workflowBundle: await workflowBundle('platform'),
    });
    const running = worker.run();
    const start = { taskQueue: PLATFORM_TASK_QUEUE, workflowId: 'stuck', workflowTaskTimeout: '1s' };
    const stuck = await temporal.client.workflow.start('noSuchStory', start);
    await until('a workflow is stuck', async () => (await stuckWorkflows(temporal.client)).length > 0);
    expect(await stuckWorkflows(temporal.client)).toEqual([expect.stringMatching(/^stuck fails for the \d+th time$/)]);
    await stuck.terminate();
    worker.shutdown();
    await running;
  });
});
