import { proxyActivities } from '@temporalio/workflow';
import type { CertificationActivities } from '../../activities/certification.ts';
import { QUICK } from '../story/activity-options.ts';
import { pinned } from '../story/pinned.ts';
import { Story } from '../story/story.ts';
import type { CertifyCertificateInput, CertifyCertificateResult } from './contract.ts';

const { certifyCertificate: certify } = proxyActivities<CertificationActivities>({
  ...QUICK,
  retry: { ...QUICK.retry, maximumAttempts: 5 },
});

pinned(certifyCertificate);

/** Checks proof of possession, certifies the address and records the certificate. */
export async function certifyCertificate(input: CertifyCertificateInput): Promise<CertifyCertificateResult> {
  const story = new Story({});
  return story.step('Certify', certify, [input], (result) => `${result.fingerprint} until ${result.expiresAt}`);
}
