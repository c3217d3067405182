/** A function on its way: whatever happens to its bytes is noticed before any of it is used. */
import { describe, expect, test } from '@jest/globals';
import { decodeFunctionBundle, makeFunctionBundle, readFunctionHead } from '../../crypto/function-bundle.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import { makeFunction } from './functions.ts';

const bundle = makeFunction({});
const changed = (at: number): Buffer => {
  const bytes = Buffer.from(bundle);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

test('the head says what the whole says', () => {
  const { config, checksum } = decodeFunctionBundle(bundle);
  expect(readFunctionHead(bundle)).toEqual({ config, checksum });
});

test('a change in any byte is refused', () => {
  for (let at = 0; at < bundle.length; at += 1) {
    expect(() => decodeFunctionBundle(changed(at))).toThrow(expect.objectContaining({ code: 'E_FUNCTION_INVALID' }));
  }
});

describe('refused by the head and by the whole:', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['three bytes', Buffer.alloc(3)],
    ['a manifest longer than all', Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), bundle])],
    ['one byte less', bundle.subarray(0, -1)],
    ['one byte more', Buffer.concat([bundle, Buffer.alloc(1)])],
  ])('%s', (_what, bytes) => {
    const refusal = expect.objectContaining({ code: 'E_FUNCTION_INVALID' });
    expect(() => decodeFunctionBundle(bytes)).toThrow(refusal);
    expect(() => readFunctionHead(bytes)).toThrow(refusal);
  });

  test('a function without function.yaml', () => {
    const content = Buffer.from('export const handle = () => 1;');
    expect(() => makeFunctionBundle([{ path: 'app.ts', mode: '0644', content }])).toThrow(
      expect.objectContaining({ code: 'E_FUNCTION_INVALID' }),
    );
  });
});

test('the runner refuses a file that is not what the manifest says, which the host did not look at', async () => {
  await expect(deploy(changed(bundle.indexOf('TextDecoder')))).rejects.toMatchObject({
    code: 'E_FUNCTION_INVALID',
    message: 'The function arrived damaged.',
  });
});
