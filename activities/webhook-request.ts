/** One attempt to send an event to a webhook. */
import { constants, privateDecrypt, type KeyObject } from 'node:crypto';
import { request } from 'undici';
import type { AddressPolicy } from '../client/address-policy.ts';
import { signWebhook } from '../crypto/webhook-signature.ts';
import { StrongroomError } from '../domain/errors.ts';
import { webhookSecretLabel } from '../domain/webhook.ts';
import type { Parcel } from '../storage/webhook-deliveries.ts';

/** How long the receiver may take, from the first look for its address to the head of its answer. */
const PATIENCE_SECONDS = 15;
const GONE = 410;

export interface WebhookAnswer {
  readonly status: number | null;
  /** `null` where it was taken. */
  readonly failure: string | null;
  readonly gone: boolean;
}

/** What is sent: the event as the event stream tells it, in the form that Standard Webhooks recommends. */
export function webhookBody({ type, at, id: _id, ...data }: Parcel['event']): string {
  return JSON.stringify({ type, timestamp: at, data });
}

/** Opens a sealed secret, for its own webhook only; the caller zeroes it. */
export const openWebhookSecret = (privateKey: KeyObject, webhook: string, sealed: Buffer): Buffer =>
  privateDecrypt(
    {
      key: privateKey,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(webhookSecretLabel(webhook)),
    },
    sealed,
  );

/** Sends a parcel. Follows no redirect, and reads nothing of the answer but its status: the sender tells it to others. */
export async function sendParcel(
  parcel: Parcel,
  secrets: readonly Buffer[],
  policy: AddressPolicy,
): Promise<WebhookAnswer> {
  const url = new URL(parcel.url);
  const timestamp = Math.floor(Date.now() / 1000);
  const body = webhookBody(parcel.event);
  const dispatcher = policy.dispatcherFor(url, PATIENCE_SECONDS);
  try {
    policy.checkUrl(url);
    const answer = await request(url, {
      method: 'POST',
      dispatcher,
      signal: AbortSignal.timeout(PATIENCE_SECONDS * 1000),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'strongroom-webhooks/1',
        'webhook-id': parcel.delivery,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook(secrets, { id: parcel.delivery, timestamp, body }),
      },
      body,
    });
    // It ends with the connection, unread.
    answer.body.on('error', () => undefined);
    const { statusCode: status } = answer;
    const taken = status >= 200 && status < 300;
    return { status, failure: taken ? null : `It answered with ${status}.`, gone: status === GONE };
  } catch (error) {
    return { status: null, failure: whyNot(error), gone: false };
  } finally {
    await dispatcher.destroy();
  }
}

/** Without addresses: where the platform's own resolver leads is not for the webhook's owner to learn. */
function whyNot(error: unknown): string {
  if (error instanceof StrongroomError) return 'Its address is not a public one.';
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'It did not answer in time.';
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const known = code ?? cause?.code;
  return typeof known === 'string' ? `No connection (${known}).` : 'No connection.';
}
