/** The whole platform on one machine: Postgres, Temporal with its Web UI, the worker and the API. */
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { StrongroomError } from '../domain/errors.ts';
import { startChild, type Child } from './child-process.ts';
import type { PlatformConfiguration } from './configuration.ts';
import { freePort } from './free-port.ts';
import { startPostgres } from './postgres.ts';
import { startTemporalServer } from './temporal-server.ts';

export interface StackAddresses {
  readonly api: string;
  readonly apiReference: string;
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
const PATIENCE_MS = 60_000;

/** Brings everything up that is not configured to be elsewhere. On failure what was started is stopped again. */
export async function bringUp(config: PlatformConfiguration, report: (line: string) => void): Promise<RunningStack> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart();
  };
  try {
    await mkdir(config.dataFolder, { recursive: true, mode: 0o711 });
    return { addresses: await startParts(config, report, stops), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  config: PlatformConfiguration,
  report: (line: string) => void,
  stops: (() => Promise<void>)[],
): Promise<StackAddresses> {
  const within = (...names: string[]) => path.join(config.dataFolder, ...names);
  const keep = <Part extends { stop(): Promise<void> }>(part: Part): Part => {
    stops.push(() => part.stop());
    return part;
  };
  const databaseUrl = config.databaseUrl ?? keep(await startPostgres(within('postgres'))).url;
  report('Postgres is up');
  const { temporalNamespace: namespace } = config;
  const temporal = config.temporalAddress
    ? { address: config.temporalAddress, uiUrl: null }
    : keep(
        await startTemporalServer({
          folder: within('temporal'),
          logFile: within('logs', 'temporal.log'),
          namespace,
          report,
          uiPort: config.temporalUiPort,
        }),
      );
  report('Temporal is up');
  const port = config.apiPort || (await freePort());
  const api = `http://${config.apiHost}:${port}`;
  const env = {
    STRONGROOM_DATA: config.dataFolder,
    STRONGROOM_API_PORT: String(port),
    STRONGROOM_PUBLIC_URL: config.publicUrl ?? api,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const start = (name: string, script: string) =>
    startChild(process.execPath, { args: [path.join(ROOT, script)], logFile: within('logs', `${name}.log`), env });
  const apiProcess = keep(await start('api', 'api/server.ts'));
  await until(apiProcess, 'The API', async () => (await fetch(`${api}/readyz`)).ok);
  report('The API is up');
  const ready = within('worker.ready');
  await rm(ready, { force: true });
  const worker = keep(await start('worker', 'workers/platform.ts'));
  await until(worker, "The platform's worker", async () => (await stat(ready)).isFile());
  report("The platform's worker is up");
  return {
    api,
    apiReference: `${api}/docs`,
    temporal: temporal.address,
    temporalNamespace: namespace,
    temporalUi: temporal.uiUrl,
  };
}

async function until(child: Child, what: string, isReady: () => Promise<boolean>): Promise<void> {
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS && !child.exited();) {
    if (await isReady().catch(() => false)) return;
    await pause(100);
  }
  throw new StrongroomError('E_UNAVAILABLE', `${what} did not start.`, { next: `Look into its log: ${child.logFile}` });
}
