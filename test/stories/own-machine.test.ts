import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { giveProbe, type TestImage } from '../containers/support/probe-image.ts';
import { Cast, type Person } from './cast.ts';
import { answerTo } from './commands.ts';
import { modelConfig } from './container-configs.ts';

interface AgentAnswer {
  readonly agent: { readonly pid: number; readonly temporal: { readonly address: string; readonly uiUrl: string } };
}

const docker = new Docker();
const WORK = 'container/remi/far-away';

let cast: Cast;
let remi: Person;
let image: TestImage;

/** A machine on which no platform runs, and for which no Temporal is configured. */
const elsewhere = () => ({ STRONGROOM_DATA: path.join(cast.folder, 'no-platform-here'), TEMPORAL_ADDRESS: '' });
const remiDoes = <T>(...args: string[]) => answerTo<T>(remi, args, { env: elsewhere() });

beforeAll(async () => {
  cast = await Cast.assemble();
  remi = await cast.join('remi');
  await cast.certify(remi);
  await remi.agent.stop();
  image = await giveProbe(docker, 'far-away');
});

afterAll(async () => {
  await docker.getImage(image.imageName).remove({ force: true });
  await cast.dismiss();
});

const ofTemporal = () =>
  execFileSync('ps', ['-eo', 'args'])
    .toString()
    .split('\n')
    .filter((line) => line.includes(remi.home.folder));

describe('a party on a machine of its own', () => {
  test('brings a Temporal of its own, of which the platform knows nothing', async () => {
    const { agent } = await remiDoes<AgentAnswer>('agent', 'start');
    expect(agent.temporal.address).not.toBe(cast.stack.addresses.temporal);
    expect((await fetch(agent.temporal.uiUrl)).status).toBe(200);
    const config = await modelConfig(path.join(cast.folder, 'far-away'), { image: image.imageName });
    expect(await remiDoes('container', 'submit', config, '--name', 'far-away')).toMatchObject({
      container: { owner: 'remi', name: 'far-away' },
    });
    await expect(cast.temporal.client.workflow.getHandle(WORK).describe()).rejects.toThrow(/not found/);
  });

  test('has a killed agent started again without a command, finds its work, and nothing keeps running when it is stopped', async () => {
    const { agent } = await remiDoes<AgentAnswer>('agent', 'status');
    process.kill(agent.pid, 'SIGKILL');
    let again: AgentAnswer['agent'] | undefined;
    while (again === undefined) again = (await remiDoes<Partial<AgentAnswer>>('agent', 'status')).agent;
    expect(again.pid).not.toBe(agent.pid);
    process.kill(again.pid, 'SIGKILL');
    expect(await remiDoes('workflow', 'show', WORK)).toMatchObject({ workflowId: WORK });
    expect(ofTemporal()).toHaveLength(1);
    await remiDoes('agent', 'stop');
    expect(ofTemporal()).toEqual([]);
  });
});
