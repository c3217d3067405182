/** Entry point of a party's agent: it does the account's durable work on the account's own machine. */
import { rm } from 'node:fs/promises';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { clearEngine } from '../activities/engine.ts';
import type { Party } from '../activities/party.ts';
import { openPartyHome } from '../client/party-home.ts';
import { writeJsonFile } from '../client/private-files.ts';
import { readPartyConfiguration } from '../stack/configuration.ts';
import { startOwnTemporal } from '../stack/own-temporal.ts';
import { dataOwnerTaskQueue, ownerTaskQueue } from '../workflows/task-queues.ts';
import { connectTemporalClient, connectTemporalWorker, dataConverterOf } from '../stack/temporal-connection.ts';
import { beginAgain } from './broken-off-work.ts';
import { createDataOwnerWorker } from './data-owner.ts';
import { relayEvents } from './event-relay.ts';
import { createOwnerWorker } from './owner.ts';
import { toPartySettings } from './party-settings.ts';
import { takeIdentity } from './worker-identity.ts';

const config = readPartyConfiguration();
const { temporalNamespace: namespace } = config;
const home = await openPartyHome(config.home);
const { handle: account } = await home.requireSession();
Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const party: Party = { home, settings: toPartySettings(config) };
// What a killed agent left of work that was never taken up again; work that goes on clears up after itself.
const day = 86_400;
await clearEngine({ olderThanSeconds: Math.max(day, 2 * config.timeoutSeconds) }).catch((error: unknown) => {
  console.warn('Leftovers of earlier runs could not be removed:', error instanceof Error ? error.message : error);
});
const own =
  config.temporalAddress === null
    ? await startOwnTemporal(home.agent.temporalFolder, namespace, (line) => {
        console.warn(line);
      })
    : null;
const address = own?.address ?? config.temporalAddress ?? '';
const temporal = await connectTemporalClient(config, address);
const connection = await connectTemporalWorker(config, address);
const { identity, killed, forget } = await takeIdentity(home.agent.identityFile);
const place = { connection, namespace, dataConverter: dataConverterOf(config), tracing: null, identity };
const workers = [await createOwnerWorker(party, account, place), await createDataOwnerWorker(party, account, place)];
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    stopping.abort();
    for (const worker of workers) worker.shutdown();
  });
}
const running = [
  ...workers.map((worker) => worker.run()),
  relayEvents(party, account, temporal.client, stopping.signal),
  beginAgain(temporal.client, [ownerTaskQueue(account), dataOwnerTaskQueue(account)], killed),
];
await writeJsonFile(home.agent.stateFile, {
  pid: process.pid,
  startedAt: new Date().toISOString(),
  account,
  temporal: { address, namespace, uiUrl: own?.uiUrl ?? null },
});
try {
  await Promise.all(running);
  await forget();
} finally {
  await connection.close();
  await temporal.close();
  await own?.stop();
  await rm(home.agent.stateFile, { force: true });
}
