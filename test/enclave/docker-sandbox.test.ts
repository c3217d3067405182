/** The other backend: the same runner in a Docker container, shut in as tightly (issue 6, "The runner"). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import type { RunningFunction } from '../../enclave/host/running-function.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import { until } from '../support/patience.ts';
import { makeFunction } from './functions.ts';

const docker = new Docker();
const HOST = 'strongroom.runner.host';
const LIMITS = 'limits: { memory_mb: 256, seconds: 60 }';
/** For what must run into it; whatever else a function does may take long on a busy machine. */
const SOON_OVER = 'limits: { memory_mb: 256, seconds: 2 }';

const running: RunningFunction[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  await until('no container of this process is left', async () => (await containersOf(process.pid)) === 0);
});

async function start(made: Parameters<typeof makeFunction>[0]): Promise<RunningFunction> {
  const started = await deploy(makeFunction({ yaml: LIMITS, ...made }), { sandbox: 'docker' });
  running.push(started);
  return started;
}
const ask = async (tried: RunningFunction, text: string): Promise<unknown> =>
  JSON.parse((await tried.call(Buffer.from(text))).bytes.toString());

async function containersOf(pid: number | undefined): Promise<number> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${HOST}=${pid ?? ''}`] } });
  return found.length;
}

test('a model runs in a container, what the function prints disturbs nothing, and nothing of it is left', async () => {
  const digits = readFileSync(new URL('../../examples/digits-model/model.onnx', import.meta.url));
  const tried = await start({
    models: { 'm.onnx': digits },
    body: `console.log('printed'); console.error('printed');
      const pixels = { type: 'float32', data: new Float32Array(64), dims: [1, 64] };
      return (await context.model('m.onnx').run({ pixels })).scores.dims;`,
  });
  expect([await ask(tried, ''), await ask(tried, '')]).toEqual([
    [1, 10],
    [1, 10],
  ]);
  expect(await containersOf(process.pid)).toBe(1);
});

test('it is nobody, without capabilities, core dumps, other processes or the environment of the host', async () => {
  process.env.STRONGROOM_CANARY = 'canary-of-the-host';
  const tried = await start({
    body: `const fs = await import('node:fs'); process.report.excludeNetwork = true;
      const status = fs.readFileSync('/proc/self/status', 'utf8');
      const line = (name) => new RegExp('^' + name + ':\\\\s*(.*)$', 'm').exec(status)?.[1];
      return { user: process.getuid(), environment: process.env, capabilities: line('CapEff'), noNewPrivileges: line('NoNewPrivs'),
        filter: line('Seccomp'), core: process.report.getReport().userLimits.core_file_size_blocks.hard,
        processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)) };`,
  });
  const seen = await ask(tried, '');
  expect(JSON.stringify(seen)).not.toContain('canary-of-the-host');
  expect(seen).toMatchObject({
    user: 65534,
    capabilities: '0000000000000000',
    noNewPrivileges: '1',
    filter: '2',
    core: 0,
    processes: ['1'],
  });
});

describe('a hostile function in a container ends in its named error, and the next call works:', () => {
  test.each([
    [
      'processes without end',
      'E_FUNCTION_DENIED',
      `const { spawnSync } = await import('node:child_process'); for (;;) { const { error } = spawnSync(process.execPath, ['-e', '1']); if (error) throw error; }`,
    ],
    ['2 GB of memory', 'E_FUNCTION_MEMORY', `return Buffer.alloc(2 * 1024 ** 3, 1).length;`],
    ['a loop without end', 'E_FUNCTION_TIMEOUT', `for (;;);`],
    ['the network', 'E_FUNCTION_DENIED', `await fetch('http://169.254.169.254/');`],
    [
      'a file of the runner',
      'E_FUNCTION_DENIED',
      `(await import('node:fs')).writeFileSync('/strongroom/enclave/runner/main.ts', '');`,
    ],
    [
      'a file of the system',
      'E_FUNCTION_DENIED',
      `(await import('node:fs')).readFileSync('/var/run/docker.sock', 'utf8');`,
    ],
    ['its own end', 'E_FUNCTION_CRASHED', `process.exit(0);`],
    ['lies between the frames', 'E_FUNCTION_CRASHED', `(await import('node:fs')).writeSync(1, 'no frame at all');`],
  ])('%s', async (_what, code, body) => {
    const yaml = code === 'E_FUNCTION_TIMEOUT' ? SOON_OVER : LIMITS;
    const tried = await start({ body: `if (text !== 'attack') return 'fine'; ${body}`, yaml });
    await expect(ask(tried, 'attack')).rejects.toMatchObject({ code });
    expect(await ask(tried, 'again')).toBe('fine');
  });
});

test('a host that is killed leaves no runner: it ends with its connection, and the next host removes what is left', async () => {
  const killed = await startHost('setInterval(() => {}, 1000);');
  expect(await containersOf(killed.pid)).toBe(1);
  killed.kill('SIGKILL');
  await once(killed, 'close');
  await until('its runner has ended', async () => {
    const left = await docker.listContainers({ filters: { label: [`${HOST}=${killed.pid ?? ''}`] } });
    return left.length === 0;
  });
  const next = await startHost('await running.stop();');
  await once(next, 'close');
  expect(await containersOf(killed.pid)).toBe(0);
});

/** Another process that deploys a function, says so, and goes on with `then`. */
async function startHost(then: string) {
  const script = `
    import { deploy } from ${JSON.stringify(new URL('../../enclave/host/running-function.ts', import.meta.url).href)};
    import { makeFunction } from ${JSON.stringify(new URL('functions.ts', import.meta.url).href)};
    const running = await deploy(makeFunction({ body: 'return 1;' }), { sandbox: 'docker' });
    console.log('started');
    ${then}`;
  const host = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(host.stdout, 'data');
  return host;
}
