/** Whatever a function does, it ends in its named error, and the next call works (quality.md E8, E9; issue 6). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { RunningFunction } from '../../enclave/host/running-function.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import { makeFunction } from './functions.ts';

const running: RunningFunction[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

async function start(made: Parameters<typeof makeFunction>[0]): Promise<RunningFunction> {
  const started = await deploy(makeFunction(made));
  running.push(started);
  return started;
}

const LIMITS = 'limits: { memory_mb: 256, seconds: 60 }';
/** For what must run into it; whatever else a function does may take long on a busy machine. */
const SOON_OVER = 'limits: { memory_mb: 256, seconds: 2 }';
const ask = async (tried: RunningFunction, text: string) =>
  JSON.parse((await tried.call(Buffer.from(text))).bytes.toString()) as unknown;

/** The same function does the hostile thing when told to, and answers otherwise. */
const hostile = (body: string, yaml = LIMITS) => start({ body: `if (text !== 'attack') return 'fine'; ${body}`, yaml });

/** Each with the error that it must end in. `escaped` would be its success. */
const ATTACKS: readonly (readonly [string, string, string])[] = [
  [
    'starts processes without end',
    'E_FUNCTION_DENIED',
    `const { spawnSync } = await import('node:child_process'); for (;;) { const { error } = spawnSync(process.execPath, ['-e', '1']); if (error) throw error; }`,
  ],
  ['allocates 2 GB', 'E_FUNCTION_MEMORY', `return Buffer.alloc(2 * 1024 ** 3, 1).length;`],
  [
    'fills the heap',
    'E_FUNCTION_MEMORY',
    `const kept: unknown[] = []; for (;;) kept.push(new Array(1000).fill({}).map(() => ({ a: 1 })));`,
  ],
  ['loops without end', 'E_FUNCTION_TIMEOUT', `for (;;);`],
  ['waits without end', 'E_FUNCTION_TIMEOUT', `await new Promise(() => setInterval(() => {}, 1000));`],
  [
    'connects to an address',
    'E_FUNCTION_DENIED',
    `const { connect } = await import('node:net'); await new Promise((_, reject) => connect(80, '127.0.0.1').on('error', reject));`,
  ],
  ['asks for a name', 'E_FUNCTION_DENIED', `await fetch('http://example.org/');`],
  [
    'listens',
    'E_FUNCTION_DENIED',
    `const { createServer } = await import('node:net'); await new Promise((_, reject) => createServer().on('error', reject).listen('/function/s'));`,
  ],
  [
    'reads /proc/1/environ',
    'E_FUNCTION_DENIED',
    `const { readFileSync } = await import('node:fs'); return readFileSync('/proc/1/environ', 'utf8');`,
  ],
  [
    'reads /etc/passwd',
    'E_FUNCTION_DENIED',
    `const { readFileSync } = await import('node:fs'); return readFileSync('/etc/passwd', 'utf8');`,
  ],
  [
    'changes the code of the runner',
    'E_FUNCTION_DENIED',
    `const { writeFileSync } = await import('node:fs'); writeFileSync('/strongroom/enclave/runner/main.ts', '');`,
  ],
  [
    'writes outside its folder',
    'E_FUNCTION_DENIED',
    `const { writeFileSync } = await import('node:fs'); writeFileSync('/left-behind', 'x');`,
  ],
  [
    'fills its folder',
    'E_FUNCTION_DENIED',
    `const { appendFileSync } = await import('node:fs'); const much = Buffer.alloc(1024 ** 2); for (;;) appendFileSync('/function/much', much);`,
  ],
  ['ends the process', 'E_FUNCTION_CRASHED', `process.exit(0);`],
  ['kills its process', 'E_FUNCTION_CRASHED', `process.abort();`],
  [
    'fails in a promise that nobody awaits',
    'E_FUNCTION_CRASHED',
    `setTimeout(() => { throw new Error('later'); }, 1); await new Promise((r) => setTimeout(r, 1000));`,
  ],
  ['throws', 'E_FUNCTION_FAILED', `throw new Error(text);`],
  ['throws something odd', 'E_FUNCTION_FAILED', `throw null;`],
  ['answers what is no JSON', 'E_FUNCTION_FAILED', `return () => 1;`],
  [
    'starts threads without end',
    'E_FUNCTION_MEMORY',
    `const { Worker } = await import('node:worker_threads'); const kept = []; for (;;) { const w = new Worker('setInterval(() => {}, 1000)', { eval: true }); kept.push(w); await new Promise((ok, no) => { w.on('online', ok); w.on('error', no); }); }`,
  ],
];

describe('a hostile function', () => {
  test.each(ATTACKS)('%s: ends in %s, and the next call works', async (_what, code, body) => {
    const tried = await hostile(body, code === 'E_FUNCTION_TIMEOUT' ? SOON_OVER : LIMITS);
    await expect(ask(tried, 'attack')).rejects.toMatchObject({ code });
    await expect(ask(tried, 'again')).resolves.toBe('fine');
  });

  test('says nothing of the input in its error', async () => {
    const tried = await hostile('const error = new Error(text); error.name = text; throw error;');
    const failure: unknown = await ask(tried, 'attack').catch((error: unknown) => error);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('attack');
  });

  test('costs the calls beside it nothing: they go to the next runner', async () => {
    const tried = await hostile('process.exit(1);');
    const results = await Promise.allSettled(['one', 'attack', 'two', 'three'].map((text) => ask(tried, text)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });

  test('has no environment, no capabilities and no name of the machine', async () => {
    process.env.STRONGROOM_CANARY = 'canary-of-the-host';
    const tried = await start({
      body: `const os = await import('node:os'); return { environment: process.env, user: process.getuid(), host: os.hostname(), pid: process.pid };`,
    });
    const seen = await ask(tried, '');
    expect(JSON.stringify(seen)).not.toContain('canary-of-the-host');
    expect(seen).toMatchObject({ user: 65534, host: 'runner', pid: 2 });
  });
});

describe('a hostile model or input', () => {
  const digits = readFileSync(new URL('../../examples/digits-model/model.onnx', import.meta.url));

  test('a model that is cut off is refused before it is deployed', () => {
    expect(() => makeFunction({ models: { 'm.onnx': digits.subarray(0, digits.length / 2) } })).toThrow(
      expect.objectContaining({ code: 'E_MODEL_INVALID' }),
    );
  });
});
