import { StrongroomError } from '../../domain/errors.ts';
import { parseBenchmarkName, parseContainerName } from '../../domain/ids.ts';
import * as contract from '../../workflows/associate-container/contract.ts';
import { ownerTaskQueue } from '../../workflows/task-queues.ts';
import { argument, defineCommand, flag, option, requiredOption } from '../command.ts';
import type { Outcome } from '../output.ts';
import { answerConsent, consentBeforehand, consentOptions } from '../consent.ts';
import type { OnLook } from '../follow-workflow.ts';
import { runStory } from '../run-story.ts';
import { parseDuration } from '../values.ts';

const POLL_SECONDS = 60;
type Early = { readonly requested: string };

export const command = defineCommand({
  name: 'container associate',
  summary: "Test a container and ask a benchmark's committee to accept it",
  examples: [
    'strongroom container associate digits-model --benchmark digits',
    'strongroom container associate digits-model --benchmark digits --send-results --detach',
  ],
  details:
    'The scores of the test are sent only with your consent. Started again, the command joins the work that goes on; ' +
    'where the committee asked for changes, it tests anew and submits the same request again.',
  arguments: { name: argument('Your container', parseContainerName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    ...consentOptions,
    poll: option('TIME', 'How often to ask for the decision (default: 60s)', parseDuration),
    detach: flag('Return as soon as the request is with the committee'),
  },
  async run({ arguments: { name }, options }, context) {
    const { benchmark } = options;
    const { handle: account } = await context.session();
    const beforehand = consentBeforehand(context, options);
    const input: contract.AssociateContainerInput = {
      account,
      name,
      benchmark,
      pollSeconds: options.poll ?? POLL_SECONDS,
    };
    const story = {
      workflowType: contract.ASSOCIATE_CONTAINER,
      workflowId: contract.associateContainerWorkflowId(account, name, benchmark),
      taskQueue: ownerTaskQueue(account),
      input,
      summary: `Association of ${account}/${name} with ${benchmark}`,
    };
    const describe = (end: contract.AssociateContainerResult | Early) =>
      'requested' in end ? requested(end.requested) : decided(end);
    try {
      return await runStory<contract.AssociateContainerResult | Early>(context, story, describe, (handle) => {
        const results = () => handle.query(contract.testResultQuery);
        const answer = answerConsent(context, handle, { update: contract.consentUpdate, beforehand, results });
        return options.detach ? untilRequested(answer) : answer;
      });
    } catch (error) {
      if (beforehand?.send !== false || !(error instanceof StrongroomError) || error.code !== 'E_CONSENT_REFUSED')
        throw error;
      return { data: { sent: false }, lines: ['The test passed. The scores were kept, so no request was made.'] };
    }
  },
});

/** Ends following once the committee has the request; the request's detail is its id. */
function untilRequested(answer: OnLook<never>): OnLook<Early> {
  return async (status, display) => {
    await answer(status, display);
    const request = status.steps.find(({ name, state }) => name === 'Request' && state === 'done');
    return request?.detail ? { requested: request.detail } : undefined;
  };
}

const requested = (association: string): Outcome => ({
  data: { association, state: 'requested' },
  ids: [association],
  lines: [`The committee has the request. See: strongroom review show ${association}`],
});

const decided = ({ association, state, reason }: contract.AssociateContainerResult): Outcome => ({
  data: { association, state, reason },
  ids: [association],
  lines: [`The request ${association} is ${state}${reason ? `: ${reason}` : '.'}`],
  ...(state !== 'approved' && { exitCode: 7 }),
});
