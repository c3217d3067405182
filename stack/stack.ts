/** The whole platform on one machine: Postgres, Temporal with its Web UI, the API, the worker and the enclave. */
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { StrongroomError } from '../domain/errors.ts';
import { startChild, type Child } from './child-process.ts';
import type { PlatformConfiguration } from './configuration.ts';
import { startEnclave } from './enclave.ts';
import { freePort } from './free-port.ts';
import { openFullTemporal } from './full-temporal.ts';
import { readLogInSettings } from './log-in-settings.ts';
import { openPostgres, type PostgresCluster } from './postgres.ts';
import { endLeftovers } from './process-record.ts';
import { supervise } from './supervision.ts';
import { startTemporalServer } from './temporal-server.ts';

export interface StackAddresses {
  readonly api: string;
  readonly apiReference: string;
  /** The page for operators. */
  readonly operations: string;
  /** Host and port. */
  readonly temporal: string;
  readonly temporalNamespace: string;
  /** `null` where Temporal is not ours: its Web UI is wherever it was set up. */
  readonly temporalUi: string | null;
}

export interface RunningStack {
  readonly addresses: StackAddresses;
  stop(): Promise<void>;
}

const ROOT = path.resolve(import.meta.dirname, '..');
/** A machine that is busy with other things takes its time; what ends while it starts is told at once. */
const PATIENCE_MS = 180_000;

/** Brings everything up that is not configured to be elsewhere. Fails with `E_CONFIG` before that. On failure what was started is stopped again. */
export async function bringUp(config: PlatformConfiguration, report: (line: string) => void): Promise<RunningStack> {
  readLogInSettings(config);
  const stops: Stops = { processes: [], servers: [] };
  const stop = async () => {
    // The API and the worker end their work at the same time, and need the servers until then.
    for (const parts of [stops.processes, stops.servers]) {
      await Promise.all(parts.splice(0).map((stopPart) => stopPart()));
    }
  };
  try {
    await mkdir(config.dataFolder, { recursive: true, mode: 0o711 });
    return { addresses: await startParts(config, report, stops), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Stops {
  readonly processes: (() => Promise<void>)[];
  readonly servers: (() => Promise<void>)[];
}

async function startParts(
  config: PlatformConfiguration,
  report: (line: string) => void,
  stops: Stops,
): Promise<StackAddresses> {
  const { dataFolder, temporalNamespace: namespace } = config;
  const within = (...names: string[]) => path.join(dataFolder, ...names);
  const keepRunning = async (name: string, start: () => Promise<Child>) => {
    const part = await supervise({ dataFolder, name, report, start });
    const kind = name === 'api' || name === 'worker' ? 'processes' : 'servers';
    stops[kind].push(() => part.stop());
    report(`${name} is up`);
  };
  for (const name of await endLeftovers(dataFolder))
    report(`${name} was left running by an earlier start; it was ended`);

  const postgres = config.databaseUrl ? null : await startPostgres(within('postgres'), keepRunning);
  // The password of ours is not in the environment: processes find it in the file.
  const database = postgres
    ? { DATABASE_URL: postgres.address, PGPASSFILE: postgres.passFile }
    : { DATABASE_URL: config.databaseUrl ?? '' };
  const port = config.apiPort || (await freePort());
  const api = `http://${config.apiHost}:${port}`;
  const publicUrl = config.publicUrl ?? api;
  const temporal = config.temporalAddress
    ? { address: config.temporalAddress, uiUrl: null }
    : config.temporalServer === 'postgres'
      ? await startFullTemporal(config, postgres, within, report, keepRunning)
      : await startTemporal(config, publicUrl, within, report, keepRunning);
  const temporalUi = config.temporalUiUrl ?? temporal.uiUrl;
  const env = {
    STRONGROOM_DATA: dataFolder,
    STRONGROOM_API_PORT: String(port),
    STRONGROOM_PUBLIC_URL: publicUrl,
    ...(temporalUi !== null && { STRONGROOM_TEMPORAL_UI_URL: temporalUi }),
    STRONGROOM_SIGN_UPS_PER_MINUTE: String(config.signUpsPerMinute),
    STRONGROOM_OPERATORS: config.operators,
    STRONGROOM_SANDBOX: config.sandbox,
    ...(config.masterKeyFile !== null && { STRONGROOM_MASTER_KEY_FILE: config.masterKeyFile }),
    STRONGROOM_LOG_INS_PER_MINUTE: String(config.logInsPerMinute),
    STRONGROOM_STRANGERS_PER_MINUTE: String(config.strangersPerMinute),
    STRONGROOM_ACCOUNT_PER_MINUTE: String(config.accountPerMinute),
    STRONGROOM_TOKEN_PER_MINUTE: String(config.tokenPerMinute),
    ...database,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const start = async (name: string, script: string, isReady: () => Promise<boolean>) => {
    const logFile = within('logs', `${name}.log`);
    const child = await startChild(process.execPath, { args: [path.join(ROOT, script)], logFile, env });
    await until(child, name, isReady);
    return child;
  };
  await keepRunning('api', () => start('api', 'api/server.ts', async () => (await fetch(`${api}/livez`)).ok));
  const ready = within('worker.ready');
  const startWorker = async () => {
    await rm(ready, { force: true });
    return start('worker', 'workers/platform.ts', async () => (await stat(ready)).isFile());
  };
  await Promise.all([keepRunning('worker', startWorker), startEnclave({ dataFolder, keepRunning, start })]);
  await untilReady(api);
  return {
    api,
    apiReference: `${api}/docs`,
    temporal: temporal.address,
    temporalNamespace: namespace,
    temporalUi,
    operations: `${publicUrl}/operations`,
  };
}

/** The parts are there; now they must have found one another. Fails with `E_UNAVAILABLE`. */
async function untilReady(api: string): Promise<void> {
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS;) {
    const answer = await fetch(`${api}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await pause(100);
  }
  throw new StrongroomError('E_UNAVAILABLE', 'The platform started, but does not get work done.', {
    next: 'Run: strongroom doctor',
  });
}

type KeepRunning = (name: string, start: () => Promise<Child>) => Promise<void>;

async function startPostgres(folder: string, keepRunning: KeepRunning): Promise<PostgresCluster> {
  const postgres = await openPostgres(folder);
  await keepRunning('postgres', () => postgres.start());
  return postgres;
}

/** Fails with `E_CONFIG` where the database is not ours: then its owner runs Temporal, too. */
async function startFullTemporal(
  { temporalNamespace: namespace }: PlatformConfiguration,
  postgres: PostgresCluster | null,
  within: (...names: string[]) => string,
  report: (line: string) => void,
  keepRunning: KeepRunning,
): Promise<{ readonly address: string; readonly uiUrl: null }> {
  if (postgres === null) {
    throw new StrongroomError('E_CONFIG', 'Temporal is put into the embedded Postgres only.', {
      next: 'Leave DATABASE_URL out, or set TEMPORAL_ADDRESS to a Temporal that you run.',
    });
  }
  const [port, folder] = [await freePort(), within('temporal')];
  const logFile = within('logs', 'temporal.log');
  const temporal = await openFullTemporal({ folder, logFile, namespace, port, databaseUrl: postgres.url, report });
  await keepRunning('temporal', () => temporal.start());
  return { address: `127.0.0.1:${port}`, uiUrl: null };
}

async function startTemporal(
  config: PlatformConfiguration,
  publicUrl: string,
  within: (...names: string[]) => string,
  report: (line: string) => void,
  keepRunning: KeepRunning,
): Promise<{ readonly address: string; readonly uiUrl: string }> {
  const port = await freePort();
  const uiPort = config.temporalUiPort || (await freePort());
  const [folder, logFile] = [within('temporal'), within('logs', 'temporal.log')];
  const { temporalNamespace: namespace, payloadKeysFile } = config;
  const codecEndpoint = payloadKeysFile === null ? null : `${publicUrl}/operations/codec`;
  const options = { folder, logFile, namespace, port, uiPort, codecEndpoint, report };
  await keepRunning('temporal', () => startTemporalServer(options));
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}` };
}

async function until(child: Child, what: string, isReady: () => Promise<boolean>): Promise<void> {
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS && !child.exited();) {
    if (await isReady().catch(() => false)) return;
    await pause(100);
  }
  await child.stop();
  throw new StrongroomError('E_UNAVAILABLE', `The ${what} process did not start.`, {
    next: `Look into its log: ${child.logFile}`,
  });
}
