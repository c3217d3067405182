/**
 * A benchmark with its people, and whole submissions to it: from a model to the deletion of all its keys. What was
 * acknowledged is noted for the witness.
 */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy, type WorkflowHandle } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createPlatformClient } from '../../../client/platform.ts';
import { packDataset } from '../../../containers/dataset-archive.ts';
import { parseContainerConfig } from '../../../domain/container-config-parser.ts';
import {
  parseBenchmarkName,
  parseContainerName,
  parseDatasetName,
  type AssociationId,
  type ContainerName,
} from '../../../domain/ids.ts';
import {
  ASSOCIATE_CONTAINER,
  associateContainerWorkflowId,
  consentUpdate,
  type AssociateContainerResult,
} from '../../../workflows/associate-container/contract.ts';
import {
  deleteKeysUpdate,
  grantUpdate,
  manageAccessWorkflowId,
  revokeUpdate,
} from '../../../workflows/manage-access/contract.ts';
import { PUBLISH_BENCHMARK, publishBenchmarkWorkflowId } from '../../../workflows/publish-benchmark/contract.ts';
import { REGISTER_CONTAINER, registerContainerWorkflowId } from '../../../workflows/register-container/contract.ts';
import { REGISTER_DATASET, registerDatasetWorkflowId } from '../../../workflows/register-dataset/contract.ts';
import { ROTATE_KEY, rotateKeyWorkflowId } from '../../../workflows/rotate-key/contract.ts';
import { RUN_MODEL, runModelWorkflowId, submitConsentUpdate } from '../../../workflows/run-model/contract.ts';
import { dataOwnerTaskQueue, ownerTaskQueue } from '../../../workflows/task-queues.ts';
import type { Caller, Cast, Person, Settings } from '../../stories/cast.ts';
import type { Acknowledged } from '../witness/acknowledged.ts';
import type { FormerReader } from '../witness/revoked-keys.ts';
import { patiently } from './patience.ts';

const HERE = import.meta.dirname;
export const BENCHMARK = parseBenchmarkName('lengths');
export const DATASET = parseDatasetName('texts');
const QUORUM = 2;

/** How the parties reach the platform, where that is not the ordinary way. */
export interface Surroundings {
  /** Of the agents' environment. */
  readonly settings?: Settings;
  readonly apiUrl?: string;
}

export class Study {
  readonly cast: Cast;
  readonly acknowledged: Acknowledged[] = [];
  readonly formerReaders: FormerReader[] = [];
  olga!: Person;
  ann!: Person;
  ben!: Caller;
  dora!: Person;

  private constructor(cast: Cast) {
    this.cast = cast;
  }

  /** Everybody joins, the benchmark is published, and dora is authorised. */
  static async open(
    cast: Cast,
    { settings = {}, apiUrl = cast.stack.addresses.api }: Surroundings = {},
  ): Promise<Study> {
    const study = new Study(cast);
    const join = async (name: string): Promise<Person> => {
      const { session: direct, ...rest } = await cast.enrol(name);
      const session = { ...direct, apiUrl };
      await rest.home.saveSession(session);
      const platform = createPlatformClient({ baseUrl: apiUrl, token: session.token });
      return { ...rest, session, platform, agent: await cast.keepAgent(rest, settings) };
    };
    study.olga = await join('olga');
    study.ann = await join('ann');
    study.ben = await cast.enrol('ben');
    study.dora = await join('dora');
    await study.#publish();
    await study.authorise(study.dora);
    for (const person of [study.olga, study.dora]) await cast.certify(person);
    return study;
  }

  get people(): readonly Caller[] {
    return [this.olga, this.ann, this.ben, this.dora];
  }

  /** The workflows of a submission, one after the other. */
  storiesOf(name: ContainerName): readonly string[] {
    const { handle } = this.olga;
    return [registerContainerWorkflowId(handle, name), associateContainerWorkflowId(handle, name, BENCHMARK)];
  }

  /** From the model to the deletion of all its keys. */
  async whole(name: ContainerName, configFile?: string): Promise<void> {
    await this.submit(name, configFile);
    const association = await this.associate(name);
    await this.changeAccess(name, association);
  }

  /** Access is given, used, taken, given again, and ended. */
  async changeAccess(name: ContainerName, association: AssociationId): Promise<void> {
    await this.grant(name, association);
    await this.run(name);
    await this.revoke(name, association);
    await this.grant(name, association);
    await this.deleteKeys(name, association);
  }

  /** `configFile` names another model than the small function. */
  async submit(name: ContainerName, configFile = path.join(HERE, 'model', 'container_config.yaml')): Promise<void> {
    const configText = await readFile(configFile, 'utf8');
    const config = parseContainerConfig(configText, configFile);
    const { handle } = this.olga;
    const input = { account: handle, name, config, configText, configFolder: path.dirname(configFile), keyFile: null };
    await this.#story(REGISTER_CONTAINER, registerContainerWorkflowId(handle, name), ownerTaskQueue(handle), input);
    this.acknowledged.push({ is: 'registered', owner: handle, container: name });
  }

  /** Test, consent, request, two votes, approval. */
  async associate(name: ContainerName): Promise<AssociationId> {
    const { id, decided } = await this.request(name);
    await this.approve(id);
    const { association, state } = await decided;
    this.acknowledged.push({ is: 'decided', association, state });
    return association;
  }

  /** The same up to the request; `decided` follows the committee. */
  async request(name: ContainerName): Promise<{ id: AssociationId; decided: Promise<AssociateContainerResult> }> {
    const { handle } = this.olga;
    const workflowId = associateContainerWorkflowId(handle, name, BENCHMARK);
    const input = { account: handle, name, benchmark: BENCHMARK, pollSeconds: 5 };
    await this.#start(ASSOCIATE_CONTAINER, workflowId, ownerTaskQueue(handle), input);
    const decided = this.#result(workflowId);
    await this.update(
      workflowId,
      (handle, updateId) => handle.executeUpdate(consentUpdate, { args: [{ send: true }], updateId }),
      decided,
    );
    const id = await this.#requested(name, decided);
    this.acknowledged.push({ is: 'requested', association: id });
    return { id, decided: decided as Promise<AssociateContainerResult> };
  }

  async approve(id: AssociationId): Promise<void> {
    for (const member of [this.ann, this.ben]) {
      const body = { ballot: 'approve', reason: '' } as const;
      await patiently(() => member.platform.castVote({ path: { id }, body }));
      this.acknowledged.push({ is: 'voted', association: id, member: member.handle, ballot: 'approve' });
    }
  }

  async grant(name: ContainerName, association: AssociationId): Promise<unknown> {
    const { email } = this.dora.session;
    const outcome = await this.#access(name, (handle, updateId) =>
      handle.executeUpdate(grantUpdate, { args: [{ emails: [email], expiresAt: null }], updateId }),
    );
    this.acknowledged.push({ is: 'granted', association, email });
    return outcome;
  }

  async revoke(name: ContainerName, association: AssociationId): Promise<unknown> {
    const { email } = this.dora.session;
    const outcome = await this.#access(name, (handle, updateId) =>
      handle.executeUpdate(revokeUpdate, { args: [{ email, reason: 'The study is over.' }], updateId }),
    );
    this.acknowledged.push({ is: 'revoked', association, email });
    this.#noteFormerReader(name);
    return outcome;
  }

  async rotateKey(name: ContainerName): Promise<unknown> {
    const { handle } = this.olga;
    const workflowId = rotateKeyWorkflowId(handle, name);
    return this.#story(ROTATE_KEY, workflowId, ownerTaskQueue(handle), { account: handle, name });
  }

  async deleteKeys(name: ContainerName, association: AssociationId): Promise<unknown> {
    const outcome = await this.#access(name, (handle, updateId) =>
      handle.executeUpdate(deleteKeysUpdate, { updateId }),
    );
    this.acknowledged.push({ is: 'deleted', association });
    this.#noteFormerReader(name);
    return outcome;
  }

  /** Dora runs the model on her texts and sends the result. */
  async run(name: ContainerName): Promise<void> {
    const { handle } = this.dora;
    const container = { owner: this.olga.handle, name };
    const workflowId = runModelWorkflowId(handle, container, DATASET);
    const input = { account: handle, container, benchmark: BENCHMARK, dataset: DATASET };
    await this.#start(RUN_MODEL, workflowId, dataOwnerTaskQueue(handle), input);
    const ran = this.#result(workflowId);
    await this.update(
      workflowId,
      (story, updateId) => story.executeUpdate(submitConsentUpdate, { args: [{ send: true }], updateId }),
      ran,
    );
    const { resultId } = (await ran) as { readonly resultId: string };
    this.acknowledged.push({ is: 'sent', result: resultId });
  }

  /** Sends an Update until it is answered; always as the same one, so that a repeat does nothing twice. */
  async update<Answer>(
    workflowId: string,
    send: (handle: WorkflowHandle, updateId: string) => Promise<Answer>,
    story: Promise<unknown> = new Promise(() => undefined),
  ): Promise<Answer> {
    const handle = this.cast.temporal.client.workflow.getHandle(workflowId);
    const updateId = randomUUID();
    const ended = story.then(() => {
      throw new Error(`${workflowId} ended before its update was answered.`);
    });
    return Promise.race([patiently(() => send(handle, updateId)), ended]);
  }

  #access<Answer>(
    name: ContainerName,
    send: (handle: WorkflowHandle, updateId: string) => Promise<Answer>,
  ): Promise<Answer> {
    return this.update(manageAccessWorkflowId(this.olga.handle, name, BENCHMARK), send);
  }

  #noteFormerReader(name: ContainerName): void {
    const { platform } = this.dora;
    const path = { owner: this.olga.handle, name };
    const fetchKey = () => platform.fetchGrant({ path, query: { benchmark: BENCHMARK } });
    this.formerReaders.push({ name: `dora, of ${name},`, fetchKey });
  }

  async #requested(name: ContainerName, story: Promise<unknown>): Promise<AssociationId> {
    const state = { ended: false };
    const watched = story.then(() => (state.ended = true));
    for (;;) {
      const { items } = await patiently(() =>
        this.olga.platform.listAssociations({ query: { mine: true, kind: 'container' } }),
      );
      const found = items.find((item) => item.name === name);
      if (found) return found.id;
      await Promise.race([watched, new Promise((resolve) => setTimeout(resolve, 100))]);
      if (state.ended) throw new Error(`The association of ${name} ended without a request.`);
    }
  }

  async #story(type: string, workflowId: string, taskQueue: string, input: object): Promise<unknown> {
    await this.#start(type, workflowId, taskQueue, input);
    return this.#result(workflowId);
  }

  /** A repeat, whose first start may have been done and not answered, finds it running. */
  async #start(type: string, workflowId: string, taskQueue: string, input: object): Promise<void> {
    const { workflow } = this.cast.temporal.client;
    const workflowIdReusePolicy = WorkflowIdReusePolicy.REJECT_DUPLICATE;
    await patiently(async () => {
      try {
        await workflow.start(type, { taskQueue, workflowId, args: [input], workflowIdReusePolicy });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    });
  }

  #result(workflowId: string): Promise<unknown> {
    const result = patiently(() => this.cast.temporal.client.workflow.getHandle(workflowId).result());
    // Its failure is met where it is awaited; until then it must not count as one that nobody handles.
    result.catch(() => undefined);
    return result;
  }

  async #publish(): Promise<void> {
    const folder = path.join(this.cast.folder, 'test-dataset');
    await writeTexts(folder);
    const archive = path.join(this.cast.folder, 'test-dataset.tar');
    await pipeline(packDataset(folder), createWriteStream(archive));
    const configFolder = path.join(HERE, 'metrics');
    const input = {
      account: this.ann.handle,
      name: BENCHMARK,
      description: 'How long texts are',
      testDatasetFile: archive,
      metricsConfigText: await readFile(path.join(configFolder, 'container_config.yaml'), 'utf8'),
      metricsConfigFolder: configFolder,
      members: [this.ann.handle, this.ben.handle],
      quorum: QUORUM,
      approvalDays: 30,
      reminderHours: 168,
    };
    const workflowId = publishBenchmarkWorkflowId(BENCHMARK);
    await this.#story(PUBLISH_BENCHMARK, workflowId, ownerTaskQueue(this.ann.handle), input);
  }

  /** Registers a data owner's texts, and the committee lets them in. */
  async authorise({ handle, platform }: Person): Promise<void> {
    const folder = path.join(this.cast.folder, 'texts');
    await writeTexts(folder);
    const workflowId = registerDatasetWorkflowId(handle, DATASET);
    const input = { account: handle, name: DATASET, folder, description: '' };
    await this.#story(REGISTER_DATASET, workflowId, dataOwnerTaskQueue(handle), input);
    const body = { kind: 'dataset' as const, name: DATASET, benchmark: BENCHMARK };
    const { id } = await platform.requestAssociation({ body });
    await this.approve(id);
  }
}

async function writeTexts(folder: string): Promise<void> {
  for (const part of ['data', 'labels']) await mkdir(path.join(folder, part), { recursive: true });
  for (const name of ['one', 'two']) await writeFile(path.join(folder, 'data', `${name}.txt`), `text ${name}\n`);
  await writeFile(path.join(folder, 'labels', 'labels.csv'), 'file,label\none.txt,1\n');
}

export const containerName = (name: string): ContainerName => parseContainerName(name);
