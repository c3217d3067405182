/** The platform's worker for one test file: the real workflows and reviews; only certification writes nothing but the record. */
import type { DataConverter } from '@temporalio/common';
import { DefaultLogger, Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { generateKeyPairSync } from 'node:crypto';
import { createAuditActivities } from '../../../activities/audit.ts';
import { createEventMailActivities } from '../../../activities/event-mails.ts';
import type { WebhookSending } from '../../../activities/platform.ts';
import { createWebhookActivities } from '../../../activities/webhooks.ts';
import { StrongroomError } from '../../../domain/errors.ts';
import { parseFingerprint } from '../../../domain/ids.ts';
import { insertCertificate } from '../../../storage/certificates.ts';
import type { Db } from '../../../storage/database.ts';
import { createReviewActivities } from '../../../activities/reviews.ts';
import { activityFailures } from '../../../workers/activity-failures.ts';
import { workflowBundle } from '../../../workers/workflow-bundle.ts';
import type {
  CertifyCertificateInput,
  CertifyCertificateResult,
} from '../../../workflows/certify-certificate/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../../../workflows/task-queues.ts';
import type { TestPlatform } from './platform.ts';

export interface TestWorker {
  stop(): Promise<void>;
}

// Refusals are what these tests are about; the worker would report each one.
Runtime.install({ logger: new DefaultLogger('ERROR') });

export async function startWorker(
  connection: NativeConnection,
  platform: Pick<TestPlatform, 'db' | 'sendMail'>,
  dataConverter: DataConverter = {},
  webhooks?: WebhookSending,
): Promise<TestWorker> {
  const worker = await Worker.create({
    connection,
    taskQueue: PLATFORM_TASK_QUEUE,
    workflowBundle: await workflowBundle('platform'),
    dataConverter,
    interceptors: { activity: [activityFailures] },
    activities: {
      ...createAuditActivities({ db: platform.db, auditSigner: auditSigner() }),
      ...createReviewActivities(platform),
      ...createEventMailActivities(platform),
      ...(webhooks && createWebhookActivities({ db: platform.db, webhooks })),
      certifyCertificate: (input: CertifyCertificateInput) => certify(platform.db, input),
    },
  });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
    },
  };
}

const auditSigner = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { key: privateKey, verifier: { name: 'strongroom/audit', publicKey: Uint8Array.from(raw) } };
};

/** The certificate of these tests is its fingerprint; a proof is the challenge signed by saying so. */
async function certify(db: Db, input: CertifyCertificateInput): Promise<CertifyCertificateResult> {
  if (input.proof !== `signed ${input.challenge}`) {
    throw new StrongroomError('E_CERTIFICATE_NOT_CERTIFIED', 'The proof does not fit.');
  }
  const { accountId, email, certificate, challenge } = input;
  const fingerprint = parseFingerprint(certificate);
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  return db
    .transaction()
    .execute((trx) => insertCertificate(trx, { accountId, email, fingerprint, certificate, expiresAt, challenge }));
}
