import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { Access } from './access.ts';
import {
  accessStatusQuery,
  autoGrantUpdate,
  deleteKeysUpdate,
  grantUpdate,
  revokeUpdate,
  wakeUpSignal,
  type AccessCounters,
  type AutoGrant,
  type GrantRequest,
  type ManageAccessInput,
  type RevokeRequest,
} from './contract.ts';

/**
 * Lives as long as the access to one container in one benchmark. Auto-grant looks for new certificates on a timer (which
 * makes it certain) and on a wake-up (which makes it quick). Ends when all keys are deleted.
 */
export async function manageAccess(input: ManageAccessInput): Promise<AccessCounters> {
  const access = new Access(input);
  setHandler(accessStatusQuery, () => access.status());
  setHandler(grantUpdate, (request) => access.grant(request), {
    validator: (request: GrantRequest) => access.checkGrant(request),
  });
  setHandler(revokeUpdate, (request) => access.revoke(request), {
    validator: (request: RevokeRequest) => access.checkRevoke(request),
  });
  setHandler(autoGrantUpdate, (setting) => access.setAutoGrant(setting), {
    validator: (setting: AutoGrant | null) => access.checkAutoGrant(setting),
  });
  setHandler(deleteKeysUpdate, () => access.deleteKeys());
  setHandler(wakeUpSignal, () => access.wakeUp());

  while (!access.isClosed()) {
    await access.untilNextRound(() => hopIsDue(input));
    if (access.isClosed()) break;
    if (hopIsDue(input)) {
      await condition(() => access.idle && allHandlersFinished());
      if (access.isClosed()) break;
      await continueAsNew<typeof manageAccess>(access.carriedOver());
    }
    await access.autoGrantRound();
  }
  await condition(allHandlersFinished);
  return access.status().counters;
}

function hopIsDue(input: ManageAccessInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || (input.continueAfter !== null && historyLength >= input.continueAfter);
}
