/** The embedded Temporal: a development server with its Web UI, its state in a SQLite file of ours. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { startChild, type Child } from './child-process.ts';
import { findTemporal } from './temporal-binary.ts';
import { untilServing } from './temporal-serving.ts';
import { SEARCH_ATTRIBUTES, SERVER_SETTINGS } from './temporal-needs.ts';

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
      ...each(
        '--dynamic-config-value',
        Object.entries(SERVER_SETTINGS).map(([name, value]) => `${name}=${value}`),
      ),
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
