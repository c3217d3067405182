/** The platform with runners in Docker containers, for machines where bubblewrap cannot make namespaces. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import Docker from 'dockerode';
import { measureSandbox } from '../../enclave/host/measurements.ts';
import { Cast, type Caller } from './cast.ts';
import { command } from './commands.ts';
import { deployFolder, enclaveWorker, library, runnersOf } from './running-functions.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..', '..', 'examples');
const PICTURES = path.join(EXAMPLES, 'digits-data', 'data-owner-one', 'data');

let cast: Cast;
let alice: Caller;
beforeAll(async () => {
  cast = await Cast.assemble({ settings: { STRONGROOM_SANDBOX: 'docker' } });
  alice = await cast.enrol('alice');
  await deployFolder(alice, path.join(EXAMPLES, 'image-classification'));
});
afterAll(() => cast.dismiss());

async function containers(): Promise<number> {
  const label = [`strongroom.runner.host=${await enclaveWorker(cast)}`];
  return (await new Docker().listContainers({ filters: { label } })).length;
}

test('a function runs in a container, attested as such, and nothing runs in bubblewrap', async () => {
  const ran = await command(alice, ['run', 'image-classification', path.join(PICTURES, '000.png'), '--verbose']);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0: \d/) });
  expect(await containers()).toBe(1);
  expect(await runnersOf(cast)).toEqual([]);
  const { runner } = await library(alice).trust();
  expect(runner.sandbox).toBe(await measureSandbox('docker'));
  expect(runner.sandbox).not.toBe(await measureSandbox('bubblewrap'));
});

test('a container that is killed in the middle of a job costs its items another try', async () => {
  const folder = path.join(cast.folder, 'pictures');
  await mkdir(folder);
  for (const name of ['000.png', '001.png', '002.png'])
    await copyFile(path.join(PICTURES, name), path.join(folder, name));
  const label = [`strongroom.runner.host=${await enclaveWorker(cast)}`];
  for (const { Id } of await new Docker().listContainers({ filters: { label } })) {
    await new Docker().getContainer(Id).kill();
  }
  const out = path.join(cast.folder, 'classes.jsonl');
  const ran = await command(alice, ['job', 'run', 'image-classification', folder, '--out', out]);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/Answered: +3\n/) });
});
