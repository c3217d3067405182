/** What is inside the sealed messages of a session: the length of a head (32 bits, big-endian), the head, and bytes. */
import type { ErrorFields } from '../../domain/errors.ts';
import { isErrorCode } from '../../domain/errors.ts';
import type { OutputType } from '../../domain/function.ts';
import { OUTPUT_TYPES } from '../../domain/function.ts';
import type { CborValue } from '../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../attestation/cbor.ts';
import { HPKE_KEY_BYTES } from '../hpke.ts';
import type { InputKind } from '../receipts/receipt.ts';
import { SALT_BYTES } from '../receipts/receipt.ts';
import { refused } from './message.ts';

export interface RequestHead {
  /** Says who calls, and that it may (see invocation-token.ts). */
  readonly token: string;
  /** Raw X25519 key of the caller: the answer is sealed to it. */
  readonly answerKey: Uint8Array;
  readonly inputKind: InputKind;
}

export type AnswerHead =
  | {
      readonly kind: 'output';
      readonly type: OutputType;
      /** Time inside the handler. */
      readonly seconds: number;
      readonly receipt: Uint8Array;
      readonly salts: { readonly input: Uint8Array; readonly output: Uint8Array };
    }
  | { readonly kind: 'failure'; readonly error: ErrorFields };

export interface Content<Head> {
  readonly head: Head;
  /** A view of what was read. */
  readonly body: Buffer;
}

export const encodeRequest = ({ token, answerKey, inputKind }: RequestHead, input: Uint8Array): Buffer =>
  encode({ token, answer_key: answerKey, input_kind: inputKind }, input);

export const encodeOutput = (head: Extract<AnswerHead, { kind: 'output' }>, output: Uint8Array): Buffer => {
  const { type, seconds, receipt, salts } = head;
  const fields = { kind: 'output', type, microseconds: Math.round(seconds * 1e6), receipt };
  return encode({ ...fields, input_salt: salts.input, output_salt: salts.output }, output);
};

export const encodeFailure = ({ code, message, why, next }: ErrorFields): Buffer =>
  encode({ kind: 'failure', code, message, why: why ?? null, next: next ?? null }, new Uint8Array());

/** Fails with `E_CHANNEL`. */
export function decodeRequest(content: Buffer): Content<RequestHead> {
  const { fields, body } = decode(content);
  const [token, answerKey, inputKind] = [fields.get('token'), fields.get('answer_key'), fields.get('input_kind')];
  const isKey = answerKey instanceof Uint8Array && answerKey.length === HPKE_KEY_BYTES;
  if (typeof token !== 'string' || !isKey || (inputKind !== 'open' && inputKind !== 'sealed')) throw refused();
  // A copy: what was read is zeroed before the answer is sealed to it.
  return { head: { token, answerKey: Uint8Array.from(answerKey), inputKind }, body };
}

/** Fails with `E_CHANNEL`. */
export function decodeAnswer(content: Buffer): Content<AnswerHead> {
  const { fields, body } = decode(content);
  return { head: fields.get('kind') === 'failure' ? failureOf(fields) : outputOf(fields), body };
}

function failureOf(fields: Fields): AnswerHead {
  const code = fields.get('code');
  if (!isErrorCode(code)) throw refused();
  const text = (name: string) => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  return { kind: 'failure', error: { code, message: text('message') ?? code, why: text('why'), next: text('next') } };
}

function outputOf(fields: Fields): AnswerHead {
  const type = OUTPUT_TYPES.find((known) => known === fields.get('type'));
  const microseconds = fields.get('microseconds');
  const receipt = fields.get('receipt');
  const salts = { input: saltOf(fields.get('input_salt')), output: saltOf(fields.get('output_salt')) };
  if (!type || typeof microseconds !== 'number' || !(receipt instanceof Uint8Array)) throw refused();
  return { kind: 'output', type, seconds: microseconds / 1e6, receipt, salts };
}

function saltOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.length === SALT_BYTES) return value;
  throw refused();
}

type Fields = ReadonlyMap<unknown, unknown>;

function encode(fields: Readonly<Record<string, CborValue>>, body: Uint8Array): Buffer {
  const head = encodeCbor(new Map(Object.entries(fields)));
  const content = Buffer.alloc(4 + head.length + body.length);
  content.writeUInt32BE(head.length);
  content.set(head, 4);
  content.set(body, 4 + head.length);
  return content;
}

function decode(content: Buffer): { readonly fields: Fields; readonly body: Buffer } {
  const end = content.length < 4 ? 0 : 4 + content.readUInt32BE();
  if (end === 0 || end > content.length) throw refused();
  try {
    const fields = decodeCbor(content.subarray(4, end));
    if (fields instanceof Map) return { fields: fields as Fields, body: content.subarray(end) };
  } catch {
    // Named below, without a reason.
  }
  throw refused();
}
