/**
 * Loaded into a worker of ours by `--import`: every activity, on its first attempt, is done, and the worker is told that
 * it failed. The file that FAULTS_NOTES names gets a line for each activity that the worker knows, and for each that was
 * told so. The workers themselves know nothing of this.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors, WorkerOptions } from '@temporalio/worker';
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const notes = process.env.FAULTS_NOTES;

function toldItFailed(context: Context): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        const result = await next(input);
        const { activityType, attempt } = context.info;
        if (attempt > 1) return result;
        appendFileSync(notes ?? '', `told ${activityType}\n`);
        throw ApplicationFailure.create({
          type: 'E_UNAVAILABLE',
          message: 'It was done, and you are told that it failed.',
          nextRetryDelay: '100ms',
        });
      },
    },
  };
}

if (notes !== undefined && isMainThread && /\/workers\/[\w-]+[.]ts$/.test(process.argv[1] ?? '')) {
  const { Worker } = await import('@temporalio/worker');
  const create = Worker.create.bind(Worker);
  Worker.create = async (options: WorkerOptions) => {
    for (const name of Object.keys(options.activities ?? {})) appendFileSync(notes, `knows ${name}\n`);
    const activity = [toldItFailed, ...(options.interceptors?.activity ?? [])];
    return create({ ...options, interceptors: { ...options.interceptors, activity } });
  };
}
