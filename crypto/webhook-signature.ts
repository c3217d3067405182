/** Signatures of webhooks as Standard Webhooks has them (version 1: HMAC with SHA-256). */
import { createHmac } from 'node:crypto';

export interface SignedContent {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The value of the header `webhook-signature`, with a signature by each key: while a secret is replaced, receivers find
 * one by theirs. A key is what stands behind `whsec_`, decoded.
 */
export const signWebhook = (keys: readonly Buffer[], { id, timestamp, body }: SignedContent): string =>
  keys.map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`).join(' ');
