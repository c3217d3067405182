/** The content of an attestation document: Nitro's fields, and the one that marks the software type. */
import { createHash } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { decodeCbor, encodeCbor, type CborValue } from './cbor.ts';
import type { CoseSign1 } from './cose-sign1.ts';
import { parseCoseSign1 } from './cose-sign1.ts';
import { refuseUnsupported } from './tee.ts';

/** Which register of a software document holds what. */
export const SOFTWARE_REGISTERS = {
  runnerImage: 0,
  sandbox: 1,
  functionChecksum: 2,
  models: 3,
  releasePolicy: 4,
} as const;

export interface AttestationDocument {
  readonly tee: 'nitro' | 'software';
  readonly moduleId: string;
  /** When the attestor signed it, ISO 8601. */
  readonly timestamp: string;
  /** Register number → measured value in lower-case hexadecimal digits. */
  readonly registers: ReadonlyMap<number, string>;
  /** DER; its key signed the document. */
  readonly certificate: Uint8Array;
  /** DER, from the root to the issuer of `certificate`. */
  readonly chain: readonly Uint8Array[];
  /** Raw X25519 key that secrets may be sealed to. */
  readonly channelKey: Uint8Array | null;
  /** Raw Ed25519 key that signs receipts; only in software documents. */
  readonly receiptKey: Uint8Array | null;
  readonly nonce: Uint8Array | null;
  readonly userData: Uint8Array | null;
  /** SHA-256 of the whole document as it came. */
  readonly sha256: Sha256;
  readonly envelope: CoseSign1;
}

const KNOWN_FIELDS = new Set([
  ...['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle', 'public_key', 'user_data', 'nonce'],
  ...['tee', 'receipt_key'],
]);
const DIGEST_BYTES = { nitro: 48, software: 32 } as const;
const LONGEST_DOCUMENT = 64 * 1024;
const MOST_CERTIFICATES = 8;

/** Reads a document and proves nothing about it. Fails with `E_ATTESTATION` or `E_ATTESTATION_UNSUPPORTED`. */
export function parseAttestationDocument(bytes: Uint8Array): AttestationDocument {
  refuseUnsupported(bytes);
  if (bytes.length > LONGEST_DOCUMENT) throw malformed(`It is longer than ${LONGEST_DOCUMENT} bytes.`);
  const envelope = parseCoseSign1(bytes);
  const fields = readFields(envelope.payload);
  const tee = readTee(fields.get('tee'));
  if (tee === 'nitro' && fields.has('receipt_key')) throw malformed('A Nitro document has no field "receipt_key".');
  if (tee === 'software') [bytes, envelope.payload].forEach(refuseOtherEncodings);
  if (fields.get('digest') !== (tee === 'nitro' ? 'SHA384' : 'SHA256')) throw malformed('Its "digest" is not known.');
  return {
    tee,
    moduleId: readText(fields, 'module_id'),
    timestamp: readTime(fields.get('timestamp')),
    registers: readRegisters(fields.get('pcrs'), DIGEST_BYTES[tee]),
    certificate: required(readBytes(fields, 'certificate', 1, 4096), 'certificate'),
    chain: readChain(fields.get('cabundle')),
    channelKey: readBytes(fields, 'public_key', 1, 1024),
    receiptKey: readBytes(fields, 'receipt_key', 32, 32),
    nonce: readBytes(fields, 'nonce', 0, 512),
    userData: readBytes(fields, 'user_data', 0, 4096),
    sha256: createHash('sha256').update(bytes).digest('hex') as Sha256,
    envelope,
  };
}

function readFields(payload: Uint8Array): ReadonlyMap<string, unknown> {
  const fields = readMap(payload);
  for (const name of fields.keys()) {
    if (typeof name !== 'string' || !KNOWN_FIELDS.has(name)) {
      throw malformed(`Its field ${JSON.stringify(name)} is not known.`);
    }
  }
  return fields as ReadonlyMap<string, unknown>;
}

function readMap(payload: Uint8Array): ReadonlyMap<unknown, unknown> {
  try {
    const value = decodeCbor(payload);
    if (value instanceof Map) return value;
  } catch (error) {
    throw malformed('Its content cannot be read as CBOR.', error);
  }
  throw malformed('Its content is not a map.');
}

/** Our own documents have one form. Nitro's are not deterministic CBOR, so nothing of the kind is asked of them. */
function refuseOtherEncodings(bytes: Uint8Array): void {
  if (Buffer.from(encodeCbor(decodeCbor(bytes) as CborValue)).equals(bytes)) return;
  throw malformed('It is not deterministic CBOR.');
}

function readTee(value: unknown): AttestationDocument['tee'] {
  if (value === undefined) return 'nitro';
  if (value === 'software') return 'software';
  throw malformed(`Its type ${JSON.stringify(value)} is not known.`);
}

function readText(fields: ReadonlyMap<string, unknown>, name: string): string {
  const value = fields.get(name);
  if (typeof value === 'string' && value !== '' && value.length <= 256) return value;
  throw malformed(`Its field "${name}" is missing or no text.`);
}

function readTime(value: unknown): string {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < 8e15) {
    return new Date(value).toISOString();
  }
  throw malformed('Its "timestamp" is not a time.');
}

function readRegisters(value: unknown, size: number): ReadonlyMap<number, string> {
  if (!(value instanceof Map) || value.size === 0 || value.size > 32) throw malformed('It has no registers ("pcrs").');
  const registers = new Map<number, string>();
  for (const [index, register] of value as ReadonlyMap<unknown, unknown>) {
    const isIndex = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < 32;
    if (!isIndex || !(register instanceof Uint8Array) || register.length !== size) {
      throw malformed(`Its register ${String(index)} is not ${size} bytes long.`);
    }
    registers.set(index, Buffer.from(register).toString('hex'));
  }
  return registers;
}

function readChain(value: unknown): readonly Uint8Array[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_CERTIFICATES) {
    throw malformed('It has no chain of certificates ("cabundle").');
  }
  return value.map((certificate: unknown) => {
    if (certificate instanceof Uint8Array && certificate.length > 0) return certificate;
    throw malformed('Its chain holds something that is not a certificate.');
  });
}

function readBytes(fields: ReadonlyMap<string, unknown>, name: string, least: number, most: number) {
  const value = fields.get(name) ?? null;
  if (value === null) return null;
  if (value instanceof Uint8Array && value.length >= least && value.length <= most) return value;
  throw malformed(`Its field "${name}" has a length that is not allowed.`);
}

function required(value: Uint8Array | null, name: string): Uint8Array {
  if (value) return value;
  throw malformed(`Its field "${name}" is missing.`);
}

const malformed = (why: string, cause?: unknown) =>
  new StrongroomError('E_ATTESTATION', 'This attestation document is malformed.', {
    why,
    ...(cause !== undefined && { cause }),
  });
