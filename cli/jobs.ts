/** Jobs as the command line shows them, and their results as files. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KeptJob } from '../client/functions/kept-jobs.ts';
import type { ItemResult } from '../client/functions/job-results.ts';
import type { Schema } from '../client/platform.ts';
import type { ItemOutcome } from '../crypto/sealed/item-answer.ts';
import { EXIT, StrongroomError } from '../domain/errors.ts';
import type { JobId } from '../domain/ids.ts';
import { hasEnded } from '../domain/job.ts';
import type { Outcome } from './output.ts';
import type { Context } from './context.ts';
import { connectStrongroom, enclaveTrust } from './enclave.ts';
import { facts, moment } from './table.ts';

export type Job = Schema<'Job'>;

const ASK_AGAIN_MS = 1_000;

export const progressOf = ({ items, answered, failed }: Job): string =>
  `${answered + failed} of ${items}${failed > 0 ? `, ${failed} of them failed` : ''}`;

export const describeJob = (job: Job): Outcome => ({
  data: { job },
  ids: [job.id],
  lines: facts([
    ['Job', job.id],
    ['Function', job.functionName],
    ['State', job.state],
    ['Items', progressOf(job)],
    ['Begun', moment(job.createdAt)],
    ['Ended', moment(job.endedAt)],
    ...(job.failure ? [['Why', `${job.failure.code}: ${job.failure.message}`] as const] : []),
  ]),
  settled: hasEnded(job.state),
});

/** Shows how the job goes on until it has ended. An interruption leaves it at the platform, where it goes on. */
export async function followJob(context: Context, begun: Job): Promise<Job> {
  const platform = await context.platform();
  const display = context.output.progress();
  let job = begun;
  try {
    while (!hasEnded(job.state)) {
      const text = `${progressOf(job)}${job.state === 'paused' ? ', paused' : ''}`;
      display.show([{ key: text, text, state: job.state === 'paused' ? 'waiting' : 'running', progress: null }]);
      await pause(ASK_AGAIN_MS, undefined, { signal: context.signal });
      job = await platform.readJob({ path: { id: job.id }, signal: context.signal });
    }
  } catch (error) {
    throw context.signal.aborted ? goesOn(job.id) : error;
  } finally {
    display.erase();
  }
  return job;
}

const goesOn = (id: JobId) =>
  new StrongroomError('E_INTERRUPTED', 'You do not watch the job any more; it goes on.', {
    next: `Later: strongroom job results ${id} --out FILE. To end it: strongroom job cancel ${id}`,
  });

/** Fetches what is there and writes it to `out`, a line for each item. */
export async function writeResults(context: Context, job: Job, out: string): Promise<Outcome> {
  const { KeptJobs } = await import('../client/functions/kept-jobs.ts');
  const { readResults } = await import('../client/functions/job-results.ts');
  const { inChunks } = await import('../crypto/chunks.ts');
  const { StagedFile } = await import('../crypto/staged-file.ts');
  const [home, session, platform] = [await context.home(), await context.session(), await context.platform()];
  const kept = await new KeptJobs(home.jobsFolder(session)).open(job.id);
  const trust = await enclaveTrust(context, await connectStrongroom(context));
  const results = readResults({ platform, ...kept, trust, signal: context.signal });
  const counts = { answered: 0, failed: 0, missing: 0 };
  const file = await StagedFile.open(out);
  try {
    await file.write(inChunks(linesOf(results, kept.job, job, counts)), { signal: context.signal });
    await file.release();
  } finally {
    await file.discard();
  }
  return describeResults(job, out, counts);
}

interface Counts {
  answered: number;
  failed: number;
  /** Without a result, as the job has not come to them, or never will. */
  missing: number;
}

/** Once a job has ended, each of its items has a line. */
async function* linesOf(
  results: AsyncIterable<ItemResult>,
  kept: KeptJob,
  { state }: Job,
  counts: Counts,
): AsyncGenerator<Buffer> {
  let next = 0;
  const without = (from: number, end: number) =>
    kept.items.slice(from, end).map(({ name }, offset) => {
      counts.missing += 1;
      return hasEnded(state) ? lineOf(from + offset, name, { kind: 'failure', error: missing(state) }) : '';
    });
  for await (const { item, name, outcome } of results) {
    yield Buffer.from(without(next, item).join(''));
    counts[outcome.kind === 'output' ? 'answered' : 'failed'] += 1;
    yield Buffer.from(lineOf(item, name, outcome));
    next = item + 1;
  }
  yield Buffer.from(without(next, kept.items.length).join(''));
}

const missing = (state: string) => ({
  code: 'E_NOT_FOUND' as const,
  message: 'The platform has no result for this item.',
  why: `The job is ${state}.`,
});

/** JSON as it is, text as text, bytes in base64. */
function lineOf(item: number, file: string, outcome: ItemOutcome): string {
  if (outcome.kind === 'failure') return `${JSON.stringify({ item, file, error: outcome.error })}\n`;
  const { type, bytes } = outcome;
  const result: unknown =
    type === 'json' ? JSON.parse(bytes.toString('utf8')) : bytes.toString(type === 'text' ? 'utf8' : 'base64');
  return `${JSON.stringify({ item, file, result })}\n`;
}

function describeResults(job: Job, out: string, { answered, failed, missing: without }: Counts): Outcome {
  const whole = failed === 0 && without === 0;
  return {
    data: { job, file: out, answered, failed, missing: without },
    ids: [job.id],
    lines: [
      `Results: ${out}`,
      ...facts([
        ['Job', `${job.id}, ${job.state}`],
        ['Answered', answered],
        ['Failed', failed],
        ['Without a result', without],
      ]),
      ...(job.failure ? [`${job.failure.code}: ${job.failure.message}`] : []),
    ],
    exitCode: whole ? EXIT.ok : EXIT.failed,
  };
}
