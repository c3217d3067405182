/** Entry point of the platform's worker. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { createAddressPolicy } from '../client/address-policy.ts';
import { StrongroomError } from '../domain/errors.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { connectTemporalClient, connectTemporalWorker, dataConverterOf } from '../stack/temporal-connection.ts';
import { openLog } from '../stack/log.ts';
import { startTracing } from '../stack/tracing.ts';
import { saveAuthority } from '../storage/authority.ts';
import { openBlobStore } from '../storage/open-blob-store.ts';
import { openDatabase } from '../storage/database.ts';
import { openEventListener } from '../storage/event-listener.ts';
import { openMail } from '../storage/mail.ts';
import { saveWebhookKey } from '../storage/webhook-key.ts';
import { PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';
import { openAuditSigner } from './audit-signer.ts';
import { openAuthority } from './authority.ts';
import { beginAgain } from './broken-off-work.ts';
import { startEventDispatcher } from './event-dispatcher.ts';
import { temporalLogger } from './log.ts';
import { createPlatformWorker, scheduleHousekeeping } from './platform-worker.ts';
import { openWebhookKey } from './webhook-key.ts';
import { takeIdentity } from './worker-identity.ts';

const config = readPlatformConfiguration();
const { databaseUrl, temporalAddress, dataFolder } = config;
if (databaseUrl === null || temporalAddress === null) {
  throw new StrongroomError('E_CONFIG', "The platform's worker needs DATABASE_URL and TEMPORAL_ADDRESS.", {
    next: 'Start the whole platform instead: strongroom up',
  });
}
const { metricsHost, workerMetricsPort } = config;
const tracing = startTracing('strongroom-worker', config.traceCollector);
Runtime.install({
  logger: temporalLogger(openLog('worker', config.logLevel)),
  shutdownSignals: ['SIGTERM', 'SIGINT'],
  telemetryOptions: {
    logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    ...(workerMetricsPort !== 0 && {
      metrics: { prometheus: { bindAddress: `${metricsHost}:${workerMetricsPort}`, countersTotalSuffix: true } },
    }),
  },
});
const within = (...names: string[]) => path.join(dataFolder, ...names);
const db = openDatabase({
  url: databaseUrl,
  maxConnections: config.databaseConnections,
  onIdleError: (error) => process.stderr.write(`A database connection broke: ${error.message}\n`),
});
const authority = await openAuthority(within('authority'));
await saveAuthority(db, { fingerprint: authority.fingerprint, certificate: authority.certificate });
const temporal = await connectTemporalClient(config, temporalAddress);
const connection = await connectTemporalWorker(config, temporalAddress);
const webhookKey = await openWebhookKey(within('authority'));
await saveWebhookKey(db, webhookKey.publicKey);
const { identity, killed, forget } = await takeIdentity(within('worker.json'));
const worker = await createPlatformWorker(
  {
    db,
    blobs: await openBlobStore({ folder: within('blobs'), s3Url: config.s3Url }),
    temporal: temporal.client,
    sendMail: openMail({ from: config.mailFrom, smtpUrl: config.smtpUrl, outboxFolder: within('outbox') }),
    uploadsFolder: within('uploads'),
    authority,
    auditSigner: await openAuditSigner(within('authority')),
    webhooks: {
      key: webhookKey.key,
      policy: createAddressPolicy({ allowPrivateAddresses: config.allowPrivateWebhooks, platformOrigin: null }),
    },
  },
  { connection, namespace: config.temporalNamespace, dataConverter: dataConverterOf(config), tracing, identity },
  config.workerBuildId,
);
await scheduleHousekeeping(temporal.client);
const events = openEventListener(databaseUrl);
const dispatcher = startEventDispatcher({
  db,
  temporal: temporal.client,
  events,
  onFailure: (error) => process.stderr.write(`Events wait to be handed over: ${String(error)}\n`),
});
await writeFile(within('worker.ready'), `${process.pid}\n`);
try {
  await Promise.all([worker.run(), beginAgain(temporal.client, [PLATFORM_TASK_QUEUE], killed)]);
  await forget();
} finally {
  await rm(within('worker.ready'), { force: true });
  await dispatcher.stop();
  await events.close();
  await tracing?.stop();
  await connection.close();
  await temporal.close();
  await db.destroy();
}
