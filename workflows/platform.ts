/** The stories that the platform's worker tells. */
export { canary } from './canary/workflow.ts';
export { certifyCertificate } from './certify-certificate/workflow.ts';
export { deliverWebhook } from './deliver-webhook/workflow.ts';
export { housekeeping } from './housekeeping/workflow.ts';
export { mailEvent } from './mail-event/workflow.ts';
export { reviewAssociation } from './review-association/workflow.ts';
export { signAuditHead } from './sign-audit-head/workflow.ts';
