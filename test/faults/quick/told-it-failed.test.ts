/** "Done, but you were told that it failed", at every activity of every worker: one whole story, and nothing is doubled. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { deployFunction } from '../../../client/functions/deployment.ts';
import { TrustStore } from '../../../client/functions/trust.ts';
import { Strongroom } from '../../../client/strongroom.ts';
import { readFunctionFolder } from '../../../crypto/function-folder.ts';
import type { AssociationId } from '../../../domain/ids.ts';
import { HOUSEKEEPING_SCHEDULE } from '../../../workflows/housekeeping/contract.ts';
import {
  accessStatusQuery,
  autoGrantUpdate,
  manageAccessWorkflowId,
} from '../../../workflows/manage-access/contract.ts';
import { answerTo } from '../../stories/commands.ts';
import { Harness } from '../support/harness.ts';
import { until } from '../../support/patience.ts';
import { patiently } from '../support/patience.ts';
import { BENCHMARK, containerName } from '../support/study.ts';

const model = containerName('model');
const PRELOAD = pathToFileURL(path.join(import.meta.dirname, '..', 'support', 'told-it-failed.ts')).href;

let folder: string;
let harness: Harness;
let association: AssociationId;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'told-'));
  process.env.FAULTS_NOTES = path.join(folder, 'notes');
  process.env.STRONGROOM_ALLOW_PRIVATE_WEBHOOKS = 'true';
  process.env.NODE_OPTIONS = `--import=${PRELOAD}`;
  harness = await Harness.open();
});

afterAll(async () => {
  delete process.env.NODE_OPTIONS;
  delete process.env.STRONGROOM_ALLOW_PRIVATE_WEBHOOKS;
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const notes = (kind: 'knows' | 'told'): string[] => {
  const lines = readFileSync(path.join(folder, 'notes'), 'utf8').split('\n');
  const names = lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  return [...new Set(names)].sort();
};

describe('where every activity is done and told to have failed', () => {
  test('a submission is registered, tried, requested and approved', async () => {
    await harness.study.submit(model);
    association = await harness.study.associate(model);
  });

  test('access is granted once, and the owner hears that it was', async () => {
    const outcome = await harness.study.grant(model, association);
    expect(outcome).toMatchObject({ granted: [{ email: 'dora@example.org' }], skipped: [] });
  });

  test('the model runs and one result arrives', async () => {
    await harness.study.run(model);
    const { items } = await harness.study.ann.platform.listResults({ path: { name: BENCHMARK } });
    expect(items).toHaveLength(1);
  });

  test('access is revoked, and the owner hears that it was', async () => {
    expect(await harness.study.revoke(model, association)).toEqual({ revoked: 1 });
  });

  test('who was revoked and is granted again by hand is granted to by auto-grant, too', async () => {
    const { study } = harness;
    await study.grant(model, association);
    const access = manageAccessWorkflowId(study.olga.handle, model, BENCHMARK);
    await study.update(access, (handle, updateId) =>
      handle.executeUpdate(autoGrantUpdate, { args: [{ everySeconds: 600, only: null }], updateId }),
    );
    const handle = harness.cast.temporal.client.workflow.getHandle(access);
    await until('a round of auto-grant', async () => (await handle.query(accessStatusQuery)).lastRound !== null);
    expect(await handle.query(accessStatusQuery)).toMatchObject({ lastRound: { failure: null } });
  });

  test('the key is rotated once, and the owner hears for how many', async () => {
    const before = await harness.study.olga.platform.listContainers();
    expect(await harness.study.rotateKey(model)).toMatchObject({ rewrapped: 1, ended: [] });
    const rotations = harness.db.selectFrom('auditEntries').select('id').where('action', '=', 'container.rotated');
    expect(await rotations.execute()).toHaveLength(1);
    const after = await harness.study.olga.platform.listContainers();
    expect(after.items[0]).toEqual({ ...before.items[0], archive: after.items[0]?.archive });
    expect(after.items[0]?.archive.sha256).not.toBe(before.items[0]?.archive.sha256);
  });

  test('all keys are deleted, and the owner hears how many', async () => {
    expect(await harness.study.deleteKeys(model, association)).toEqual({ deleted: 1 });
  });

  test('the committee is reminded, and a request is withdrawn', async () => {
    const { study } = harness;
    const withdrawn = containerName('withdrawn');
    await study.submit(withdrawn);
    // Nobody may ask for reminders every few seconds; the test cannot wait for an hour.
    await harness.db.updateTable('benchmarks').set({ reminderHours: 0.002 }).execute();
    const { id, decided } = await study.request(withdrawn);
    await until('the committee is reminded', async () => notes('told').includes('remindMembers'));
    await patiently(() => study.olga.platform.withdrawAssociation({ path: { id }, body: { reason: 'Another one.' } }));
    expect(await decided).toMatchObject({ state: 'closed' });
  });

  test('a member of the committee hears of a change by webhook and by mail, by the same number each time', async () => {
    const { ann, ben, dora } = harness.study;
    const numbers: unknown[] = [];
    const receiver = createServer((request, response) => {
      numbers.push(request.headers['webhook-id']);
      response.writeHead(204).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/`;
    await ann.platform.createWebhook({ body: { url, events: ['committee.joined'] } });
    await ben.platform.addMember({ path: { name: BENCHMARK }, body: { member: dora.handle } });
    await until('webhook and mail went out', async () =>
      ['attemptWebhook', 'mailEvent'].every((name) => notes('told').includes(name)),
    );
    expect(new Set(numbers).size).toBe(1);
    receiver.close();
  });

  test('a function is deployed and answers a folder, the audit log is signed, the house kept', async () => {
    const { home, session, platform, handle: owner } = harness.study.olga;
    const { apiUrl, token } = session;
    const trust = await new Strongroom({ apiUrl, token, trust: { file: home.enclaveTrustFile(session) } }).trust();
    const bundle = await readFunctionFolder(path.join(import.meta.dirname, '..', 'support', 'model'));
    const [store, workFolder] = [new TrustStore(null), await home.workFolder('deploy')];
    const deployment = { platform, owner, bundle, trust, store, public: false, workFolder };
    expect(await deployFunction(deployment)).toMatchObject({ deployed: { state: 'ready' } });
    await home.removeWork('deploy');
    const texts = path.join(harness.cast.folder, 'texts', 'data');
    const answers = path.join(harness.cast.folder, 'answers.jsonl');
    await answerTo({ home }, ['job', 'run', 'length-model', texts, '--out', answers]);
    expect((await readFile(answers, 'utf8')).trim().split('\n')).toHaveLength(2);
    await platform.readAuditHead();
    await harness.cast.temporal.client.schedule.getHandle(HOUSEKEEPING_SCHEDULE).trigger();
    await until('the house is kept', async () => notes('told').includes('removeUnusedBlobs'));
  });

  test('nothing was lost, doubled or left behind, and no activity was spared', async () => {
    expect(notes('knows').filter((name) => !notes('told').includes(name))).toEqual([]);
    expect(await harness.verdict()).toEqual([]);
  });
});
