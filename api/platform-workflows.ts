/** How the API talks to the platform's workflows: it starts them and asks them, and never waits for long. */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateStage,
  type Client,
} from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import type { Author } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, Fingerprint, FunctionId, Handle, JobId } from '../domain/ids.ts';
import type { Db } from '../storage/database.ts';
import type { Job } from '../storage/jobs.ts';
import { findReview, markReviewStarted, type Review } from '../storage/reviews.ts';
import {
  CERTIFY_CERTIFICATE,
  certifyCertificateWorkflowId,
  type CertifyCertificateInput,
  type CertifyCertificateResult,
} from '../workflows/certify-certificate/contract.ts';
import {
  REVIEW_ASSOCIATION,
  reviewAssociationWorkflowId,
  reviewNewsSignal,
  voteUpdate,
  withdrawUpdate,
  type ReviewStatus,
  type VoteRequest,
} from '../workflows/review-association/contract.ts';
import { DELIVER_WEBHOOK, redeliverWebhookWorkflowId } from '../workflows/deliver-webhook/contract.ts';
import { DEPLOY_FUNCTION, deployFunctionWorkflowId } from '../workflows/deploy-function/contract.ts';
import {
  cancelUpdate,
  pauseUpdate,
  resumeUpdate,
  RUN_JOB,
  runJobWorkflowId,
  type JobProgress,
  type RunJobInput,
} from '../workflows/run-job/contract.ts';
import {
  SIGN_AUDIT_HEAD,
  SIGN_AUDIT_HEAD_WORKFLOW_ID,
  type SignedAuditHead,
} from '../workflows/sign-audit-head/contract.ts';
import { ENCLAVE_TASK_QUEUE, PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';
import { OPERATIONS_PATH } from './operators.ts';
import { toStrongroomError } from './workflow-failure.ts';

const PATIENCE_MS = 10_000;
const JOB_CHANGE_MS = 8_000;
/** Batches of one job that are worked on at once. */
const JOB_FAN_OUT = 4;
const JOB_CHANGES = { pause: pauseUpdate, resume: resumeUpdate, cancel: cancelUpdate } as const;

export type PlatformWorkflows = ReturnType<typeof openPlatformWorkflows>;

export function openPlatformWorkflows(temporal: Client, db: Db, publicUrl: string) {
  const ask = async <Answer>(question: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await temporal.withDeadline(Date.now() + PATIENCE_MS, question);
    } catch (error) {
      throw toStrongroomError(error);
    }
  };

  const start = async (review: Review): Promise<void> => {
    try {
      await temporal.workflow.start(REVIEW_ASSOCIATION, {
        workflowId: reviewAssociationWorkflowId(review.association),
        taskQueue: PLATFORM_TASK_QUEUE,
        args: [review],
        staticSummary: `Review of ${review.subject} in ${review.benchmark}`,
        staticDetails: `[What else waits, and on whom](${publicUrl}${OPERATIONS_PATH}#review/${review.association}) · [The API](${publicUrl}/docs)`,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    await markReviewStarted(db, review.association);
  };

  /** Sends an Update to a review; one that was not started, as Temporal was away then, is started first. */
  const update = async (
    association: AssociationId,
    send: (handle: ReturnType<Client['workflow']['getHandle']>) => Promise<ReviewStatus>,
  ): Promise<ReviewStatus> =>
    ask(async () => {
      const handle = temporal.workflow.getHandle(reviewAssociationWorkflowId(association));
      try {
        return await send(handle);
      } catch (error) {
        const review = error instanceof WorkflowNotFoundError ? await findReview(db, association) : undefined;
        if (!review) throw error;
        await start(review);
        return send(handle);
      }
    });

  return {
    /** Has a runner try a function; a repeat joins the try that goes on. Fails with `E_UNAVAILABLE`. */
    startDeployment: (id: FunctionId): Promise<void> =>
      ask(async () => {
        await temporal.workflow.start(DEPLOY_FUNCTION, {
          workflowId: deployFunctionWorkflowId(id),
          taskQueue: ENCLAVE_TASK_QUEUE,
          args: [{ id }],
          staticSummary: `Deployment of ${id}`,
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        });
      }),

    /** Has the enclave answer the items of a job; a repeat joins what goes on. Fails with `E_UNAVAILABLE`. */
    startJob: ({ id, items, functionName }: Job, owner: Handle, batches: number): Promise<void> =>
      ask(async () => {
        try {
          await temporal.workflow.start<(input: RunJobInput) => Promise<JobProgress>>(RUN_JOB, {
            workflowId: runJobWorkflowId(id),
            taskQueue: ENCLAVE_TASK_QUEUE,
            args: [{ id, owner, items, batches, fanOut: JOB_FAN_OUT, continueAfter: null, carried: null }],
            staticSummary: `Job of ${owner}: ${functionName} on ${items} items`,
            workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
            workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
          });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
      }),

    /** Resolves once it is so, or items in hand take their time. Fails with `E_CONFLICT` where the job's state is in the way. */
    changeJob: (id: JobId, change: keyof typeof JOB_CHANGES): Promise<void> =>
      ask(async () => {
        try {
          const handle = temporal.workflow.getHandle(runJobWorkflowId(id));
          const accepted = await handle.startUpdate(JOB_CHANGES[change], {
            waitForStage: WorkflowUpdateStage.ACCEPTED,
          });
          await Promise.race([accepted.result(), pause(JOB_CHANGE_MS)]);
        } catch (error) {
          if (error instanceof WorkflowNotFoundError)
            throw new StrongroomError('E_CONFLICT', 'The job is over already.');
          throw error;
        }
      }),

    /** Starts the review of a new request; a repeat finds it running. Fails with `E_UNAVAILABLE`. */
    startReview: (association: AssociationId): Promise<void> =>
      ask(async () => {
        const review = await findReview(db, association);
        if (review) await start(review);
      }),

    /** Has the running review look again, as its request was submitted again. Fails with `E_UNAVAILABLE`. */
    tellReview: (association: AssociationId): Promise<void> =>
      ask(() => temporal.workflow.getHandle(reviewAssociationWorkflowId(association)).signal(reviewNewsSignal)),

    /**
     * Has running reviews look again, as their committee has changed. One that it does not reach looks by itself, at the
     * next reminder at the latest: votes are counted where they are written down.
     */
    tellReviews: async (associations: readonly AssociationId[]): Promise<void> => {
      const tell = (association: AssociationId) =>
        temporal.workflow.getHandle(reviewAssociationWorkflowId(association)).signal(reviewNewsSignal);
      await temporal.withDeadline(Date.now() + PATIENCE_MS, () => Promise.allSettled(associations.map(tell)));
    },

    /** Fails as the review says, and with `WorkflowNotFoundError` where it has ended. */
    castVote: (association: AssociationId, vote: VoteRequest, author: Author): Promise<ReviewStatus> =>
      update(association, (handle) => handle.executeUpdate(voteUpdate, { args: [vote, author] })),

    withdraw: (association: AssociationId, reason: string, author: Author): Promise<ReviewStatus> =>
      update(association, (handle) => handle.executeUpdate(withdrawUpdate, { args: [{ reason }, author] })),

    /** Has a delivery that was opened again tried once more. Fails with `E_UNAVAILABLE`. */
    redeliverWebhook: (webhook: string, event: number): Promise<void> =>
      ask(async () => {
        await temporal.workflow.start(DELIVER_WEBHOOK, {
          workflowId: redeliverWebhookWorkflowId(webhook, event),
          taskQueue: PLATFORM_TASK_QUEUE,
          args: [{ webhook, event }],
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        });
      }),

    /** Has the worker sign the head of the audit log; who asks while it is at work gets the same. */
    signAuditHead: (): Promise<SignedAuditHead> =>
      ask(() =>
        temporal.workflow.execute<() => Promise<SignedAuditHead>>(SIGN_AUDIT_HEAD, {
          workflowId: SIGN_AUDIT_HEAD_WORKFLOW_ID,
          taskQueue: PLATFORM_TASK_QUEUE,
          workflowExecutionTimeout: '1 minute',
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
          staticSummary: 'Head of the audit log',
        }),
      ),

    /** Has the worker check and certify a certificate, and waits for it. */
    certify: async (fingerprint: Fingerprint, input: CertifyCertificateInput): Promise<CertifyCertificateResult> => {
      try {
        return await ask(() =>
          temporal.workflow.execute<(given: CertifyCertificateInput) => Promise<CertifyCertificateResult>>(
            CERTIFY_CERTIFICATE,
            {
              workflowId: certifyCertificateWorkflowId(fingerprint),
              taskQueue: PLATFORM_TASK_QUEUE,
              args: [input],
              workflowExecutionTimeout: '2 minutes',
              staticSummary: `Certificate of ${input.account}`,
            },
          ),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        throw new StrongroomError('E_CONFLICT', 'This certificate is being certified already.', {
          next: 'Look whether you have it in a moment: strongroom certificate show',
        });
      }
    },
  };
}
