/** The platform's worker for one test file: the real workflows, and activities that do nothing but write down. */
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { AssociationState } from '../../../domain/association.ts';
import type { Author } from '../../../domain/audit.ts';
import { createAuditActivities } from '../../../activities/audit.ts';
import { actingAs } from '../../../storage/audit.ts';
import { StrongroomError, toErrorFields } from '../../../domain/errors.ts';
import { parseFingerprint, type AssociationId } from '../../../domain/ids.ts';
import { insertCertificate } from '../../../storage/certificates.ts';
import type { Db } from '../../../storage/database.ts';
import { decideAssociation, recordVote, type CastVote } from '../../../storage/reviews.ts';
import type {
  CertifyCertificateInput,
  CertifyCertificateResult,
} from '../../../workflows/certify-certificate/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../../../workflows/task-queues.ts';

export interface TestWorker {
  stop(): Promise<void>;
}

// Refusals are what these tests are about; the worker would report each one.
const logger = new DefaultLogger('ERROR');
Runtime.install({ logger });

export async function startWorker(
  connection: NativeConnection,
  db: Db,
  dataConverter: DataConverter = {},
): Promise<TestWorker> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../../workflows/platform.ts', import.meta.url)),
    logger,
  });
  const worker = await Worker.create({
    connection,
    taskQueue: PLATFORM_TASK_QUEUE,
    workflowBundle,
    dataConverter,
    activities: {
      ...createAuditActivities({ db, auditSigner: auditSigner() }),
      recordVote: ({ author, ...vote }: CastVote & { readonly author: Author }) =>
        asRefusals(() => actingAs(author, () => db.transaction().execute((trx) => recordVote(trx, vote)))),
      concludeReview: ({ association, state, reason }: Conclusion) =>
        asRefusals(() => db.transaction().execute((trx) => decideAssociation(trx, association, state, reason))),
      remindMembers: async () => undefined,
      certifyCertificate: (input: CertifyCertificateInput) => asRefusals(() => certify(db, input)),
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

interface Conclusion {
  readonly association: AssociationId;
  readonly state: Exclude<AssociationState, 'requested'>;
  readonly reason: string;
}

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

async function asRefusals<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    throw ApplicationFailure.create({
      type: error.code,
      message: error.message,
      details: [toErrorFields(error)],
      nonRetryable: true,
    });
  }
}
