/** The entity that keeps the access to a container in a benchmark; updates to it answer with what they did. */
import type { WorkflowHandle } from '@temporalio/client';
import { isUndecided } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName, ContainerName } from '../domain/ids.ts';
import { manageAccessWorkflowId } from '../workflows/manage-access/contract.ts';
import type { Context } from './context.ts';
import { findAssociation } from './find-association.ts';
import { openPartyWork } from './temporal.ts';
import { toWorkflowFailure } from './workflow-failure.ts';

/** Fails as the update is refused, and where there is no entity with what the association's state says about that. */
export async function updateAccess<Result>(
  context: Context,
  target: { readonly name: ContainerName; readonly benchmark: BenchmarkName },
  update: (entity: WorkflowHandle) => Promise<Result>,
): Promise<Result> {
  const { handle: account } = await context.session();
  await using work = await openPartyWork(context);
  const workflowId = manageAccessWorkflowId(account, target.name, target.benchmark);
  try {
    return await update(work.client.workflow.getHandle(workflowId));
  } catch (error) {
    const failure = toWorkflowFailure(error, workflowId);
    const gone = failure instanceof StrongroomError && failure.code === 'E_NOT_FOUND';
    throw gone ? await whyThereIsNone(context, target) : failure;
  }
}

async function whyThereIsNone(
  context: Context,
  { name, benchmark }: { readonly name: ContainerName; readonly benchmark: BenchmarkName },
): Promise<StrongroomError> {
  const { id, state, approvals, quorum } = await findAssociation(await context.platform(), {
    kind: 'container',
    name,
    benchmark,
  });
  if (isUndecided(state)) {
    return new StrongroomError(
      'E_PENDING_APPROVAL',
      `${name} has ${approvals} of ${quorum} approvals in ${benchmark}.`,
      {
        next: `See: strongroom review show ${id}`,
      },
    );
  }
  if (state === 'closed') {
    return new StrongroomError('E_ACCESS_CLOSED', `The access to ${name} in ${benchmark} was closed.`, {
      why: 'All its keys were deleted.',
    });
  }
  if (state !== 'approved') return new StrongroomError('E_NOT_APPROVED', `${name} was not approved in ${benchmark}.`);
  return new StrongroomError('E_NOT_FOUND', `Nobody keeps the access to ${name} in ${benchmark} on this machine.`, {
    why: 'It was approved, but the association was followed on another machine, or is still being followed up.',
    next: 'Try again in a moment, on the machine where the association was requested.',
  });
}
