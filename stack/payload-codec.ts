/** Encrypts what our workflows put into Temporal, so that whoever runs Temporal reads ids and stages, and no more. */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import { METADATA_ENCODING_KEY, ValueError, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { readPayloadKeys, type PayloadKeys } from './payload-keys.ts';

const PayloadMessage = proto.temporal.api.common.v1.Payload;

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const textOf = (payload: Payload, name: string): string => Buffer.from(payload.metadata?.[name] ?? []).toString('utf8');

/** AES-256-GCM: nonce, ciphertext, tag. The key's id and the encoding are bound, the workflow is not (schedules move). */
export class EncryptionCodec implements PayloadCodec {
  readonly #file: string;
  #keys: PayloadKeys;

  /** Fails with `E_CONFIG` where the key ring cannot be used. */
  constructor(keyRingFile: string) {
    this.#file = keyRingFile;
    this.#keys = readPayloadKeys(keyRingFile);
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const { id, key } = this.#keys.current;
    return payloads.map((payload) => ({
      metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) },
      data: seal(key, id, PayloadMessage.encode(payload).finish()),
    }));
  }

  /** Fails with `ValueError` for what is damaged, has an unknown key, or is not encrypted. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#decodeOne(payload));
  }

  #decodeOne(payload: Payload): Payload {
    if (textOf(payload, METADATA_ENCODING_KEY) !== ENCODING) return this.#plaintext(payload);
    const id = textOf(payload, KEY_ID);
    const key = this.#keys.find(id) ?? this.#readAgain().find(id);
    if (!key) throw new ValueError(`A payload is encrypted with the key ${id}, which is not in the key ring.`);
    return PayloadMessage.decode(open(key, id, Buffer.from(payload.data ?? [])));
  }

  /**
   * Whoever can write to Temporal could put a plaintext of their own in the place of a ciphertext: taken only for the
   * time that the key ring allows for, so that work from before goes on.
   */
  #plaintext(payload: Payload): Payload {
    if (Date.now() < this.#keys.plaintextUntil) return payload;
    throw new ValueError('A payload is not encrypted, and the key ring does not allow that.');
  }

  /** Another process may have added a key since. */
  #readAgain(): PayloadKeys {
    this.#keys = readPayloadKeys(this.#file);
    return this.#keys;
  }
}

const bound = (id: string): Buffer => Buffer.from(`${ENCODING}\n${id}`);

function seal(key: KeyObject, id: string, plaintext: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound(id));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function open(key: KeyObject, id: string, sealed: Buffer): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new ValueError('An encrypted payload is cut off.');
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(bound(id)).setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new ValueError('An encrypted payload was changed.');
  }
}
