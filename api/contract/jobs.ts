/** Durable jobs: a function called with many sealed inputs, which the platform keeps until each is answered. */
import { Type } from 'typebox';
import { BATCH, JOB_STATES, MOST_BATCHES } from '../../domain/job.ts';
import { defineRoute, nothing, pageQuery, pagesOf, periodQuery } from './route.ts';
import {
  closed,
  FunctionIdSchema,
  JobIdSchema,
  named,
  nullable,
  oneOf,
  Sha256Schema,
  SizeSchema,
  TimestampSchema,
} from './words.ts';

const Bytes32Schema = Type.String({ pattern: '^[\\w-]{43}$', description: '32 bytes in base64url.' });
const count = Type.Integer({ minimum: 0 });

export const JobSchema = named(
  'Job',
  Type.Object({
    id: JobIdSchema,
    functionId: FunctionIdSchema,
    functionName: Type.String({ description: 'owner/name@version, as it was when the job began.' }),
    checksum: Sha256Schema,
    nonce: Bytes32Schema,
    answerKey: Bytes32Schema,
    items: Type.Integer({ minimum: 1 }),
    state: oneOf(JOB_STATES),
    failure: nullable(
      Type.Object({
        code: Type.String(),
        message: Type.String(),
        why: Type.Optional(Type.String()),
        next: Type.Optional(Type.String()),
      }),
    ),
    answered: count,
    failed: count,
    createdAt: TimestampSchema,
    endedAt: nullable(TimestampSchema),
  }),
);

export const jobSchemas = [JobSchema.schema];

const common = { tag: 'Jobs', params: Type.Object({ id: JobIdSchema }) } as const;

export const createJob = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/functions/:id/jobs',
  id: 'createJob',
  summary: 'Have a function answer sealed inputs that were uploaded in batches',
  description:
    'Batches are sealed to the caller for this very function. `nonce` goes into attestation documents, and answers are ' +
    'sealed to `answerKey` (X25519). The caller makes up the id; the same id again answers the job that is there.',
  params: Type.Object({ id: FunctionIdSchema }),
  body: Type.Object(
    {
      id: JobIdSchema,
      checksum: Sha256Schema,
      nonce: Bytes32Schema,
      answerKey: Bytes32Schema,
      batches: Type.Array(
        Type.Object(
          {
            sha256: Sha256Schema,
            size: SizeSchema,
            items: Type.Integer({ minimum: 1, maximum: BATCH.items }),
          },
          closed,
        ),
        { minItems: 1, maxItems: MOST_BATCHES },
      ),
    },
    closed,
  ),
  answers: { 201: JobSchema.ref },
});

export const listJobs = defineRoute({
  tag: 'Jobs',
  method: 'GET',
  url: '/v1/jobs',
  id: 'listJobs',
  summary: 'List your newest jobs',
  querystring: Type.Object({ ...pageQuery, state: Type.Optional(oneOf(JOB_STATES)), ...periodQuery }, closed),
  answers: { 200: pagesOf(JobSchema.ref) },
});

export const readJob = defineRoute({
  ...common,
  method: 'GET',
  url: '/v1/jobs/:id',
  id: 'readJob',
  summary: 'Show how far a job is',
  answers: { 200: JobSchema.ref },
});

export const pauseJob = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/jobs/:id/pause',
  id: 'pauseJob',
  summary: 'Pause a job: items in hand are finished, and nothing else is begun',
  answers: { 200: JobSchema.ref },
});

export const resumeJob = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/jobs/:id/resume',
  id: 'resumeJob',
  summary: 'Go on with a paused job',
  answers: { 200: JobSchema.ref },
});

export const cancelJob = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/jobs/:id/cancel',
  id: 'cancelJob',
  summary: 'End a job for good; what was answered stays',
  answers: { 200: JobSchema.ref },
});

export const deleteJob = defineRoute({
  ...common,
  method: 'DELETE',
  url: '/v1/jobs/:id',
  id: 'deleteJob',
  summary: 'Erase a job that is over: its sealed inputs and answers, and all else but its id',
  answers: { 204: nothing },
});

export const readJobResults = defineRoute({
  ...common,
  method: 'GET',
  url: '/v1/jobs/:id/results',
  id: 'readJobResults',
  summary: 'Download the sealed results that are there',
  description:
    'JSON, one value a line, in the order of the items. {"item", "document", "answer"}: sealed to the caller, in ' +
    'base64url. {"item", "failure"}: no runner could answer it. {"document", "content"}: an attestation document by its ' +
    'SHA-256, before the first answer that is bound to it.',
  answers: {
    200: Type.Unsafe<never>({
      description: 'The results.',
      content: { 'application/jsonl': { schema: { type: 'string' } } },
    }),
  },
});
