/** Temporal's full server with its state in our Postgres: the shape of production, on one machine. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { stringify } from 'yaml';
import { startChild, type Child } from './child-process.ts';
import { freePort } from './free-port.ts';
import { findFullTemporal } from './full-temporal-binaries.ts';
import { SEARCH_ATTRIBUTES, SERVER_SETTINGS } from './temporal-needs.ts';
import { untilServing } from './temporal-serving.ts';

const run = promisify(execFile);

export interface FullTemporalOptions {
  /** Holds its configuration, with the password of the database in it: only its owner reads it. */
  readonly folder: string;
  readonly logFile: string;
  readonly namespace: string;
  readonly port: number;
  /** With the password. Its user may make databases. */
  readonly databaseUrl: string;
  readonly report: (line: string) => void;
}

export interface FullTemporal {
  /** Starts the server and waits until it serves. Fails with `E_UNAVAILABLE`. */
  start(): Promise<Child>;
}

/** In Temporal's words: its own tables, and those by which workflows are found. */
const DATABASES = { temporal: 'temporal', visibility: 'temporal_visibility' } as const;
/** Can never be changed afterwards. Enough for one machine. */
const SHARDS = 4;
const SERVICES = ['frontend', 'history', 'matching', 'worker'] as const;
const KEPT_DAYS = 30;

/** Makes the databases, or brings them to this version, and writes the configuration. */
export async function openFullTemporal(options: FullTemporalOptions): Promise<FullTemporal> {
  const { folder, logFile, namespace, port, databaseUrl, report } = options;
  const { server, sqlTool } = await findFullTemporal(report);
  const database = new URL(databaseUrl);
  await makeDatabases(sqlTool, database);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const settings = path.join(folder, 'settings.yaml');
  const values = Object.entries(SERVER_SETTINGS).map(([name, value]) => [name, [{ value }]]);
  await writeFile(settings, stringify(Object.fromEntries(values)), { mode: 0o600 });
  const configuration = stringify(await describeServer(port, database, settings));
  await writeFile(path.join(folder, 'server.yaml'), configuration, { mode: 0o600 });
  return {
    async start() {
      const args = ['--root', folder, '--config', '.', '--env', 'server', '--allow-no-auth', 'start'];
      const child = await startChild(server, { args, logFile });
      await untilServing(`127.0.0.1:${port}`, namespace, child, (connection) => prepare(connection, namespace));
      return child;
    },
  };
}

async function makeDatabases(sqlTool: string, { hostname, port, username, password }: URL): Promise<void> {
  const env = {
    ...process.env,
    SQL_PLUGIN: 'postgres12',
    SQL_HOST: hostname,
    SQL_PORT: port,
    SQL_USER: username,
    SQL_PASSWORD: decodeURIComponent(password),
  };
  for (const [schema, name] of Object.entries(DATABASES)) {
    const tool = (...args: string[]) => run(sqlTool, ['--db', name, ...args], { env });
    await tool('create');
    await tool('setup-schema', '-v', '0.0');
    await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

/** Its services are one process, as they would be several, and talk by ports that only this machine reaches. */
async function describeServer(port: number, database: URL, settings: string) {
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: database.host,
      connectProtocol: 'tcp',
      user: database.username,
      password: decodeURIComponent(database.password),
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  const services: Record<string, unknown> = {};
  for (const service of SERVICES) {
    const grpcPort = service === 'frontend' ? port : await freePort();
    services[service] = { rpc: { grpcPort, membershipPort: await freePort(), bindOnLocalHost: true } };
  }
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: { default: store(DATABASES.temporal, 8), visibility: store(DATABASES.visibility, 2) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services,
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `127.0.0.1:${port}` },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: settings, pollInterval: '60s' },
  };
}

/** Makes the namespace and the search attributes where they are missing. */
async function prepare(connection: Connection, namespace: string): Promise<void> {
  const { workflowService, operatorService } = connection;
  const known = await workflowService.describeNamespace({ namespace }).catch(() => null);
  if (known === null) {
    const workflowExecutionRetentionPeriod = msToTs(`${KEPT_DAYS} days`);
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
  }
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes });
}
