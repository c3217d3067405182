import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { datasetDigest } from '../../containers/dataset-digest.ts';
import { connectDocker } from '../../containers/docker.ts';
import { runIsolated } from '../../containers/isolated-run.ts';
import { readResults } from '../../containers/results-file.ts';
import { DEFAULT_RUN_LIMITS } from '../../containers/run-limits.ts';
import type { TaskConfig, TaskName } from '../../domain/container-config.ts';
import { parseContainerConfig } from '../../domain/container-config-parser.ts';
import type { ImageDigest } from '../../domain/ids.ts';
import { parseImageDigest } from '../../domain/ids.ts';
import { makeExampleImage } from '../../examples/build-image.ts';
import type { ExampleName } from '../../examples/build-image.ts';
import { readLoadAnswer } from '../../containers/archive-rewrite.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');
const runId = `test/examples/${process.pid}`;
let docker: Docker;
let folder: string;
const images = new Map<ExampleName, { imageDigest: ImageDigest; engineId: ImageDigest }>();
const names: string[] = [];

beforeAll(async () => {
  docker = await connectDocker();
  folder = await mkdtemp(join(tmpdir(), 'strongroom-examples-'));
  for (const example of ['digits-model', 'digits-metrics'] as const) {
    // Under a name of this test, so that an image that somebody built stays what it is.
    const name = `strongroom-test-${process.pid}-${example}:1`;
    const { stream, imageDigest } = await makeExampleImage(example, name);
    await readLoadAnswer((await docker.loadImage(stream)) as AsyncIterable<Buffer>);
    names.push(name);
    const { Id } = await docker.getImage(name).inspect();
    images.set(example, { imageDigest, engineId: parseImageDigest(Id) });
  }
});

afterAll(async () => {
  for (const name of names) await docker.getImage(name).remove();
  await rm(folder, { recursive: true, force: true });
});

async function taskOf(example: ExampleName, name: TaskName): Promise<TaskConfig> {
  const file = join(EXAMPLES, example, 'container_config.yaml');
  return parseContainerConfig(await readFile(file, 'utf8'), file).tasks[name]!;
}

describe.each(['benchmark', 'data-owner-one', 'data-owner-two'])('on the pictures of %s', (party) => {
  const data = join(EXAMPLES, 'digits-data', party);

  test('the model classifies, shut in, and its metrics find it right nine times out of ten', async () => {
    const predictions = join(folder, party, 'predictions');
    const results = join(folder, party, 'results.yaml');
    const common = { runId, limits: { ...DEFAULT_RUN_LIMITS, timeoutSeconds: 60 } };
    await runIsolated(docker, {
      ...common,
      image: images.get('digits-model')!.engineId,
      taskName: 'infer',
      task: await taskOf('digits-model', 'infer'),
      volumes: { data_path: join(data, 'data'), output_path: predictions },
      logFile: join(folder, `${party}-infer.log`),
    });
    await runIsolated(docker, {
      ...common,
      image: images.get('digits-metrics')!.engineId,
      taskName: 'evaluate',
      task: await taskOf('digits-metrics', 'evaluate'),
      volumes: { predictions, labels: join(data, 'labels'), output_path: results },
      logFile: join(folder, `${party}-evaluate.log`),
    });
    const metrics = await readResults(results);
    const pictures = (await readdir(join(data, 'data'))).length;
    expect(metrics.pictures).toBe(pictures);
    expect(metrics.accuracy).toBeGreaterThan(0.9);
    const confusion = metrics.confusion_matrix as number[][];
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(pictures);
  });
});

test('no picture is in two of the datasets, so each party has something of its own', async () => {
  const parties = ['benchmark', 'data-owner-one', 'data-owner-two'];
  const found = new Set<string>();
  let pictures = 0;
  for (const party of parties) {
    const inside = join(EXAMPLES, 'digits-data', party, 'data');
    for (const name of await readdir(inside)) {
      found.add((await readFile(join(inside, name))).toString('base64'));
      pictures += 1;
    }
    expect((await datasetDigest(join(EXAMPLES, 'digits-data', party))).files).toBeGreaterThan(40);
  }
  expect(found.size).toBe(pictures);
});

test('an example is the same image each time it is made from scratch', async () => {
  const { stream, imageDigest } = await makeExampleImage('digits-metrics');
  stream.destroy();
  expect(imageDigest).toBe(images.get('digits-metrics')?.imageDigest);
});
