/** Secrets of webhooks: made here, shown once, and sealed so that only the worker opens them again. */
import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { webhookSecretLabel } from '../domain/webhook.ts';

const KEY_BYTES = 32;

/** `secret` is what Standard Webhooks calls one. `publicKey` is the worker's, in PEM. */
export function createWebhookSecret(
  publicKey: string,
  webhook: string,
): { readonly secret: string; readonly sealedSecret: Buffer } {
  const key = randomBytes(KEY_BYTES);
  try {
    const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    const oaepLabel = Buffer.from(webhookSecretLabel(webhook));
    const sealedSecret = publicEncrypt({ key: publicKey, ...oaep, oaepLabel }, key);
    return { secret: `whsec_${key.toString('base64')}`, sealedSecret };
  } finally {
    key.fill(0);
  }
}
