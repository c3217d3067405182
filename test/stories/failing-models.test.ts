import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { packDataset } from '../../containers/dataset-archive.ts';
import { parseOwnImageName, RUN_LABEL } from '../../containers/own-names.ts';
import { parseBenchmarkName } from '../../domain/ids.ts';
import { giveProbe, type TestImage } from '../containers/support/probe-image.ts';
import { Cast, type Person } from './cast.ts';
import { answerTo, leftBehind, refusalOf } from './commands.ts';
import { metricsConfig, modelConfig } from './container-configs.ts';
import { damageBlob } from './damage-blob.ts';

const docker = new Docker();
const DATASET = path.resolve(import.meta.dirname, '../../examples/digits-data/benchmark');

let cast: Cast;
let mona: Person, carla: Person;
let image: TestImage;

beforeAll(async () => {
  cast = await Cast.assemble();
  mona = await cast.join('mona', {
    // Enough for what ends by itself, however busy the machine is.
    STRONGROOM_RUN_TIMEOUT_SECONDS: '12',
    STRONGROOM_RUN_OUTPUT_MAX_BYTES: String(2 ** 20),
  });
  carla = await cast.join('carla');
  await cast.certify(mona);
  image = await giveProbe(docker, 'failing');
  await pipeline(packDataset(DATASET), createWriteStream(path.join(cast.folder, 'test-dataset.tar')));
  await publish('probes');
});

afterAll(async () => {
  await docker.getImage(image.imageName).remove({ force: true });
  await cast.dismiss();
});

/** A benchmark whose metrics container writes what is no result. */
async function publish(name: string): Promise<void> {
  const metrics = await metricsConfig(path.join(cast.folder, 'metrics'), { image: image.imageName, command: 'single' });
  const dataset = path.join(cast.folder, 'test-dataset.tar');
  const files = ['--test-dataset', dataset, '--metrics', metrics];
  await answerTo(carla, ['benchmark', 'create', '--name', name, ...files, '--member', 'carla', '--quorum', '1']);
}

/** Submits the probe as a model that does `deed`. */
async function submit(name: string, deed: string): Promise<void> {
  const config = await modelConfig(path.join(cast.folder, name), { image: image.imageName, command: deed });
  await answerTo(mona, ['container', 'submit', config, '--name', name]);
}

const associate = (name: string, benchmark = 'probes') =>
  refusalOf(mona, ['container', 'associate', name, '--benchmark', benchmark, '--send-results']);

/** The owner's folder, the engine and the platform are as if the test had never been tried. */
async function expectNothingLeft(): Promise<void> {
  expect(await leftBehind(mona)).toEqual([]);
  expect(await docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } })).toEqual([]);
  const names = (await docker.listImages()).flatMap((found) => found.RepoTags ?? []);
  expect(names.filter((name) => parseOwnImageName(name))).toEqual([]);
  expect((await mona.platform.listAssociations({ query: { mine: true } })).items).toEqual([]);
}

describe('a model that fails its compatibility test', () => {
  test.each([
    ['ends with an error', 'fail', 'E_CONTAINER_FAILED'],
    ['hangs', 'loop', 'E_CONTAINER_TIMEOUT'],
    ['writes nothing', 'nothing', 'E_CONTAINER_OUTPUT_EMPTY'],
    ['writes too much', 'huge-file', 'E_CONTAINER_OUTPUT_TOO_LARGE'],
    ['predicts what the metrics container makes no result of', 'linger', 'E_RESULTS_INVALID'],
  ])('%s: the owner hears of it, and no request is made', async (_what, deed, code) => {
    await submit(`probe-${deed}`, deed);
    const refusal = await associate(`probe-${deed}`);
    expect(refusal).toMatchObject({ code, exit: 1, next: expect.any(String) });
    expect(JSON.stringify(refusal)).not.toContain('a secret that was printed');
    await expectNothingLeft();
  });
});

describe('a benchmark that cannot take the request', () => {
  test('is not there', async () => {
    await submit('probe', 'linger');
    expect(await associate('probe', 'nowhere')).toMatchObject({ code: 'E_NOT_FOUND', exit: 6 });
    await expectNothingLeft();
  });

  test('has a test dataset that is not the one it was published with', async () => {
    await publish('tampered');
    const { testDataset } = await mona.platform.readBenchmark({ path: { name: parseBenchmarkName('tampered') } });
    await damageBlob(cast.folder, testDataset.sha256);
    expect(await associate('probe', 'tampered')).toMatchObject({ code: 'E_DIGEST_MISMATCH', exit: 3 });
    await expectNothingLeft();
  });

  test('is closed', async () => {
    await answerTo(carla, ['benchmark', 'close', 'probes', '--yes']);
    expect(await associate('probe')).toMatchObject({ code: 'E_BENCHMARK_CLOSED', exit: 7 });
    await expectNothingLeft();
  });
});
