/** The question whether results are sent: answered by an option, or by the person at the terminal who sees them. */
import type { UpdateDefinition } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { Metrics } from '../domain/metrics.ts';
import { flag } from './command.ts';
import { usage } from './usage.ts';
import type { Context } from './context.ts';
import type { OnLook } from './follow-workflow.ts';
import { toWorkflowFailure } from './workflow-failure.ts';

export const consentOptions = {
  'send-results': flag('Send the results to the platform without asking'),
  'keep-results': flag('Keep the results to yourself without asking'),
} as const;

interface ConsentOptions {
  readonly 'send-results': boolean;
  readonly 'keep-results': boolean;
}

interface Answer {
  readonly send: boolean;
}

/** What was said beforehand; `null` to ask. Fails with `E_USAGE` where nothing was said and nobody can be asked. */
export function consentBeforehand(context: Context, options: ConsentOptions): Answer | null {
  if (options['send-results'] && options['keep-results'])
    throw usage('Results are either sent or kept.', 'Give one of the two.');
  if (options['send-results']) return { send: true };
  if (options['keep-results']) return { send: false };
  if (context.prompt.possible) return null;
  throw usage('Nobody can be asked here whether to send the results.', 'Add --send-results or --keep-results.');
}

export interface ConsentQuestion {
  readonly update: UpdateDefinition<Answer, [Answer]>;
  readonly beforehand: Answer | null;
  /** The results that it is about. */
  results(): Promise<Metrics | null>;
}

/** Answers the story's question once, when it waits for it. */
export function answerConsent(context: Context, handle: WorkflowHandle, question: ConsentQuestion): OnLook<never> {
  let answered = false;
  return async (status, display) => {
    const asks = status.steps.some(({ name, state }) => state === 'waiting' && name.startsWith('Consent'));
    if (!asks || answered) return undefined;
    display.end();
    const results = await question.results();
    context.output.note(`Results: ${JSON.stringify(results)}`);
    const answer = question.beforehand ?? {
      send: await context.prompt.decision({
        text: 'Send these results to the platform?',
        insteadOf: '--send-results or --keep-results',
      }),
    };
    answered = true;
    await handle.executeUpdate(question.update, { args: [answer] }).catch((error: unknown) => {
      throw toWorkflowFailure(error, handle.workflowId);
    });
    return undefined;
  };
}
