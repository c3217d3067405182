/** The embedded Temporal: a development server with its Web UI, its state in a SQLite file of ours. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { StrongroomError } from '../domain/errors.ts';
import { startChild, type Child } from './child-process.ts';
import { findTemporal } from './temporal-binary.ts';

export interface TemporalServerOptions {
  readonly folder: string;
  readonly logFile: string;
  readonly namespace: string;
  readonly port: number;
  readonly uiPort: number;
  /** Where the Web UI has encrypted payloads opened; `null` where none are. */
  readonly codecEndpoint: string | null;
  readonly report: (line: string) => void;
}

/** By these an operator finds what is stuck, and on whom. */
const SEARCH_ATTRIBUTES = ['Stage', 'WaitingOn', 'Container', 'Benchmark'];
/**
 * Without the first two each step of a workflow waits on a limit of 20 polls a second. Without the last, of a large
 * committee ten members vote at a time, and the others are sent away and tried again a second or more later.
 */
const SETTINGS = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.maxInFlightUpdates=200',
];
/** These halve the cost of a file. */
const PRAGMAS = ['journal_mode=wal', 'synchronous=normal'];

/** Starts the server and waits until it serves. Fails with `E_UNAVAILABLE`. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<Child> {
  const { folder, logFile, namespace, port, uiPort, codecEndpoint } = options;
  const binary = await findTemporal(options.report);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const each = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  const child = await startChild(binary, {
    args: [
      ...[
        'server',
        'start-dev',
        '--ip',
        '127.0.0.1',
        '--ui-ip',
        '127.0.0.1',
        '--port',
        String(port),
        '--ui-port',
        String(uiPort),
      ],
      ...['--db-filename', path.join(folder, 'temporal.sqlite'), '--namespace', namespace, '--log-level', 'warn'],
      ...each('--ui-codec-endpoint', codecEndpoint === null ? [] : [codecEndpoint]),
      ...each('--dynamic-config-value', SETTINGS),
      ...each('--sqlite-pragma', PRAGMAS),
      ...each(
        '--search-attribute',
        SEARCH_ATTRIBUTES.map((name) => `${name}=Keyword`),
      ),
    ],
    logFile,
  });
  await untilServing(`127.0.0.1:${port}`, namespace, child);
  return child;
}

const PATIENCE_MS = 60_000;

async function untilServing(address: string, namespace: string, child: Child): Promise<void> {
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS;) {
    if (child.exited()) break;
    try {
      const connection = await Connection.connect({ address, connectTimeout: '1s' });
      try {
        await connection.workflowService.describeNamespace({ namespace });
        return;
      } finally {
        await connection.close();
      }
    } catch {
      await pause(100);
    }
  }
  await child.stop();
  throw new StrongroomError('E_UNAVAILABLE', 'The Temporal server did not start.', {
    next: `Look into its log: ${child.logFile}`,
  });
}
