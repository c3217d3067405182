import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import type { AssociationActivities } from '../../activities/associations.ts';
import type { CompatibilityActivities } from '../../activities/compatibility.ts';
import type { Metrics } from '../../domain/metrics.ts';
import { manageAccess } from '../manage-access/workflow.ts';
import { manageAccessWorkflowId } from '../manage-access/contract.ts';
import { LONG, QUICK } from '../story/activity-options.ts';
import { Consent } from '../story/consent.ts';
import { refusal } from '../story/refusal.ts';
import { Story } from '../story/story.ts';
import {
  associationNewsSignal,
  consentUpdate,
  testResultQuery,
  type AssociateContainerInput,
  type AssociateContainerResult,
} from './contract.ts';

const { checkAssociable, requestAssociation, readAssociation, discardAssociationWork } =
  proxyActivities<AssociationActivities>(QUICK);
const { fetchTestDataset, testModel, scoreTest } = proxyActivities<CompatibilityActivities>(LONG);

/** Compatibility test → the owner's consent → request → the committee's decision → access management. */
export async function associateContainer(input: AssociateContainerInput): Promise<AssociateContainerResult> {
  const { account, name, benchmark } = input;
  const story = new Story({ container: `${account}/${name}`, benchmark });
  const consent = new Consent(consentUpdate);
  let testResult: Metrics | null = null;
  setHandler(testResultQuery, () => testResult);

  await story.step('Ask whether the request can succeed', checkAssociable, [input]);
  testResult = await testCompatibility(story, input);
  const send = await story.wait('Consent to send the scores', `${account} (owner)`, () => consent.answer());
  if (!send) {
    throw refusal('E_CONSENT_REFUSED', 'The scores were not sent, so no request was made.', {
      next: `To ask again: strongroom container associate ${name} --benchmark ${benchmark}`,
    });
  }
  const requested = await story.step(
    'Request',
    requestAssociation,
    [{ ...input, testResult }],
    (made) => made.association,
  );
  const decided = await awaitDecision(story, input, requested.association);
  if (decided.state === 'approved') await startAccess(input, decided);
  return decided;
}

async function testCompatibility(story: Story, input: AssociateContainerInput): Promise<Metrics> {
  try {
    await story.step('Fetch the test dataset', fetchTestDataset, [input], (found) => found.sha256);
    await story.step('Run the model on the test dataset', testModel, [input], (run) => `${run.seconds.toFixed(1)} s`);
    return await story.step('Score the predictions', scoreTest, [input]);
  } finally {
    await CancellationScope.nonCancellable(() =>
      discardAssociationWork.executeWithOptions({ summary: 'Clean up' }, [input]),
    );
  }
}

/** The event stream makes it quick (a signal); the timer makes it certain. */
async function awaitDecision(
  story: Story,
  input: AssociateContainerInput,
  association: AssociateContainerResult['association'],
): Promise<AssociateContainerResult> {
  let news = false;
  setHandler(associationNewsSignal, () => {
    news = true;
  });
  return story.wait('Committee decides', `committee of ${input.benchmark}`, async () => {
    for (;;) {
      news = false;
      const current = await readAssociation(association);
      if (current.state !== 'requested') return current;
      await condition(() => news, input.pollSeconds * 1000, { summary: 'Until the next question' });
    }
  });
}

/** Access outlives this story, so it is started on its own; where it runs already, all is well. */
async function startAccess(input: AssociateContainerInput, decided: AssociateContainerResult): Promise<void> {
  const { account, name, benchmark } = input;
  const access = {
    account,
    name,
    benchmark,
    association: decided.association,
    autoGrant: null,
    revoked: [],
    counters: { granted: 0, revoked: 0, autoGrantRounds: 0, generations: 0 },
    continueAfter: null,
  };
  try {
    await startChild(manageAccess, {
      workflowId: manageAccessWorkflowId(account, name, benchmark),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Access to ${account}/${name} in ${benchmark}`,
      args: [access],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
