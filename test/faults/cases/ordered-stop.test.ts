/** A worker is asked to stop in the middle of long work (A4): it finishes that, and ends in good order. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { giveProbe, type TestImage } from '../../containers/support/probe-image.ts';
import { Cast, type Caller } from '../../stories/cast.ts';
import { answerTo, leftBehind } from '../../stories/commands.ts';
import { modelConfig } from '../../stories/container-configs.ts';
import { heldServer, type HeldServer } from '../../stories/held-server.ts';
import { sealedImage } from '../../stories/sealed-image.ts';
import { until } from '../../support/patience.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const docker = new Docker();
/** Work goes on for so long after the first SIGTERM; less than the grace of 20 s. */
const STILL_AT_WORK_MS = 5_000;

let cast: Cast;
let owen: Caller;
let image: TestImage;
let host: HeldServer;
const agents: ChildProcess[] = [];

beforeAll(async () => {
  cast = await Cast.assemble();
  owen = await cast.enrol('owen');
  await cast.certify(owen);
  image = await giveProbe(docker, 'ordered-stop');
  host = await heldServer(await sealedImage(cast.folder, image.imageName));
}, 300_000);
afterAll(async () => {
  for (const agent of agents) agent.kill('SIGKILL');
  await host[Symbol.asyncDispose]();
  await docker.getImage(image.imageName).remove({ force: true });
  await cast.dismiss();
}, 60_000);

/** By itself: nobody starts it again. */
async function startAgent(): Promise<ChildProcess> {
  const agent = spawn(process.execPath, [path.join(ROOT, 'workers', 'agent.ts')], {
    stdio: 'ignore',
    env: {
      ...process.env,
      STRONGROOM_HOME: owen.home.folder,
      STRONGROOM_ALLOW_PRIVATE_ADDRESSES: 'true',
      TEMPORAL_ADDRESS: cast.stack.addresses.temporal,
    },
  });
  agents.push(agent);
  await until('the agent is there', async () => {
    const state = JSON.parse(await readFile(owen.home.agent.stateFile, 'utf8')) as { readonly pid: number };
    return state.pid === agent.pid;
  });
  return agent;
}

/** Begins a submission that then waits for its host. */
async function begin(name: string): Promise<void> {
  host.hold();
  const config = await modelConfig(path.join(cast.folder, name), { type: 'EncryptedDockerArchive', image: host.url });
  const keyFile = path.join(cast.folder, 'model.key');
  await answerTo(owen, ['container', 'submit', config, '--name', name, '--key-file', keyFile, '--detach']);
  await host.asked();
}

/** How often each step was begun; one that had to be done again was begun twice. */
async function attempts(name: string): Promise<readonly number[]> {
  const { events } = await cast.temporal.client.workflow.getHandle(`container/owen/${name}`).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: begun }) => (begun ? [begun.attempt ?? 0] : []));
}

test('what it is at is finished at the first attempt, and it ends with 0', async () => {
  const agent = await startAgent();
  await begin('finished');
  const ended = once(agent, 'exit');
  agent.kill('SIGTERM');
  await pause(STILL_AT_WORK_MS);
  expect(agent.exitCode).toBeNull();
  host.release();
  expect(await ended).toEqual([0, null]);
  await startAgent();
  await answerTo(owen, ['workflow', 'follow', 'container/owen/finished']);
  expect(new Set(await attempts('finished'))).toEqual(new Set([1]));
  const [, other] = agents;
  const stopped = other && once(other, 'exit');
  other?.kill('SIGTERM');
  await stopped;
}, 180_000);

test('asked a second time it ends at once, and another one does the work again', async () => {
  const agent = await startAgent();
  await begin('again');
  const ended = once(agent, 'exit');
  agent.kill('SIGTERM');
  await pause(1_000);
  agent.kill('SIGTERM');
  await ended;
  host.release();
  await startAgent();
  await answerTo(owen, ['workflow', 'follow', 'container/owen/again']);
  const { items } = await owen.platform.listContainers();
  expect(items.map(({ name }) => name)).toContain('again');
  expect(await leftBehind(owen)).toEqual([]);
}, 180_000);
