/** Entry point of the enclave's worker: it owns the runners, tries what is deployed, and takes sessions. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createDeploymentActivities } from '../activities/deployments.ts';
import { createJobActivities } from '../activities/jobs.ts';
import { StrongroomError } from '../domain/errors.ts';
import { parseFunctionId } from '../domain/ids.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { enclavePlaces } from '../stack/enclave-places.ts';
import { serveLocally } from '../stack/local-service.ts';
import { connectTemporalClient, connectTemporalWorker, dataConverterOf } from '../stack/temporal-connection.ts';
import { openBlobStore } from '../storage/open-blob-store.ts';
import { openDatabase } from '../storage/database.ts';
import { ENCLAVE_TASK_QUEUE } from '../workflows/task-queues.ts';
import { beginAgain } from './broken-off-work.ts';
import { fieldsOf } from './enclave-questions.ts';
import { connectEnclaveServices } from './enclave-services.ts';
import { ServedFunctions } from './served-functions.ts';
import { relaySessions } from './session-relay.ts';
import { workerTuning } from './tuning.ts';
import { takeIdentity } from './worker-identity.ts';
import { workflowBundle } from './workflow-bundle.ts';

const config = readPlatformConfiguration();
const { databaseUrl, temporalAddress, dataFolder } = config;
if (databaseUrl === null || temporalAddress === null) {
  throw new StrongroomError('E_CONFIG', "The enclave's worker needs DATABASE_URL and TEMPORAL_ADDRESS.", {
    next: 'Start the whole platform instead: strongroom up',
  });
}
Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: ['SIGTERM', 'SIGINT'] });
const places = enclavePlaces(dataFolder);
const db = openDatabase({
  url: databaseUrl,
  maxConnections: config.databaseConnections,
  onIdleError: (error) => process.stderr.write(`A database connection broke: ${error.message}\n`),
});
const blobs = await openBlobStore({ folder: path.join(dataFolder, 'blobs'), s3Url: config.s3Url });
const functions = new ServedFunctions({
  db,
  blobs,
  services: connectEnclaveServices(places),
  sandbox: { sandbox: config.sandbox },
});
const service = await serveLocally(places.enclaveSocket, {
  forget: async (question) => functions.forget(parseFunctionId(fieldsOf(question).function)),
});
relaySessions(service.server, functions);
const temporal = await connectTemporalClient(config, temporalAddress);
const connection = await connectTemporalWorker(config, temporalAddress);
const { identity, killed, forget } = await takeIdentity(path.join(dataFolder, 'enclave.json'));
const worker = await Worker.create({
  taskQueue: ENCLAVE_TASK_QUEUE,
  workflowBundle: await workflowBundle('enclave'),
  activities: {
    ...createDeploymentActivities({ db, tryFunction: (id) => functions.try(id) }),
    ...createJobActivities({ db, blobs, openBatch: (...asked) => functions.openBatch(...asked) }),
  },
  ...workerTuning({
    connection,
    namespace: config.temporalNamespace,
    dataConverter: dataConverterOf(config),
    tracing: null,
    identity,
  }),
});
const ready = path.join(dataFolder, 'enclave.ready');
await writeFile(ready, `${process.pid}\n`);
try {
  await Promise.all([worker.run(), beginAgain(temporal.client, [ENCLAVE_TASK_QUEUE], killed)]);
  await forget();
} finally {
  await rm(ready, { force: true });
  await service.close();
  await functions.stop();
  await connection.close();
  await temporal.close();
  await db.destroy();
}
