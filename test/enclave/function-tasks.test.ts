import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collectFunction, inspectPackage, openFunction } from '../../activities/function-package.ts';
import { evaluateByFunction, inferByFunction } from '../../activities/function-tasks.ts';
import { DEFAULT_RUN_LIMITS } from '../../containers/run-limits.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..', '..', 'examples');
const DATA = path.join(EXAMPLES, 'digits-data', 'data-owner-one');
const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'function-tasks-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const openExample = (name: string) => openFunction(path.join(EXAMPLES, name), { signal });

async function runOf(name: string, limits: Partial<typeof DEFAULT_RUN_LIMITS> = {}) {
  const { stream } = await openExample(name);
  return { bundle: await collectFunction(stream), limits: { ...DEFAULT_RUN_LIMITS, ...limits }, signal };
}

describe('a package', () => {
  test('that is a function is told from an image by what it holds, and has the digest that it had as a folder', async () => {
    const { stream, imageDigest } = await openExample('image-classification');
    expect(await inspectPackage(stream)).toBe(imageDigest);
  });

  test('whose model was changed on the way is refused', async () => {
    const { stream } = await openExample('image-classification');
    const bytes = await collectFunction(stream);
    bytes[bytes.length - 9]! ^= 1;
    await expect(inspectPackage(only(bytes))).rejects.toMatchObject({ code: 'E_FUNCTION_INVALID' });
  });

  test('of another function than the registered one is refused', async () => {
    const { stream } = await openExample('digits-metrics-function');
    const { imageDigest } = await openExample('image-classification');
    await expect(collectFunction(stream, imageDigest)).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
  });
});

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

describe('a function does the tasks of a container', () => {
  test('and its metrics find right what its model and what a Docker image predict', async () => {
    const predictions = path.join(folder, 'predictions');
    const run = await runOf('image-classification');
    await inferByFunction(run, { data_path: path.join(DATA, 'data'), output_path: predictions });
    expect(run.bundle.every((byte) => byte === 0)).toBe(true);
    expect(await accuracyOf(predictions)).toBeGreaterThan(0.9);

    const asImage = path.join(folder, 'as-image');
    await mkdir(asImage);
    const labels = (await readFile(path.join(DATA, 'labels', 'labels.csv'), 'utf8')).trim().split('\n').slice(1);
    const all = labels.map((line) => ({ file: line.split(',')[0], label: Number(line.split(',')[1]) }));
    await writeFile(path.join(asImage, 'predictions.json'), JSON.stringify(all));
    expect(await accuracyOf(asImage)).toBe(1);
  });

  async function accuracyOf(predictions: string): Promise<number> {
    const results = path.join(folder, `${path.basename(predictions)}.yaml`);
    const run = await runOf('digits-metrics-function');
    await evaluateByFunction(run, { predictions, labels: path.join(DATA, 'labels'), output_path: results });
    return (JSON.parse(await readFile(results, 'utf8')) as { accuracy: number }).accuracy;
  }

  test('reads no file that a link leads to, and says where there is nothing to read', async () => {
    const data = path.join(folder, 'links');
    await mkdir(data);
    await symlink(path.join(DATA, 'data', '000.png'), path.join(data, '000.png'));
    const inferred = inferByFunction(await runOf('image-classification'), { data_path: data, output_path: folder });
    await expect(inferred).rejects.toMatchObject({ code: 'E_CONTAINER_OUTPUT_EMPTY' });
  });

  test('within the limits of who runs it, not of who wrote it', async () => {
    const endless = path.join(folder, 'endless');
    await cp(path.join(EXAMPLES, 'digits-metrics-function'), endless, { recursive: true });
    await writeFile(path.join(endless, 'app.ts'), 'export function handle(): never { for (;;); }\n');
    const { stream } = await openFunction(endless, { signal });
    const run = {
      bundle: await collectFunction(stream),
      limits: { ...DEFAULT_RUN_LIMITS, timeoutSeconds: 2 },
      signal,
    };
    const predictions = path.join(folder, 'none');
    await mkdir(predictions);
    const evaluated = evaluateByFunction(run, {
      predictions,
      labels: predictions,
      output_path: path.join(folder, 'x'),
    });
    await expect(evaluated).rejects.toMatchObject({ code: 'E_CONTAINER_TIMEOUT' });
  });

  test('and writes no more than it may', async () => {
    const run = await runOf('image-classification', { outputMaxBytes: 100 });
    const output = path.join(folder, 'small');
    const inferred = inferByFunction(run, { data_path: path.join(DATA, 'data'), output_path: output });
    await expect(inferred).rejects.toMatchObject({ code: 'E_CONTAINER_OUTPUT_TOO_LARGE' });
  });
});
