/** Signatures of webhooks as Standard Webhooks has them (version 1: HMAC with SHA-256). */
import { createHmac } from 'node:crypto';

export interface SignedContent {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/** The value of the header `webhook-signature`. `key` is what stands behind `whsec_`, decoded. */
export function signWebhook(key: Buffer, { id, timestamp, body }: SignedContent): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
