import { Readable } from 'node:stream';
import { StrongroomError } from '../../domain/errors.ts';
import type { JobId } from '../../domain/ids.ts';
import { findVisibleFunction, noSuchFunction } from '../../storage/functions.ts';
import { findJobDocument, listResultsAfter } from '../../storage/job-answers.ts';
import { removeForgotten } from '../../storage/blob-removal.ts';
import { deleteJob } from '../../storage/job-deletion.ts';
import { findJob, insertJob, listJobs, type Job } from '../../storage/jobs.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/jobs.ts';
import { openTokenIssuer } from '../invocation-tokens.ts';
import { toPeriod } from '../period.ts';
import type { App, Services } from '../services.ts';
import { notThere } from '../subjects.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';

export function jobRoutes(app: App, { db, blobs, workflows, settings }: Services): void {
  const issuer = openTokenIssuer(settings.authenticationSecret);
  const found = async (id: JobId): Promise<Job> => {
    const job = await findJob(db, id);
    if (job) return job;
    throw notThere('job', { id });
  };

  app.route({
    ...contract.createJob,
    handler: async (request, reply) => {
      const { params, body } = request;
      const caller = callerOf(request);
      const called = await findVisibleFunction(db, params.id, caller.id);
      if (!called) throw noSuchFunction(params.id);
      const { owner, name, version, checksum } = called;
      if (called.state !== 'ready' || checksum !== body.checksum) throw notSo();
      const job = await insertJob(db, caller.id, {
        ...body,
        functionId: called.id,
        functionName: `${owner}/${name}@${version}`,
        permit: issuer.permitJob(caller.handle, called, body.answerKey, new Date()),
      });
      if (job.endedAt === null) await workflows.startJob(job, caller.handle, body.batches.length);
      return reply.code(201).send(job);
    },
  });

  app.route({
    ...contract.listJobs,
    handler: async (request) => {
      const { query } = request;
      const page = toPageRequest('listJobs', query);
      const filter = { ...query, ...toPeriod(query) };
      return toPageAnswer('listJobs', query, await listJobs(db, callerOf(request).id, filter, page));
    },
  });

  app.route({ ...contract.readJob, handler: ({ params }) => found(params.id) });

  for (const [route, change] of [
    [contract.pauseJob, 'pause'],
    [contract.resumeJob, 'resume'],
    [contract.cancelJob, 'cancel'],
  ] as const) {
    app.route({
      ...route,
      handler: async ({ params }) => {
        await workflows.changeJob(params.id, change);
        return found(params.id);
      },
    });
  }

  app.route({
    ...contract.deleteJob,
    handler: async (request, reply) => {
      const unused = await deleteJob(db, callerOf(request), request.params.id);
      await removeForgotten(db, blobs, unused);
      return reply.code(204).send();
    },
  });

  app.route({
    ...contract.readJobResults,
    handler: ({ params }, reply) =>
      reply.type('application/jsonl').send(Readable.from(resultLines(params.id), { objectMode: false })),
  });

  const PAGE = 100;
  async function* resultLines(job: JobId): AsyncGenerator<string> {
    const shown = new Set<string>();
    let after = -1;
    for (;;) {
      const page = await listResultsAfter(db, job, after, PAGE);
      for (const { item, document, answer, failure } of page) {
        if (document === null) yield line({ item, failure });
        else {
          if (!shown.has(document)) {
            const content = (await findJobDocument(db, job, document)).toString('base64url');
            yield line({ document, content });
            shown.add(document);
          }
          yield line({ item, document, answer: answer.toString('base64url') });
        }
        after = item;
      }
      if (page.length < PAGE) return;
    }
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`;

const notSo = () =>
  new StrongroomError('E_CONFLICT', 'The function cannot take this job.', {
    why: 'It is not ready, or has another checksum than the inputs were sealed for.',
    next: 'Run: strongroom function show FUNCTION',
  });
