import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { readPlatformConfiguration } from '../../stack/configuration.ts';
import { freePort } from '../../stack/free-port.ts';
import { connectTemporalClient, temporalConnectionOptions } from '../../stack/temporal-connection.ts';
import { startTemporalServer } from '../../stack/temporal-server.ts';

let folder: string;
const configuration = (env: Record<string, string> = {}) =>
  readPlatformConfiguration({ STRONGROOM_DATA: folder, ...env });
const start = async () => {
  const [port, uiPort] = [await freePort(), await freePort()];
  const server = await startTemporalServer({
    folder: path.join(folder, 'temporal'),
    logFile: path.join(folder, 'logs', 'temporal.log'),
    namespace: 'default',
    port,
    uiPort,
    codecEndpoint: null,
    report: () => undefined,
  });
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}`, stop: () => server.stop() };
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-test-temporal-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('D11: the server knows the search attributes, shows itself and its Web UI to this machine only, and keeps its histories over a restart', async () => {
  const first = await start();
  const before = await connectTemporalClient(configuration(), first.address);
  const { customAttributes } = await before.client.connection.operatorService.listSearchAttributes({
    namespace: 'default',
  });
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining(['Stage', 'WaitingOn', 'Container', 'Benchmark']),
  );
  expect((await fetch(first.uiUrl)).status).toBe(200);
  for (const host of outsideAddresses()) {
    expect(await answers(host, first.address.split(':')[1])).toBe(false);
    expect(await answers(host, new URL(first.uiUrl).port)).toBe(false);
  }
  await before.client.workflow.start('waitsForAWorker', { workflowId: 'kept', taskQueue: 'nobody' });
  await before.close();
  await first.stop();

  const second = await start();
  const after = await connectTemporalClient(configuration(), second.address);
  expect((await after.client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  await after.close();
  await second.stop();
});

test('secrets of a connection come from the files that are configured', async () => {
  const file = async (name: string, content: string) => {
    await writeFile(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const env = {
    TEMPORAL_API_KEY_FILE: await file('api-key', 'the key\n'),
    TEMPORAL_TLS_CLIENT_CERT_PATH: await file('certificate', 'C'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: await file('key', 'K'),
  };
  const { TEMPORAL_API_KEY_FILE, ...pair } = env;
  const tls = { clientCertPair: { crt: Buffer.from('C'), key: Buffer.from('K') } };
  expect(temporalConnectionOptions(configuration(), 'a:1')).toEqual({ address: 'a:1' });
  expect(temporalConnectionOptions(configuration(pair), 'a:1')).toEqual({ address: 'a:1', tls });
  expect(temporalConnectionOptions(configuration({ TEMPORAL_API_KEY_FILE }), 'a:1')).toEqual({
    address: 'a:1',
    tls: true,
    apiKey: 'the key',
  });
});

test('D11: past one machine the Web UI is for looking only, and neither it nor the frontend is open to other machines', async () => {
  const compose = parse(await readFile(new URL('../../docker-compose.yml', import.meta.url), 'utf8')) as {
    services: Record<string, { ports?: string[]; environment?: Record<string, string> }>;
  };
  expect(compose.services['temporal-ui']?.environment).toMatchObject({ TEMPORAL_DISABLE_WRITE_ACTIONS: 'true' });
  const open = Object.entries(compose.services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
  expect(open.filter(([, port]) => !port?.startsWith('127.0.0.1:'))).toEqual([['api', '8080:8080']]);
});

const outsideAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);

const answers = (host: string, port: string | undefined): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 2_000 });
    const end = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
