/**
 * What came of one item of a job, sealed to its caller. Output and failure alike are under a receipt, so that nobody who
 * knows the answer key, which is no secret, can pass for the runner; and each is bound to its own item.
 */
import type { KeyObject } from 'node:crypto';
import type { ErrorFields } from '../../domain/errors.ts';
import { isErrorCode, StrongroomError } from '../../domain/errors.ts';
import type { OutputType } from '../../domain/function.ts';
import { OUTPUT_TYPES } from '../../domain/function.ts';
import type { Sha256 } from '../../domain/ids.ts';
import type { CborValue } from '../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../attestation/cbor.ts';
import type { HpkeBinding, HpkeKeyPair } from '../hpke.ts';
import { HPKE_KEY_BYTES, openWith, sealTo } from '../hpke.ts';
import type { ReceiptContent, ReceiptSalts } from '../receipts/receipt.ts';
import { SALT_BYTES, saltedDigest, signReceipt, verifyReceipt } from '../receipts/receipt.ts';
import { pad, unpad } from './padding.ts';

export type ItemOutcome =
  | { readonly kind: 'output'; readonly type: OutputType; readonly bytes: Buffer; readonly seconds: number }
  | { readonly kind: 'failure'; readonly error: ErrorFields };

/** What an answer belongs to. */
export interface ItemBinding {
  readonly functionChecksum: Sha256;
  /** Of the runner's attestation document, made for the job's nonce. */
  readonly documentHash: Sha256;
  /** See `itemDigest`. */
  readonly item: Sha256;
  /** Its place in its batch. */
  readonly index: number;
}

const LABEL = 'strongroom item answer 1';
/** All small answers, and failures, have one length. */
const SHORTEST = 4096;

/** Signs for an outcome and seals it to the caller's raw key. Zeroes the output. */
export function sealItemAnswer(
  outcome: ItemOutcome,
  binding: ItemBinding,
  answerKey: Uint8Array,
  receiptKey: KeyObject,
): Buffer {
  const body = outcome.kind === 'output' ? outcome.bytes : Buffer.from(JSON.stringify(outcome.error));
  const { receipt, salts } = signReceipt(
    {
      input: saltedDigest(Buffer.from(binding.item, 'hex')),
      inputKind: 'item',
      output: saltedDigest(body),
      functionChecksum: binding.functionChecksum,
      documentHash: binding.documentHash,
      sequence: binding.index,
      time: new Date().toISOString(),
    },
    receiptKey,
  );
  const content = encode(outcome, receipt, salts, body);
  const padded = pad(content, SHORTEST);
  try {
    const { enc, ciphertext } = sealTo(answerKey, padded, hpkeBinding(binding));
    return Buffer.concat([enc, ciphertext]);
  } finally {
    [content, padded, body].forEach((bytes) => bytes.fill(0));
  }
}

export interface OpenedAnswer {
  readonly outcome: ItemOutcome;
  readonly receipt: { readonly signed: Uint8Array; readonly content: ReceiptContent };
}

/** Opens an answer, and holds it against its item. Fails with `E_CHANNEL` or `E_RECEIPT`. */
export function openItemAnswer(
  answer: Uint8Array,
  binding: ItemBinding,
  answerKeys: HpkeKeyPair,
  receiptKey: Uint8Array,
): OpenedAnswer {
  const [enc, ciphertext] = [answer.subarray(0, HPKE_KEY_BYTES), answer.subarray(HPKE_KEY_BYTES)];
  const padded = openWith(answerKeys.privateKey, { enc, ciphertext }, hpkeBinding(binding));
  const content = padded && unpad(padded, SHORTEST);
  if (!content) throw refused();
  const { outcome, body, receipt, salts } = decode(content);
  const verified = verifyReceipt(receipt, {
    receiptKey,
    documentHash: binding.documentHash,
    functionChecksum: binding.functionChecksum,
    input: Buffer.from(binding.item, 'hex'),
    inputKind: 'item',
    output: body,
    salts,
  });
  if (verified.sequence !== binding.index) throw refused();
  return { outcome, receipt: { signed: receipt, content: verified } };
}

const hpkeBinding = ({ functionChecksum, documentHash, item, index }: ItemBinding): HpkeBinding => ({
  info: Buffer.from(`${LABEL} ${documentHash}`),
  aad: encodeCbor([LABEL, functionChecksum, item, index]),
});

function encode(outcome: ItemOutcome, receipt: Uint8Array, salts: ReceiptSalts, body: Buffer): Buffer {
  const type = outcome.kind === 'output' ? outcome.type : null;
  const microseconds = outcome.kind === 'output' ? Math.round(outcome.seconds * 1e6) : 0;
  return Buffer.from(
    encodeCbor(
      new Map<string, CborValue>([
        ['type', type],
        ['microseconds', microseconds],
        ['receipt', receipt],
        ['input_salt', salts.input],
        ['output_salt', salts.output],
        ['body', Uint8Array.from(body)],
      ]),
    ),
  );
}

interface Decoded {
  readonly outcome: ItemOutcome;
  readonly body: Buffer;
  readonly receipt: Uint8Array;
  readonly salts: ReceiptSalts;
}

function decode(content: Buffer): Decoded {
  const fields = fieldsOf(content);
  const [receipt, given, microseconds] = [fields.get('receipt'), fields.get('body'), fields.get('microseconds')];
  const salts = { input: saltOf(fields.get('input_salt')), output: saltOf(fields.get('output_salt')) };
  if (!(receipt instanceof Uint8Array) || !(given instanceof Uint8Array) || typeof microseconds !== 'number') {
    throw refused();
  }
  const body = Buffer.from(given);
  if (fields.get('type') === null) return { outcome: failureOf(body), body, receipt, salts };
  const type = OUTPUT_TYPES.find((known) => known === fields.get('type'));
  if (!type) throw refused();
  return { outcome: { kind: 'output', type, bytes: body, seconds: microseconds / 1e6 }, body, receipt, salts };
}

function fieldsOf(content: Buffer): ReadonlyMap<unknown, unknown> {
  try {
    const fields = decodeCbor(content);
    if (fields instanceof Map) return fields as ReadonlyMap<unknown, unknown>;
  } catch {
    // Named below, without a reason.
  }
  throw refused();
}

function failureOf(body: Buffer): ItemOutcome {
  const { code, message, why, next } = JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>;
  if (!isErrorCode(code)) throw refused();
  const words = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { kind: 'failure', error: { code, message: words(message) ?? code, why: words(why), next: words(next) } };
}

function saltOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.length === SALT_BYTES) return value;
  throw refused();
}

const refused = (): StrongroomError =>
  new StrongroomError('E_CHANNEL', 'An answer of the job does not open.', {
    why: 'It was changed, or is the answer to another item or for another caller.',
    next: 'Do not rely on the results of this job. Start it again.',
  });
