/** The example function, in the sandboxed runner as its callers meet it (issue 6). */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeFunctionBundle } from '../../crypto/function-bundle.ts';
import { readFunctionFolder } from '../../crypto/function-folder.ts';
import type { RunningFunction } from '../../enclave/host/running-function.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import { buildClassifier } from '../../examples/build-classifier.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const SHARED = process.env.STRONGROOM_TEST_MODELS ?? join(import.meta.dirname, '../../../shared/models');

interface Class {
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

const deployFolder = async (folder: string) => deploy(encodeFunctionBundle(await readFunctionFolder(folder)));
const classify = async (running: RunningFunction, input: Uint8Array) =>
  JSON.parse((await running.call(input)).bytes.toString()) as readonly Class[];

/** Little-endian float32, as a caller who prepares the picture itself sends it. */
const tensorOf = (numbers: readonly number[]) => Buffer.from(new Float32Array(numbers).buffer);

describe('the digits model in examples/image-classification', () => {
  let running: RunningFunction;
  beforeAll(async () => {
    running = await deployFolder(join(EXAMPLES, 'image-classification'));
  });
  afterAll(() => running.stop());

  test('answers the right digit for the pictures of the examples, with five classes, the best first', async () => {
    const folder = join(EXAMPLES, 'digits-data/data-owner-one');
    const rows = readFileSync(join(folder, 'labels/labels.csv'), 'utf8').trim().split('\n').slice(1, 21);
    let right = 0;
    for (const [file = '', label] of rows.map((row) => row.split(','))) {
      const classes = await classify(running, await readFile(join(folder, 'data', file)));
      expect(classes).toHaveLength(5);
      const sorted = [...classes].sort((one, other) => other.probability - one.probability);
      expect(classes).toEqual(sorted);
      if (classes[0]?.label === label) right += 1;
    }
    expect(right).toBeGreaterThanOrEqual(19);
  });

  test('takes the same picture as a tensor, and answers the same', async () => {
    const pngs = (await import(join(EXAMPLES, 'digits-model/png.mjs'))) as {
      readonly readGreyPng: (bytes: Buffer) => { readonly grey: Iterable<number> };
    };
    const png = await readFile(join(EXAMPLES, 'digits-data/data-owner-one/data/000.png'));
    const tensor = tensorOf([...pngs.readGreyPng(png).grey].map((value) => value / 255));
    const [fromPicture, fromTensor] = [await classify(running, png), await classify(running, tensor)];
    expect(fromTensor.map(({ label }) => label)).toEqual(fromPicture.map(({ label }) => label));
  });

  test.each([
    ['255 bytes', Buffer.alloc(255)],
    ['nothing', Buffer.alloc(0)],
    ['a number that is not one', tensorOf(Array.from({ length: 64 }, () => Number.NaN))],
    ['a GIF', Buffer.from('GIF89a')],
    ['the beginning of a JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
  ])('refuses %s', async (_what, input) => {
    await expect(running.call(input)).rejects.toMatchObject({ code: 'E_INPUT_INVALID' });
  });
});

const model = join(SHARED, 'efficientnet-lite0.onnx');
const there = existsSync(model);
if (!there) console.warn(`Not tested: ${model} is not there. STRONGROOM_TEST_MODELS names another folder with it.`);

(there ? describe : describe.skip)('EfficientNet-Lite0 in the same function', () => {
  let folder: string;
  let running: RunningFunction;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-classifier-'));
    await buildClassifier(join(folder, 'function'), {
      model,
      labels: join(SHARED, 'imagenet_classes.txt'),
      settings: join(EXAMPLES, 'classifier-settings/efficientnet-lite0.json'),
    });
    running = await deployFolder(join(folder, 'function'));
  });
  afterAll(async () => {
    await running.stop();
    await rm(folder, { recursive: true });
  });

  test('takes the dog for a golden retriever first and a Labrador retriever second', async () => {
    const [first, second] = await classify(running, await readFile(join(SHARED, 'dog.jpeg')));
    expect([first?.label, second?.label]).toEqual(['golden retriever', 'Labrador retriever']);
    expect(first?.probability).toBeGreaterThan(0.9);
  });

  test('refuses a tensor that is one byte short', async () => {
    await expect(running.call(Buffer.alloc(602_111))).rejects.toMatchObject({ code: 'E_INPUT_INVALID' });
  });
});

test('the example describes the context with the same types as function init', () => {
  const text = (path: string) => readFileSync(join(EXAMPLES, path), 'utf8');
  expect(text('image-classification/strongroom.d.ts')).toBe(text('../cli/templates/function/strongroom.d.ts'));
});
