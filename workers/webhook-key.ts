/** The key that secrets of webhooks are sealed to: the API seals, and only the worker opens. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readOrMakeKey } from './key-file.ts';

const MODULUS_BITS = 3072;

export interface WebhookKey {
  readonly key: KeyObject;
  /** In PEM. */
  readonly publicKey: string;
}

export async function openWebhookKey(folder: string): Promise<WebhookKey> {
  const make = () => generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS }).privateKey;
  const key = await readOrMakeKey(folder, 'webhooks.key.pem', make);
  return { key, publicKey: createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString() };
}
