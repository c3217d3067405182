import { proxyActivities } from '@temporalio/workflow';
import type { AuditActivities } from '../../activities/audit.ts';
import { QUICK } from '../story/activity-options.ts';
import { pinned } from '../story/pinned.ts';
import { Story } from '../story/story.ts';
import type { SignedAuditHead } from './contract.ts';

const { signAuditHead: sign } = proxyActivities<AuditActivities>(QUICK);

pinned(signAuditHead);

/** Signs the head that the audit log has now. */
export async function signAuditHead(): Promise<SignedAuditHead> {
  return new Story({}).step('Sign the head of the audit log', sign, []);
}
