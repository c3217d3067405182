/** The platform's stories as a next version of the worker could tell them: a review begins and ends with a new step. */
import { patched, proxyActivities } from '@temporalio/workflow';
import type { ReviewAssociationInput, ReviewStatus } from '../../../workflows/review-association/contract.ts';
import { reviewAssociation as review } from '../../../workflows/review-association/workflow.ts';

export { certifyCertificate } from '../../../workflows/certify-certificate/workflow.ts';

const { announce } = proxyActivities<{ announce(what: string): Promise<void> }>({ startToCloseTimeout: '1 minute' });

export async function reviewAssociation(input: ReviewAssociationInput): Promise<ReviewStatus> {
  if (patched('announce-the-request')) await announce('request');
  const status = await review(input);
  if (patched('announce-the-decision')) await announce('decision');
  return status;
}
