/** Whatever a model or an input is, it ends in a named error, and the next call works (quality.md E8 and E9, issue 6). */
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import type { RunningFunction } from '../../enclave/host/running-function.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import { makeFunction } from './functions.ts';
import type { GraphParts, NodeParts } from './onnx-models.ts';
import {
  FLOAT,
  graph,
  graphAttribute,
  model,
  modelOf,
  shapeTensor,
  sparseAttribute,
  tensor,
  tensorAttribute,
} from './onnx-models.ts';

const digits = readFileSync(new URL('../../examples/digits-model/model.onnx', import.meta.url));
const LIMITS = 'limits: { memory_mb: 256, seconds: 5 }';

const started: RunningFunction[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop()));
});

async function start(made: Parameters<typeof makeFunction>[0]): Promise<RunningFunction> {
  const running = await deploy(makeFunction({ yaml: LIMITS, ...made }));
  started.push(running);
  return running;
}
const startModel = (bytes: Buffer, body = 'return 1;') => start({ models: { 'm.onnx': bytes }, body });

/** y = x, beside whatever else is in the graph. */
const withIdentity = ({ nodes, ...others }: Partial<GraphParts>): Buffer =>
  model({
    nodes: [{ op: 'Identity', from: ['x'], to: ['y'] }, ...(nodes ?? [])],
    inputs: [['x', FLOAT, [4]]],
    outputs: [['y', FLOAT, [4]]],
    ...others,
  });
const external = (location: string) => tensor({ name: 'w', dims: [4], external: location });

describe('a model that reaches outside, or is none, is refused before it is deployed', () => {
  test('the honest one beside them is taken, and works', async () => {
    const running = await startModel(
      withIdentity({}),
      `const { y } = await context.model('m.onnx').run({ x: { type: 'float32', data: context.floats(input, 4), dims: [4] } });
       return [...y.data];`,
    );
    const { bytes } = await running.call(Buffer.from(new Float32Array([1, 2, 3, 4]).buffer));
    expect(JSON.parse(bytes.toString())).toEqual([1, 2, 3, 4]);
  });

  test.each<[string, Buffer, RegExp]>([
    ['data in a file above it', withIdentity({ initializers: [external('../../../etc/passwd')] }), /external data/],
    ['data in a file by its whole path', withIdentity({ initializers: [external('/etc/passwd')] }), /external data/],
    ['data in a file beside it', withIdentity({ initializers: [external('weights.bin')] }), /external data/],
    [
      'data of a constant in a file',
      withIdentity({
        nodes: [{ op: 'Constant', from: [], to: ['z'], attributes: [tensorAttribute('value', external('a'))] }],
      }),
      /external data/,
    ],
    [
      'data of a sparse constant in a file',
      withIdentity({
        nodes: [{ op: 'Constant', from: [], to: ['z'], attributes: [sparseAttribute('sparse_value', external('a'))] }],
      }),
      /external data/,
    ],
    [
      'operators of a library of its own',
      Buffer.concat([withIdentity({}), Buffer.from([0x42, 6, 0x0a, 4]), Buffer.from('evil')]),
      /operators of "evil"/,
    ],
    ['branches nested 100 deep', modelOf(nested(100)), /nested more than/],
    [
      'a negative dimension',
      withIdentity({ initializers: [tensor({ name: 'w', dims: [-1n] })] }),
      /negative dimension/,
    ],
    ['nothing', Buffer.alloc(0), /no graph/],
    ['text', Buffer.from('This is no model.'), /./],
  ])('%s', (_what, bytes, why) => {
    expect(() => makeFunction({ models: { 'm.onnx': bytes } })).toThrow(
      expect.objectContaining({ code: 'E_MODEL_INVALID', why: expect.stringMatching(why) }),
    );
  });

  test('damaged at random is refused by name, or taken', () => {
    let state = 20_261_128;
    const random = (below: number) => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % below;
    const outcomes = new Set<string>();
    for (let round = 0; round < 300; round += 1) {
      const changed = Buffer.from(digits);
      // Where the structure is: the weights behind it are only numbers.
      for (let change = 0; change < 4; change += 1) changed[random(2_000)] = random(256);
      try {
        makeFunction({ models: { 'm.onnx': changed } });
        outcomes.add('taken');
      } catch (error) {
        outcomes.add((error as { readonly code?: string }).code ?? String(error));
      }
    }
    expect([...outcomes].sort()).toEqual(['E_MODEL_INVALID', 'taken']);
  });

  test('cut off anywhere', () => {
    for (let at = 0; at < digits.length; at += 997) {
      expect(() => makeFunction({ models: { 'm.onnx': digits.subarray(0, at) } })).toThrow(
        expect.objectContaining({ code: 'E_MODEL_INVALID' }),
      );
    }
  });
});

/** `If` in `If` in `If` … */
function nested(depth: number): Buffer {
  const constant: NodeParts = { op: 'Identity', from: ['c'], to: ['y'] };
  const inner = depth === 0 ? null : nested(depth - 1);
  const branch = (): NodeParts =>
    inner === null
      ? constant
      : {
          op: 'If',
          from: ['c'],
          to: ['y'],
          attributes: [graphAttribute('then_branch', inner), graphAttribute('else_branch', Buffer.alloc(0))],
        };
  return graph({ nodes: [branch()], outputs: [['y', FLOAT, [1]]] });
}

/** y, of the dimensions that the constant `s` says. */
const ofShape = (dims: readonly (number | bigint)[]): Buffer =>
  model({
    nodes: [{ op: 'ConstantOfShape', from: ['s'], to: ['y'] }],
    initializers: [shapeTensor('s', dims)],
    outputs: [['y', FLOAT, ['n']]],
  });

describe('a model that passes the look from outside and is hostile all the same ends its own start only', () => {
  const petabytes = ofShape([2n ** 48n]);

  test('the one that asks for petabytes is 152 bytes or less', () => {
    expect(petabytes.length).toBeLessThanOrEqual(152);
  });

  test.each<[string, Buffer]>([
    ['asks for petabytes', petabytes],
    ['asks for more than a number can hold', ofShape([2n ** 62n, 2n ** 62n])],
    ['asks for 4 GiB', ofShape([2n ** 30n])],
    [
      'has a constant of 100,000 dimensions',
      withIdentity({ initializers: [tensor({ name: 'w', dims: manyOnes(), raw: Buffer.alloc(4) })] }),
    ],
    [
      'says that it has 2 GiB of weights, and has none',
      withIdentity({ initializers: [tensor({ name: 'w', dims: [2n ** 29n] })] }),
    ],
    [
      'has a graph that bites its tail',
      model({
        nodes: [
          { op: 'Identity', from: ['b'], to: ['a'] },
          { op: 'Identity', from: ['a'], to: ['b'] },
        ],
        outputs: [['a', FLOAT, [1]]],
      }),
    ],
    ['uses an operator that is none', withIdentity({ nodes: [{ op: 'Evil', from: ['x'], to: ['z'] }] })],
    ['is damaged in the middle', damaged()],
  ])('%s', async (_what, bytes) => {
    const outcome = await startModel(bytes, 'return [...(await context.model("m.onnx").run({})).y.data].length;')
      .then((running) => running.call(Buffer.alloc(0)))
      .then(
        () => 'an answer',
        (error: unknown) => (error as { readonly code?: string }).code,
      );
    expect(outcome).toMatch(/^E_(?:MODEL_INVALID|INPUT_INVALID|FUNCTION_MEMORY)$/);
    const next = await startModel(digits);
    expect((await next.call(Buffer.alloc(0))).bytes.toString()).toBe('1');
  });
});

function manyOnes(): readonly number[] {
  return Array.from({ length: 100_000 }, () => 1);
}

/** The digits model whose weights are whole and whose first node takes something that is not there. */
function damaged(): Buffer {
  const bytes = Buffer.from(digits);
  const at = bytes.indexOf('pixels');
  bytes.write('pixelz', at);
  return bytes;
}

describe('a hostile input', () => {
  let running: RunningFunction;
  beforeAll(async () => {
    const body = `
      if (text === 'fine') return text;
      if (text.startsWith('{')) {
        const { type, data, dims } = JSON.parse(text);
        const arrays = { float32: Float32Array, int64: BigInt64Array, uint8: Uint8Array };
        const values = type === 'int64' ? data.map(BigInt) : data;
        const { scores } = await context.model('m.onnx').run({ pixels: { type, data: new arrays[type](values), dims } });
        return scores.dims;
      }
      return (await context.picture(input, { shorterSide: 64 })).width;`;
    running = await deploy(
      makeFunction({ body, models: { 'm.onnx': digits }, yaml: `input: { max_bytes: 1000000 }\n${LIMITS}` }),
    );
  });
  afterAll(() => running.stop());
  afterEach(async () => {
    expect((await running.call(Buffer.from('fine'))).bytes.toString()).toBe('"fine"');
  });

  const zeroes = (length: number) => Array.from({ length }, () => 0);
  test.each([
    ['of another type', { type: 'int64', data: zeroes(64), dims: [1, 64] }],
    ['of another rank', { type: 'float32', data: zeroes(64), dims: [64] }],
    ['with another number of columns', { type: 'float32', data: zeroes(65), dims: [1, 65] }],
    ['with a dimension of -1', { type: 'float32', data: zeroes(64), dims: [-1, 64] }],
    ['whose dimensions multiply to more than it has', { type: 'float32', data: zeroes(64), dims: [2, 64] }],
    ['with dimensions that multiply to petabytes', { type: 'float32', data: zeroes(64), dims: [2 ** 40, 64] }],
  ])('a tensor %s is refused', async (_what, value) => {
    const call = running.call(Buffer.from(JSON.stringify(value)));
    await expect(call).rejects.toMatchObject({ code: 'E_INPUT_INVALID' });
  });

  test('numbers that are none go through the model, and harm nothing', async () => {
    // JSON has no NaN: what it does not know becomes NaN in the array, and 1e999 is infinite.
    const odd = `{"type":"float32","data":["x",1e999,-1e999,${zeroes(61).join(',')}],"dims":[1,64]}`;
    expect(JSON.parse((await running.call(Buffer.from(odd))).bytes.toString())).toEqual([1, 10]);
  });

  test('a tensor with no rows has no answer in it, and harms nothing', async () => {
    const empty = Buffer.from(JSON.stringify({ type: 'float32', data: [], dims: [0, 64] }));
    expect(JSON.parse((await running.call(empty)).bytes.toString())).toEqual([0, 10]);
  });

  test('more than the function takes is refused, though it be 1 GiB', async () => {
    await expect(running.call(Buffer.alloc(1_000_001))).rejects.toMatchObject({ code: 'E_INPUT_INVALID' });
    await expect(running.call(Buffer.alloc(1024 ** 3))).rejects.toMatchObject({ code: 'E_INPUT_INVALID' });
  });

  test.each<[string, () => Promise<Buffer>]>([
    ['a JPEG of a gigapixel', async () => jpegSaying(await small('jpeg'), 32_768)],
    ['a PNG of a gigapixel', async () => pngSaying(await small('png'), 32_768)],
    ['a JPEG that is cut off', async () => (await small('jpeg')).subarray(0, 200)],
    ['a JPEG whose middle is damaged', async () => (await small('jpeg')).fill(0xff, 20, 120)],
    ['a GIF under the name of a PNG', async () => Buffer.concat([PNG, Buffer.from('GIF89a')])],
    ['an SVG that names a file', async () => Buffer.from('<svg><image href="/etc/passwd"/></svg>')],
  ])('%s is refused', async (_what, make) => {
    await expect(running.call(await make())).rejects.toMatchObject({ code: 'E_INPUT_INVALID' });
  });

  test('a PNG of 49 megapixels in a few bytes is decoded, or ends its own call only', async () => {
    const bomb = await sharp({ create: { width: 7000, height: 7000, channels: 3, background: 'white' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    const outcome = await running.call(bomb).then(
      ({ bytes }) => bytes.toString(),
      (error: unknown) => (error as { readonly code?: string }).code,
    );
    expect(outcome).toMatch(/^(?:64|E_FUNCTION_MEMORY|E_FUNCTION_TIMEOUT)$/);
  });
});

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const small = (format: 'jpeg' | 'png'): Promise<Buffer> =>
  sharp({ create: { width: 64, height: 64, channels: 3, background: '#369' } })
    .toFormat(format)
    .toBuffer();

/** The same JPEG with another width and height in its frame header. */
function jpegSaying(jpeg: Buffer, side: number): Buffer {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt16BE(side, at + 5);
  jpeg.writeUInt16BE(side, at + 7);
  return jpeg;
}

/** The same PNG with another width and height in its first chunk, whose checksum is put right. */
function pngSaying(png: Buffer, side: number): Buffer {
  png.writeUInt32BE(side, 16);
  png.writeUInt32BE(side, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}
