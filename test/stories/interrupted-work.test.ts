import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseContainerName } from '../../domain/ids.ts';
import type { Child } from '../../stack/child-process.ts';
import { giveProbe, type TestImage } from '../containers/support/probe-image.ts';
import type { Ran } from '../cli/support.ts';
import { Cast, type Person } from './cast.ts';
import { answerTo, command, leftBehind, refusalOf } from './commands.ts';
import { modelConfig } from './container-configs.ts';
import { heldServer, type HeldServer } from './held-server.ts';
import { sealedImage } from './sealed-image.ts';

const docker = new Docker();
const SETTINGS = { STRONGROOM_ALLOW_PRIVATE_ADDRESSES: 'true' };

let cast: Cast;
let owen: Person;
let agent: Child;
let image: TestImage;
let host: HeldServer;

beforeAll(async () => {
  cast = await Cast.assemble();
  owen = await cast.join('owen', SETTINGS);
  agent = owen.agent;
  await cast.certify(owen);
  image = await giveProbe(docker, 'interrupted');
  host = await heldServer(await sealedImage(cast.folder, image.imageName));
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await docker.getImage(image.imageName).remove({ force: true });
  await cast.dismiss();
});

/** A submission that waits for the host in its middle. */
async function submission(name: string): Promise<string[]> {
  const settings = { type: 'EncryptedDockerArchive', image: host.url };
  const config = await modelConfig(path.join(cast.folder, name), settings);
  return ['container', 'submit', config, '--name', name, '--key-file', path.join(cast.folder, 'model.key')];
}

async function begun(name: string): Promise<void> {
  host.hold();
  await answerTo(owen, [...(await submission(name)), '--detach']);
  await host.asked();
}

const containers = async () => (await owen.platform.listContainers()).items.map(({ name }) => name);

/** Why steps of a workflow were begun again. */
async function secondAttempts(workflowId: string): Promise<readonly (string | null | undefined)[]> {
  const { events } = await cast.temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? [])
    .map(({ activityTaskStartedEventAttributes: begun }) => begun?.lastFailure?.applicationFailureInfo?.type)
    .filter(Boolean);
}

/** A container as it is registered, and the key that the owner's machine holds for it. */
async function containerAndKey(container: string) {
  const { items } = await owen.platform.listContainers();
  const registered = items.find(({ name }) => name === container);
  if (!registered) throw new Error(`There is no container ${container}.`);
  const key = await readFile(owen.home.modelKeyFile(owen.session, parseContainerName(container)), 'utf8');
  return { container: registered, key };
}

async function fetchTo(url: string, file: string): Promise<void> {
  const answer = await fetch(url, { headers: owen.platform.headersFor(url) });
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
}

describe('work that is interrupted', () => {
  test('goes on where Ctrl-C ended only the watching, and the same command finds it', async () => {
    host.hold();
    const submit = await submission('watched');
    const stopped: Ran = await command(owen, submit, {
      meanwhile: (child) => void host.asked().then(() => child.kill('SIGINT')),
    });
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(stopped.stderr).toContain('strongroom workflow follow container/owen/watched');
    const again = await command(owen, [...submit, '--json'], {
      // What it shows first is how far the work is: it has found it.
      meanwhile: (child) => {
        child.stderr?.once('data', () => {
          host.release();
        });
      },
    });
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, container: { name: 'watched' } });
    expect(await leftBehind(owen)).toEqual([]);
  });

  test('is undone when it is cancelled, and can be begun anew', async () => {
    await begun('cancelled');
    const following = refusalOf(owen, ['workflow', 'follow', 'container/owen/cancelled']);
    await answerTo(owen, ['workflow', 'cancel', 'container/owen/cancelled']);
    expect(await following).toMatchObject({ code: 'E_INTERRUPTED', exit: 130 });
    expect(await leftBehind(owen)).toEqual([]);
    expect(await containers()).not.toContain('cancelled');
    host.release();
    expect(await answerTo(owen, await submission('cancelled'))).toMatchObject({ container: { name: 'cancelled' } });
  });

  test('is taken up again after the agent was killed in the middle', async () => {
    await begun('killed');
    process.kill(agent.pid, 'SIGKILL');
    await agent.ended;
    host.release();
    agent = await cast.startAgent(owen, SETTINGS);
    await answerTo(owen, ['workflow', 'follow', 'container/owen/killed']);
    expect(await containers()).toContain('killed');
    expect(await leftBehind(owen)).toEqual([]);
    // The next agent said so; it did not take the silence of a heartbeat to notice.
    expect(await secondAttempts('container/owen/killed')).toContain('E_INTERRUPTED');
  });

  test('a rotation that is cancelled leaves the container its key and its archive', async () => {
    const before = await containerAndKey('watched');
    host.hold();
    await answerTo(owen, ['container', 'rotate-key', 'watched', '--detach']);
    await host.asked();
    const following = refusalOf(owen, ['workflow', 'follow', 'rotation/owen/watched']);
    await answerTo(owen, ['workflow', 'cancel', 'rotation/owen/watched']);
    expect(await following).toMatchObject({ code: 'E_INTERRUPTED' });
    expect(await containerAndKey('watched')).toEqual(before);
    expect(await leftBehind(owen)).toEqual([]);
  });

  test('a rotation is finished by the same command after the agent was killed in the middle', async () => {
    const before = await containerAndKey('watched');
    host.hold();
    await answerTo(owen, ['container', 'rotate-key', 'watched', '--detach']);
    await host.asked();
    process.kill(agent.pid, 'SIGKILL');
    await agent.ended;
    host.release();
    agent = await cast.startAgent(owen, SETTINGS);
    const { rotation } = await answerTo<{ rotation: { from: string; rewrapped: number; keyFile: string } }>(owen, [
      'container',
      'rotate-key',
      'watched',
    ]);
    expect(rotation).toMatchObject({ from: before.container.archive.sha256, rewrapped: 0 });
    const after = await containerAndKey('watched');
    expect(after.key).not.toBe(before.key);
    expect(after.container).toEqual({ ...before.container, archive: after.container.archive });
    expect(new URL(after.container.archive.url).origin).toBe(owen.session.apiUrl);
    expect(await leftBehind(owen)).toEqual([]);
    const archive = path.join(cast.folder, 'rotated.gpg');
    await fetchTo(after.container.archive.url, archive);
    const verify = (key: string) => command(owen, ['archive', 'verify', archive, '--key-file', key]);
    expect(await verify(rotation.keyFile)).toMatchObject({ code: 0 });
    expect(await verify(path.join(cast.folder, 'model.key'))).toMatchObject({ code: 4 });
  });
});
