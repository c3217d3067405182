import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createWriteStream } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { WorkflowFailedError, WorkflowIdReusePolicy } from '@temporalio/client';
import { createRunActivities } from '../../activities/runs.ts';
import { packDataset } from '../../containers/dataset-archive.ts';
import { parseContainerConfig } from '../../domain/container-config-parser.ts';
import {
  type AssociationId,
  parseBenchmarkName,
  parseContainerName,
  parseDatasetName,
  parseEmailAddress,
} from '../../domain/ids.ts';
import { buildExampleImage } from '../../examples/build-image.ts';
import {
  ASSOCIATE_CONTAINER,
  associateContainerWorkflowId,
  consentUpdate,
  testResultQuery,
} from '../../workflows/associate-container/contract.ts';
import {
  autoGrantUpdate,
  deleteKeysUpdate,
  grantUpdate,
  manageAccessWorkflowId,
  revokeUpdate,
} from '../../workflows/manage-access/contract.ts';
import { PUBLISH_BENCHMARK, publishBenchmarkWorkflowId } from '../../workflows/publish-benchmark/contract.ts';
import { REGISTER_CONTAINER, registerContainerWorkflowId } from '../../workflows/register-container/contract.ts';
import { REGISTER_DATASET, registerDatasetWorkflowId } from '../../workflows/register-dataset/contract.ts';
import {
  RUN_MODEL,
  runModelWorkflowId,
  runOutcomeQuery,
  submitConsentUpdate,
} from '../../workflows/run-model/contract.ts';
import { readPartyConfiguration } from '../../stack/configuration.ts';
import { toPartySettings } from '../../workers/party-settings.ts';
import { ROTATE_KEY, rotateKeyWorkflowId, type RotateKeyResult } from '../../workflows/rotate-key/contract.ts';
import { dataOwnerTaskQueue, ownerTaskQueue } from '../../workflows/task-queues.ts';
import { Cast, type Person } from './cast.ts';
import { damageBlob } from './damage-blob.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..', '..', 'examples');
const model = parseContainerName('digits-model');
const benchmark = parseBenchmarkName('digits');
const pictures = parseDatasetName('pictures');

let cast: Cast;
let alice: Person, ann: Person, ben: Person, cleo: Person, dora: Person, emil: Person;

beforeAll(async () => {
  cast = await Cast.assemble();
  [alice, ann, ben, cleo, dora, emil] = (await inTurn(
    ['alice', 'ann', 'ben', 'cleo', 'dora', 'emil'].map((name) => () => cast.join(name)),
  )) as [Person, Person, Person, Person, Person, Person];
  for (const name of ['digits-model', 'digits-metrics'] as const) await buildExampleImage(name, () => undefined);
});

afterAll(() => cast.dismiss());

async function inTurn<T>(works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const work of works) results.push(await work());
  return results;
}

const workflows = () => cast.temporal.client.workflow;

/** The code of the error that a promise fails with, wherever Temporal put it. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    for (
      let cause = error as { cause?: unknown; type?: string; code?: string } | undefined;
      cause;
      cause = cause.cause as never
    ) {
      const code = cause.type ?? cause.code;
      if (typeof code === 'string' && code.startsWith('E_')) return code;
    }
    throw error;
  }
}

async function configOf(example: string) {
  const folder = path.join(EXAMPLES, example);
  const text = await readFile(path.join(folder, 'container_config.yaml'), 'utf8');
  return { folder, text, config: parseContainerConfig(text, 'container_config.yaml') };
}

async function approveBy(voters: readonly Person[], id: AssociationId): Promise<void> {
  for (const voter of voters) await voter.platform.castVote({ path: { id }, body: { ballot: 'approve', reason: '' } });
}

/** The person's own pictures, in a folder that the test may change. */
const picturesOf = (person: Person) => path.join(cast.folder, `${person.handle}-pictures`);

async function registerPictures(person: Person, folder: string): Promise<void> {
  await cp(path.join(EXAMPLES, 'digits-data', folder), picturesOf(person), { recursive: true });
  const taskQueue = dataOwnerTaskQueue(person.handle);
  await workflows().execute(REGISTER_DATASET, {
    taskQueue,
    workflowId: registerDatasetWorkflowId(person.handle, pictures),
    args: [{ account: person.handle, name: pictures, folder: picturesOf(person), description: '' }],
  });
  const body = { kind: 'dataset' as const, name: pictures, benchmark };
  const { id } = await person.platform.requestAssociation({ body });
  await approveBy([ann, ben], id);
}

const startRun = (person: Person) =>
  workflows().start(RUN_MODEL, {
    taskQueue: dataOwnerTaskQueue(person.handle),
    workflowId: runModelWorkflowId(person.handle, { owner: alice.handle, name: model }, pictures),
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    args: [{ account: person.handle, container: { owner: alice.handle, name: model }, benchmark, dataset: pictures }],
  });

/** Asks until there is an answer; a workflow that ended instead says why. */
async function eventually<T>(ask: () => Promise<T | null>, orEnd: Promise<unknown>): Promise<T> {
  const ended = orEnd.then(() => undefined);
  for (;;) {
    const answer = await Promise.race([ask(), ended]);
    if (answer !== null && answer !== undefined) return answer;
    await Promise.race([pause(200), ended]);
  }
}

async function runAndSend(person: Person): Promise<unknown> {
  const run = await startRun(person);
  const outcome = await eventually(() => run.query(runOutcomeQuery), run.result());
  expect(outcome.metrics).toMatchObject({ accuracy: expect.any(Number) });
  await eventually(
    () => run.executeUpdate(submitConsentUpdate, { args: [{ send: true }] }).catch(() => null),
    run.result(),
  );
  return run.result();
}

/** A step of an agent's work, done here so that the test decides when the next one comes. */
const inActivity = <Result>(step: () => Promise<Result>): Promise<Result> => new MockActivityEnvironment().run(step);

const access = () => workflows().getHandle(manageAccessWorkflowId(alice.handle, model, benchmark));

describe('a sealed model goes from a Docker image to a result', () => {
  test('the committee publishes a benchmark with a test dataset and a metrics container', async () => {
    const archive = path.join(cast.folder, 'test-dataset.tar');
    await pipeline(packDataset(path.join(EXAMPLES, 'digits-data', 'benchmark')), createWriteStream(archive));
    const metrics = await configOf('digits-metrics');
    await workflows().execute(PUBLISH_BENCHMARK, {
      taskQueue: ownerTaskQueue(ann.handle),
      workflowId: publishBenchmarkWorkflowId(benchmark),
      args: [
        {
          account: ann.handle,
          name: benchmark,
          description: 'Handwritten digits',
          testDatasetFile: archive,
          metricsConfigText: metrics.text,
          metricsConfigFolder: metrics.folder,
          members: [ann.handle, ben.handle, cleo.handle],
          quorum: 2,
          approvalDays: 30,
          reminderHours: 168,
        },
      ],
    });
    expect(await alice.platform.readBenchmark({ path: { name: benchmark } })).toMatchObject({
      state: 'open',
      quorum: 2,
    });
  });

  test('the owner without a certificate is told to make one, and nothing is left of the attempt', async () => {
    expect(await codeOf(submit())).toBe('E_NO_CERTIFICATE');
    await expect(readFile(alice.home.modelKeyFile(alice.session, model))).rejects.toThrow();
  });

  test('the owner submits the image: exported, encrypted, hosted, tried, registered', async () => {
    await cast.certify(alice);
    const registered = await submit();
    expect(registered).toMatchObject({ owner: 'alice', name: 'digits-model' });
    expect((await readFile(alice.home.modelKeyFile(alice.session, model), 'utf8')).trim()).toMatch(/^[\w-]{43}$/);
  });

  test('the compatibility test scores, the owner consents, and two of three members approve', async () => {
    const handle = await workflows().start(ASSOCIATE_CONTAINER, {
      taskQueue: ownerTaskQueue(alice.handle),
      workflowId: associateContainerWorkflowId(alice.handle, model, benchmark),
      args: [{ account: alice.handle, name: model, benchmark, pollSeconds: 600 }],
    });
    const scores = await eventually(() => handle.query(testResultQuery), handle.result());
    expect(scores.accuracy).toBeGreaterThan(0.9);
    await eventually(
      () => handle.executeUpdate(consentUpdate, { args: [{ send: true }] }).catch(() => null),
      handle.result(),
    );
    const { id } = await eventually(async () => {
      const { items } = await ann.platform.listAssociations({ query: { benchmark } });
      return items[0] ?? null;
    }, handle.result());
    await approveBy([ann, cleo], id);
    expect(await handle.result()).toMatchObject({ state: 'approved' });
  });

  test('data owner one is granted access by address, and only with authorisation and a certificate', async () => {
    const grant = (email: string) =>
      access().executeUpdate(grantUpdate, { args: [{ emails: [parseEmailAddress(email)], expiresAt: null }] });
    expect(await grant('dora@example.org')).toMatchObject({ granted: [], skipped: [{ code: 'E_NOT_AUTHORISED' }] });
    await registerPictures(dora, 'data-owner-one');
    expect(await grant('dora@example.org')).toMatchObject({ granted: [], skipped: [{ code: 'E_NO_CERTIFICATE' }] });
    await cast.certify(dora);
    expect(await grant('DORA@example.org')).toMatchObject({ granted: [{ email: 'dora@example.org' }], skipped: [] });
    expect(await grant('dora@example.org')).toMatchObject({ granted: [], skipped: [{ code: 'E_ALREADY_GRANTED' }] });
  });

  test('auto-grant gives data owner two access as soon as the certificate is there', async () => {
    await registerPictures(emil, 'data-owner-two');
    await access().executeUpdate(autoGrantUpdate, { args: [{ everySeconds: 600, only: null }] });
    await cast.certify(emil);
    const { id } = (await alice.platform.listAssociations({ query: { mine: true, kind: 'container' } })).items[0]!;
    const entry = await eventually(
      async () => {
        const { items } = await alice.platform.listGrants({ path: { id } });
        return items.find((item) => item.email === 'emil@example.org') ?? null;
      },
      new Promise(() => undefined),
    );
    expect(entry).toMatchObject({ origin: 'auto', state: 'valid' });
  });

  test('a dataset that changed since it was registered is not run on', async () => {
    const extra = path.join(picturesOf(dora), 'data', 'extra.png');
    await writeFile(extra, 'not registered');
    expect(await codeOf((await startRun(dora)).result())).toBe('E_DATASET_CHANGED');
    await rm(extra);
  });

  test('an archive that is not the registered one is refused before anything of it runs', async () => {
    const { archive } = (await dora.platform.readContainer({ path: { owner: alice.handle, name: model } })) as {
      archive: { sha256: string };
    };
    const mend = await damageBlob(cast.folder, archive.sha256);
    expect(await codeOf((await startRun(dora)).result())).toBe('E_DIGEST_MISMATCH');
    await mend();
  });

  test('both data owners run the model on their own pictures, and their results arrive', async () => {
    for (const person of [dora, emil]) expect(await runAndSend(person)).toMatchObject({ resultId: expect.any(String) });
    const { items } = await ann.platform.listResults({ path: { name: benchmark } });
    expect(items.map((result) => result.dataset.owner).sort()).toEqual(['dora', 'emil']);
  });

  test('the owner rotates the key: everyone gets the new one, what was approved stays, and a run in its middle goes on', async () => {
    const container = { owner: alice.handle, name: model };
    const before = await alice.platform.readContainer({ path: container });
    const run = { account: dora.handle, container, benchmark, dataset: pictures };
    const settings = toPartySettings(readPartyConfiguration({ STRONGROOM_HOME: dora.home.folder }));
    const half = createRunActivities({ home: dora.home, settings });
    const { archive } = await inActivity(() => half.checkRun(run));
    await inActivity(() => half.fetchArchive({ run, archive }));

    const rotated = (await workflows().execute(ROTATE_KEY, {
      taskQueue: ownerTaskQueue(alice.handle),
      workflowId: rotateKeyWorkflowId(alice.handle, model),
      args: [{ account: alice.handle, name: model }],
    })) as RotateKeyResult;
    expect(rotated).toMatchObject({ from: before.archive.sha256, rewrapped: 2, ended: [] });
    const after = await dora.platform.readContainer({ path: container });
    expect(after).toEqual({ ...before, archive: after.archive });
    expect(after.archive.sha256).not.toBe(before.archive.sha256);
    expect((await alice.platform.listAssociations({ query: { mine: true } })).items).toMatchObject([
      { state: 'approved' },
    ]);

    expect(await inActivity(() => half.runGrantedModel(run))).toMatchObject({ seconds: expect.any(Number) });
    await inActivity(() => half.removeTraces(run));
    expect(await runAndSend(emil)).toMatchObject({ resultId: expect.any(String) });
  });

  test('whoever is revoked cannot run any more, and auto-grant does not give access back', async () => {
    const request = { email: parseEmailAddress('dora@example.org'), reason: 'The study is over.' };
    expect(await access().executeUpdate(revokeUpdate, { args: [request] })).toEqual({ revoked: 1 });
    const run = await startRun(dora);
    await expect(run.result()).rejects.toThrow(WorkflowFailedError);
    expect(await codeOf(run.result())).toBe('E_ACCESS_REVOKED');
  });

  test('after the deletion of all keys nobody can run, and the association is closed', async () => {
    expect(await access().executeUpdate(deleteKeysUpdate)).toEqual({ deleted: 1 });
    const run = await startRun(emil);
    expect(await codeOf(run.result())).toBe('E_ACCESS_CLOSED');
    const { items } = await alice.platform.listAssociations({ query: { mine: true, kind: 'container' } });
    expect(items[0]).toMatchObject({ state: 'closed' });
  });
});

async function submit(): Promise<unknown> {
  const { text, config, folder } = await configOf('digits-model');
  return workflows().execute(REGISTER_CONTAINER, {
    taskQueue: ownerTaskQueue(alice.handle),
    workflowId: registerContainerWorkflowId(alice.handle, model),
    args: [{ account: alice.handle, name: model, config, configText: text, configFolder: folder, keyFile: null }],
  });
}
