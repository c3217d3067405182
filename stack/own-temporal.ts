/** A Temporal of a party's own, where it is given none: it runs with the agent, and its state stays in the party's folder. */
import path from 'node:path';
import { freePort } from './free-port.ts';
import { endLeftovers } from './process-record.ts';
import { supervise } from './supervision.ts';
import { startTemporalServer } from './temporal-server.ts';

export interface OwnTemporal {
  /** Host and port; another one at each start. */
  readonly address: string;
  readonly uiUrl: string;
  stop(): Promise<void>;
}

/** Starts it on what `folder` holds, and ends one that a killed agent left. Fails with `E_UNAVAILABLE`. */
export async function startOwnTemporal(
  folder: string,
  namespace: string,
  report: (line: string) => void,
): Promise<OwnTemporal> {
  await endLeftovers(folder);
  const [port, uiPort] = [await freePort(), await freePort()];
  const logFile = path.join(folder, 'temporal.log');
  const start = () => startTemporalServer({ folder, logFile, namespace, port, uiPort, codecEndpoint: null, report });
  const server = await supervise({ dataFolder: folder, name: 'temporal', report, start });
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}`, stop: () => server.stop() };
}
