import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  cancelUpdate,
  jobProgressQuery,
  pauseUpdate,
  resumeUpdate,
  type JobProgress,
  type RunJobInput,
} from './contract.ts';
import { Job } from './job.ts';

/**
 * Has every item of a job answered. References go through here, and counts; inputs and answers never do. A large job
 * goes on in a new history before the old one grows long.
 */
export async function runJob(input: RunJobInput): Promise<JobProgress> {
  const job = new Job(input);
  setHandler(jobProgressQuery, () => job.progress());
  setHandler(pauseUpdate, () => job.pause(), {
    validator: () => {
      job.checkPausable();
    },
  });
  setHandler(resumeUpdate, () => job.resume(), {
    validator: () => {
      job.checkPaused();
    },
  });
  setHandler(cancelUpdate, () => job.cancel(), {
    validator: () => {
      job.checkOpen();
    },
  });
  await job.work(() => hopIsDue(input));
  // An operator's cancellation has ended the job by then; whoever asks meanwhile is still answered.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (job.isOpen()) await continueAsNew<typeof runJob>({ ...input, carried: job.carriedOver() });
  return job.progress();
}

function hopIsDue({ continueAfter }: RunJobInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || (continueAfter !== null && historyLength >= continueAfter);
}
