/** COSE_Sign1 (RFC 9052 section 4.2) with ES384 and nothing else: the envelope of attestation documents. */
import type { KeyObject } from 'node:crypto';
import { sign, verify } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';

export interface CoseSign1 {
  readonly protectedHeader: Uint8Array;
  readonly payload: Uint8Array;
  /** r and s, 48 bytes each. */
  readonly signature: Uint8Array;
}

/** `{1: -35}`: the algorithm is ES384 (RFC 9053 section 2.1). */
const ES384_HEADER = encodeCbor(new Map([[1, -35]]));
const SIGNATURE_BYTES = 96;
const COSE_SIGN1_TAG = 0xd2;

/** Reads an envelope, tagged (18) or not, as Nitro writes it. Fails with `E_ATTESTATION`. */
export function parseCoseSign1(bytes: Uint8Array): CoseSign1 {
  const parts = readArray(bytes[0] === COSE_SIGN1_TAG ? bytes.subarray(1) : bytes);
  const [protectedHeader, unprotectedHeader, payload, signature] = parts;
  if (parts.length !== 4 || !(protectedHeader instanceof Uint8Array) || !(payload instanceof Uint8Array)) {
    throw malformed('It is not an array of four parts.');
  }
  if (!Buffer.from(protectedHeader).equals(ES384_HEADER)) throw malformed('Its algorithm is not ES384.');
  if (!(unprotectedHeader instanceof Map) || unprotectedHeader.size > 0) throw malformed('It has unsigned headers.');
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
    throw malformed(`Its signature is not ${SIGNATURE_BYTES} bytes long.`);
  }
  return { protectedHeader, payload, signature };
}

/** Whether the envelope was signed with the private half of `key`, a P-384 key. */
export function isSignedBy(envelope: CoseSign1, key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'secp384r1') return false;
  const content = signedContent(envelope.protectedHeader, envelope.payload);
  return verify('sha384', content, { key, dsaEncoding: 'ieee-p1363' }, envelope.signature);
}

/** Signs `payload` with a P-384 private key. */
export function signCoseSign1(payload: Uint8Array, key: KeyObject): Uint8Array {
  const content = signedContent(ES384_HEADER, payload);
  const signature = sign('sha384', content, { key, dsaEncoding: 'ieee-p1363' });
  return encodeCbor([ES384_HEADER, new Map<string, never>(), payload, signature]);
}

/** Sig_structure (RFC 9052 section 4.4). */
const signedContent = (protectedHeader: Uint8Array, payload: Uint8Array) =>
  encodeCbor(['Signature1', protectedHeader, new Uint8Array(), payload]);

function readArray(bytes: Uint8Array): readonly unknown[] {
  try {
    const value = decodeCbor(bytes);
    if (Array.isArray(value)) return value;
  } catch (error) {
    throw malformed('It cannot be read as CBOR.', error);
  }
  throw malformed('It is not an array of four parts.');
}

const malformed = (why: string, cause?: unknown) =>
  new StrongroomError('E_ATTESTATION', 'This is not an attestation document.', {
    why,
    next: 'Give the document as the runner sent it: a COSE_Sign1 message.',
    ...(cause !== undefined && { cause }),
  });
