/**
 * A receipt: what a runner signs about one answer. A COSE_Sign1 message (RFC 9052) with EdDSA, by the receipt key that
 * the runner's attestation document vouches for. Input and output are in it only as salted digests, so that whoever
 * sees a receipt cannot find a small input by trying; who has the salts can prove what went in and came out.
 */
import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, randomBytes, sign, timingSafeEqual, verify } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import type { CborValue } from '../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../attestation/cbor.ts';

export const SALT_BYTES = 32;

/** How the input arrived: in the session, or as a sealed input, whose text the digest is of. */
export type InputKind = 'open' | 'sealed';
/** Or as an item of a job: then the digest is of the encrypted item's own SHA-256, which is what its caller keeps. */
export type ReceiptKind = InputKind | 'item';

export interface ReceiptContent {
  /** SHA-256 of the salt and the input, or of the salt and the text of the sealed input. */
  readonly inputDigest: Sha256;
  readonly inputKind: ReceiptKind;
  /** SHA-256 of the salt and the output. */
  readonly outputDigest: Sha256;
  readonly functionChecksum: Sha256;
  /** SHA-256 of the runner's attestation document, as the caller verified it. */
  readonly documentHash: Sha256;
  /** How many answers this session had before, or the item's place in its batch. */
  readonly sequence: number;
  /** When the runner answered, by its own clock, ISO 8601. */
  readonly time: string;
}

export interface ReceiptSalts {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** A digest of some content with a fresh salt, for a receipt; the content need not be kept until that is signed. */
export interface SaltedDigest {
  readonly salt: Uint8Array;
  readonly digest: Uint8Array;
}

export function saltedDigest(content: Uint8Array): SaltedDigest {
  const salt = randomBytes(SALT_BYTES);
  return { salt, digest: digest(salt, content) };
}

/** What a runner says about an answer. */
export type ReceiptFacts = Omit<ReceiptContent, 'inputDigest' | 'outputDigest'> & {
  readonly input: SaltedDigest;
  readonly output: SaltedDigest;
};

export interface SignedReceipt {
  /** May be shown to anybody. */
  readonly receipt: Uint8Array;
  /** Go to the caller alone, inside the sealed answer. */
  readonly salts: ReceiptSalts;
}

/** `{1: -8}`: the algorithm is EdDSA (RFC 9053 section 2.2). */
const EDDSA_HEADER = encodeCbor(new Map([[1, -8]]));
const SIGNATURE_BYTES = 64;
const LONGEST_RECEIPT = 1024;
const FIELDS = ['v', 'input', 'input_kind', 'output', 'function', 'document', 'sequence', 'time'] as const;
/** SubjectPublicKeyInfo of Ed25519 (RFC 8410 section 4) up to the key itself. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Signs for an answer with the runner's receipt key (Ed25519). */
export function signReceipt(facts: ReceiptFacts, receiptKey: KeyObject): SignedReceipt {
  const { input, output } = facts;
  const payload = encodeCbor(
    new Map<string, CborValue>([
      ['v', 1],
      ['input', input.digest],
      ['input_kind', facts.inputKind],
      ['output', output.digest],
      ['function', fromHex(facts.functionChecksum)],
      ['document', fromHex(facts.documentHash)],
      ['sequence', facts.sequence],
      ['time', Date.parse(facts.time)],
    ]),
  );
  const signature = sign(null, signedContent(payload), receiptKey);
  const receipt = encodeCbor([EDDSA_HEADER, new Map<string, never>(), payload, signature]);
  return { receipt, salts: { input: input.salt, output: output.salt } };
}

/** Reads a receipt that the runner with `receiptKey` (raw Ed25519) signed. Fails with `E_RECEIPT`. */
export function openReceipt(receipt: Uint8Array, receiptKey: Uint8Array): ReceiptContent {
  const { payload, signature } = readEnvelope(receipt);
  const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI, receiptKey]), format: 'der', type: 'spki' });
  if (!verify(null, signedContent(payload), key, signature)) {
    throw refused('Its signature is not that of the runner which the attestation document vouches for.');
  }
  return readContent(payload);
}

/** What the caller knows by itself and holds a receipt against. */
export interface ReceiptExpectations {
  readonly receiptKey: Uint8Array;
  readonly documentHash: Sha256;
  readonly functionChecksum: Sha256;
  readonly input: Uint8Array;
  readonly inputKind: ReceiptKind;
  readonly output: Uint8Array;
  readonly salts: ReceiptSalts;
}

/**
 * Checks a receipt against what was sent and what came back. Fails with `E_RECEIPT` at the first difference; `sequence`
 * and `time` are for the caller to compare with its own.
 */
export function verifyReceipt(receipt: Uint8Array, expected: ReceiptExpectations): ReceiptContent {
  const content = openReceipt(receipt, expected.receiptKey);
  const { salts } = expected;
  if (salts.input.length !== SALT_BYTES || salts.output.length !== SALT_BYTES) {
    throw refused(`A salt is not ${SALT_BYTES} bytes long.`);
  }
  const comparisons: readonly (readonly [boolean, string])[] = [
    [content.functionChecksum === expected.functionChecksum, 'It is for another function.'],
    [content.documentHash === expected.documentHash, 'It belongs to another attestation document.'],
    [content.inputKind === expected.inputKind, 'It is for an input that arrived in another way.'],
    [isDigest(content.inputDigest, salts.input, expected.input), 'It is for another input than was sent.'],
    [isDigest(content.outputDigest, salts.output, expected.output), 'It is for another output than came.'],
  ];
  const difference = comparisons.find(([holds]) => !holds);
  if (difference) throw refused(difference[1]);
  return content;
}

function readEnvelope(receipt: Uint8Array): { payload: Uint8Array; signature: Uint8Array } {
  if (receipt.length > LONGEST_RECEIPT) throw refused(`It is longer than ${LONGEST_RECEIPT} bytes.`);
  const parts = decodeExactly(receipt);
  if (!Array.isArray(parts) || parts.length !== 4) throw refused('It is not a COSE_Sign1 message.');
  const [header, open, payload, signature] = parts as readonly unknown[];
  if (!(header instanceof Uint8Array) || !Buffer.from(header).equals(EDDSA_HEADER)) {
    throw refused('Its algorithm is not EdDSA.');
  }
  if (!(open instanceof Map) || open.size > 0) throw refused('It has unsigned headers.');
  if (!(payload instanceof Uint8Array)) throw refused('It has no content.');
  if (signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES) return { payload, signature };
  throw refused(`Its signature is not ${SIGNATURE_BYTES} bytes long.`);
}

function readContent(payload: Uint8Array): ReceiptContent {
  const value = decodeExactly(payload);
  if (!(value instanceof Map)) throw refused('Its content is not a map.');
  const fields = value as ReadonlyMap<unknown, unknown>;
  if (fields.size !== FIELDS.length || !FIELDS.every((name) => fields.has(name)) || fields.get('v') !== 1) {
    throw refused(`Its content must be version 1, with these fields and no others: ${FIELDS.join(', ')}.`);
  }
  const inputKind = fields.get('input_kind');
  if (inputKind !== 'open' && inputKind !== 'sealed' && inputKind !== 'item') {
    throw refused('Its "input_kind" is not known.');
  }
  return {
    inputDigest: readDigest(fields.get('input')),
    inputKind,
    outputDigest: readDigest(fields.get('output')),
    functionChecksum: readDigest(fields.get('function')),
    documentHash: readDigest(fields.get('document')),
    sequence: readCount(fields.get('sequence')),
    time: new Date(readCount(fields.get('time'))).toISOString(),
  };
}

function decodeExactly(bytes: Uint8Array): unknown {
  try {
    const value = decodeCbor(bytes);
    if (Buffer.from(encodeCbor(value as CborValue)).equals(bytes)) return value;
  } catch (error) {
    throw refused('It cannot be read as CBOR.', error);
  }
  throw refused('It is not in its one canonical form.');
}

function readDigest(value: unknown): Sha256 {
  if (value instanceof Uint8Array && value.length === 32) return Buffer.from(value).toString('hex') as Sha256;
  throw refused('One of its digests is not a SHA-256 digest.');
}

function readCount(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 8e15) return value;
  throw refused('One of its numbers is not a whole number.');
}

const digest = (salt: Uint8Array, content: Uint8Array): Uint8Array =>
  Uint8Array.from(createHash('sha256').update(salt).update(content).digest());

const isDigest = (found: Sha256, salt: Uint8Array, content: Uint8Array): boolean =>
  timingSafeEqual(Buffer.from(found, 'hex'), digest(salt, content));

const fromHex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'));

/** Sig_structure (RFC 9052 section 4.4). */
const signedContent = (payload: Uint8Array) => encodeCbor(['Signature1', EDDSA_HEADER, new Uint8Array(), payload]);

const refused = (why: string, cause?: unknown) =>
  new StrongroomError('E_RECEIPT', 'The receipt is refused.', {
    why,
    next: 'Do not rely on the answer that came with it.',
    ...(cause !== undefined && { cause }),
  });
