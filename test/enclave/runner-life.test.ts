/** A runner from its start to its end: what is in it, how long it stays, and what is left of an input (issue 6, "The runner"). */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { DeployOptions, RunningFunction } from '../../enclave/host/running-function.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import { until } from '../support/patience.ts';
import { makeFunction } from './functions.ts';

const running: RunningFunction[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

async function start(made: Parameters<typeof makeFunction>[0], options: DeployOptions = {}): Promise<RunningFunction> {
  const started = await deploy(makeFunction(made), options);
  running.push(started);
  return started;
}
const ask = async (tried: RunningFunction, text = ''): Promise<unknown> =>
  JSON.parse((await tried.call(Buffer.from(text))).bytes.toString());

/** Answers the how-manieth call of its runner this is. */
const COUNTING = { head: 'let calls = 0;', body: `if (text === 'crash') process.exit(9); return ++calls;` };

describe('inside the sandbox', () => {
  test('the environment holds the settings of the libraries and where it is, and nothing of the host', async () => {
    process.env.STRONGROOM_CANARY = 'canary-of-the-host';
    const seen = await start({ body: 'return process.env;' });
    expect(Object.keys((await ask(seen)) as object).sort()).toEqual([
      'MALLOC_ARENA_MAX',
      'ORT_DISABLE_TELEMETRY',
      'PWD',
      'UV_THREADPOOL_SIZE',
      'VIPS_BLOCK_UNTRUSTED',
    ]);
  });

  test('it is nobody, with no groups, in a process tree of its own', async () => {
    const seen = await start({
      body: 'return [process.getuid(), process.geteuid(), process.getgid(), process.getgroups().filter((g) => g !== 65534), process.pid, process.ppid];',
    });
    expect(await ask(seen)).toEqual([65534, 65534, 65534, [], 2, 1]);
  });

  test('no core is dumped, and files, data and descriptors are limited', async () => {
    const seen = await start({
      body: 'process.report.excludeNetwork = true; return process.report.getReport().userLimits;',
      yaml: 'limits: { memory_mb: 256 }',
    });
    const limits = (await ask(seen)) as Readonly<Record<string, { soft: unknown; hard: unknown }>>;
    expect(limits.core_file_size_blocks).toEqual({ soft: 0, hard: 0 });
    expect(limits.open_files).toEqual({ soft: 256, hard: 256 });
    expect(limits.data_seg_size_bytes?.hard).toBe((256 + 640) * 1024 * 1024);
  });

  test('there is no /proc, no /sys, no /etc, no /home and no /tmp', async () => {
    const seen = await start({
      body: `const fs = await import('node:fs'); return ['/proc', '/sys', '/etc', '/home', '/root', '/tmp', '/var', '/run'].filter((path) => fs.existsSync(path));`,
    });
    expect(await ask(seen)).toEqual([]);
  });

  test('everything but its own folder is read-only, and its own code too cannot be changed', async () => {
    const seen = await start({
      body: `const fs = await import('node:fs');
        return ['/x', '/strongroom/x', '/node_modules/x', '/function/x', '/function/app.ts'].filter((path) => { try { fs.writeFileSync(path, ''); return true; } catch { return false; } });`,
    });
    expect(await ask(seen)).toEqual(['/function/x']);
  });
});

describe('what a call leaves', () => {
  test('an input, and the numbers made of it, are zeroes when the call is over', async () => {
    const seen = await start({
      head: 'const kept: any[] = [];',
      body: `if (text === 'look') return kept.map((bytes) => [...bytes].every((byte) => byte === 0));
             kept.push(input, context.floats(input, 2)); return [...kept[1]];`,
    });
    expect(JSON.parse((await seen.call(Buffer.from(new Float32Array([1.5, 2.5]).buffer))).bytes.toString())).toEqual([
      1.5, 2.5,
    ]);
    expect(await ask(seen, 'look')).toEqual([true, true]);
  });

  test('the state of the module stays as long as the runner does', async () => {
    const counting = await start(COUNTING);
    expect([await ask(counting), await ask(counting), await ask(counting)]).toEqual([1, 2, 3]);
  });

  test('two functions share nothing, though their code is the same', async () => {
    const [one, other] = [await start(COUNTING), await start(COUNTING)];
    await ask(one);
    expect(await ask(other)).toBe(1);
    expect((await one.keys()).channelKey).not.toBe((await other.keys()).channelKey);
  });

  test('calls at once are answered each with its own answer, in order', async () => {
    const echo = await start({ body: `await new Promise((r) => setTimeout(r, 20 - 5 * Number(text))); return text;` });
    expect(await Promise.all(['0', '1', '2', '3'].map((text) => ask(echo, text)))).toEqual(['0', '1', '2', '3']);
  });

  test('an answer of bytes comes back byte for byte', async () => {
    const bytes = await start({
      body: `return new Uint8Array([0, 255, 128, 10, 13]);`,
      yaml: 'output: { type: bytes }',
    });
    expect([...(await bytes.call(Buffer.alloc(0))).bytes]).toEqual([0, 255, 128, 10, 13]);
  });
});

describe('how long a runner stays', () => {
  test('a crash costs the call that caused it, and the next runner has other keys', async () => {
    const counting = await start(COUNTING);
    const before = await counting.keys();
    await ask(counting);
    await expect(ask(counting, 'crash')).rejects.toMatchObject({
      code: 'E_FUNCTION_CRASHED',
      next: expect.stringContaining('Call again'),
    });
    expect(await ask(counting)).toBe(1);
    expect(await counting.keys()).not.toEqual(before);
  });

  test('it is recycled after as many calls as the policy says', async () => {
    const counting = await start(COUNTING, { policy: { maxCalls: 2, idleSeconds: 60 } });
    const answers: unknown[] = [];
    for (let call = 0; call < 5; call += 1) answers.push(await ask(counting));
    expect(answers).toEqual([1, 2, 1, 2, 1]);
  });

  test('its memory is given back after as many idle seconds as the policy says, and the next call starts another', async () => {
    const counting = await start(COUNTING, { policy: { maxCalls: 100, idleSeconds: 0.2 } });
    await ask(counting);
    const { receiptKey } = await counting.keys();
    await until('another runner', async () => (await counting.keys()).receiptKey !== receiptKey);
    expect(await ask(counting)).toBe(1);
  });

  test('one that is asked for its keys only is given back too', async () => {
    const counting = await start(COUNTING, { policy: { maxCalls: 100, idleSeconds: 0.2 } });
    await counting.keys();
    await until('its end', () => childrenOf(process.pid).length === 0);
  });

  test('stop ends it, what was under way fails by name, and no process of it is left', async () => {
    const marker = `marked-${process.pid}-${Date.now()}`;
    const waiting = await start({ body: `await new Promise((r) => setTimeout(r, 60_000));`, head: `// ${marker}` });
    const call = waiting.call(Buffer.from('x'));
    const outcome = expect(call).rejects.toMatchObject({ code: 'E_RUNNER_RESTARTED' });
    await waiting.stop();
    await outcome;
    expect(childrenOf(process.pid)).toEqual([]);
  });
});

/** The bubblewraps below a process. */
function childrenOf(pid: number): string[] {
  const listing = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(pid)], { encoding: 'utf8' });
  return listing.split('\n').filter((line) => line.includes('bwrap'));
}

describe('cold start', () => {
  test('a runner with a model is there, and answers its first call; how long that took is printed', async () => {
    const digits = readFileSync(new URL('../../examples/digits-model/model.onnx', import.meta.url));
    const bundle = makeFunction({
      models: { 'm.onnx': digits },
      body: `return (await context.model('m.onnx').run({ pixels: { type: 'float32', data: new Float32Array(64), dims: [1, 64] } })).scores.dims;`,
    });
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const began = performance.now();
      const started = await deploy(bundle);
      running.push(started);
      expect(await ask(started)).toEqual([1, 10]);
      times.push(Math.round(performance.now() - began));
    }
    console.info(`Cold start to the first answer: ${times.join(', ')} ms (target: 500)`);
  });
});
