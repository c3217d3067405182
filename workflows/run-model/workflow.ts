import { CancellationScope, proxyActivities, setHandler } from '@temporalio/workflow';
import type { ResultActivities } from '../../activities/results.ts';
import type { RunActivities } from '../../activities/runs.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { LONG, QUICK } from '../story/activity-options.ts';
import { Consent } from '../story/consent.ts';
import { Story } from '../story/story.ts';
import {
  runOutcomeQuery,
  submitConsentUpdate,
  type RunModelInput,
  type RunModelOutcome,
  type RunModelResult,
} from './contract.ts';

const { checkRun, removeTraces } = proxyActivities<RunActivities>(QUICK);
const { fetchArchive, runGrantedModel, scoreRun } = proxyActivities<RunActivities>(LONG);
const { submitResult } = proxyActivities<ResultActivities>(QUICK);

/** Check access → download → unwrap, verify, load and run isolated → score → the data owner's consent → submit. */
export async function runModel(input: RunModelInput): Promise<RunModelResult> {
  const { account, container, benchmark } = input;
  const story = new Story({ container: `${container.owner}/${container.name}`, benchmark });
  const consent = new Consent(submitConsentUpdate);
  let outcome: RunModelOutcome | null = null;
  setHandler(runOutcomeQuery, () => outcome);
  outcome = await runAndScore(story, input);
  const send = await story.wait('Consent to send the results', `${account} (data owner)`, () => consent.answer());
  if (!send) return { ...outcome, resultId: null };
  const { id } = await story.step('Submit', submitResult, [{ ...input, metrics: outcome.metrics }]);
  return { ...outcome, resultId: id };
}

async function runAndScore(story: Story, input: RunModelInput): Promise<RunModelOutcome> {
  try {
    const granted = await story.step('Check access', checkRun, [input]);
    await story.step('Download', fetchArchive, [{ run: input, archive: granted.archive }], () =>
      formatBytes(granted.archive.size),
    );
    await story.step('Run the model', runGrantedModel, [input], (run) => `${run.seconds.toFixed(1)} s`);
    return await story.step('Score', scoreRun, [input]);
  } finally {
    await CancellationScope.nonCancellable(() =>
      removeTraces.executeWithOptions({ summary: 'Remove every trace' }, [input]),
    );
  }
}
