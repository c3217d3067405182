/** What a sealed input says in the open, and what it is bound to: whose it is, and what may open it until when. */
import { StrongroomError } from '../../domain/errors.ts';
import type { Handle, Sha256 } from '../../domain/ids.ts';
import { parseHandle } from '../../domain/ids.ts';
import type { CborValue } from '../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../attestation/cbor.ts';
import { HPKE_SUITE } from '../hpke.ts';
import { parseGeneration } from './user-key.ts';

export interface SealingPolicy {
  /** The checksums of the functions that may take the input; `null` for each function that the recipient allows. */
  readonly functions: readonly Sha256[] | null;
  /** After this time it is not opened any more, ISO 8601; `null` for as long as the key lives. */
  readonly notAfter: string | null;
}

export interface SealedHeader {
  readonly recipient: Handle;
  readonly keyId: Sha256;
  readonly generation: number;
  readonly policy: SealingPolicy;
}

export const MOST_FUNCTIONS = 64;
const VERSION = 1;
const FIELDS = ['v', 'suite', 'to', 'key', 'generation', 'functions', 'not_after'] as const;
type Fields = Readonly<Record<(typeof FIELDS)[number], unknown>>;

/** The bytes that are authenticated with everything else: deterministic CBOR. Fails with `E_SEALED_INPUT`. */
export function encodeHeader({ recipient, keyId, generation, policy }: SealedHeader): Uint8Array {
  const { functions, notAfter } = policy;
  const bytes = encodeCbor(
    new Map<string, CborValue>([
      ['v', VERSION],
      ['suite', HPKE_SUITE],
      ['to', recipient],
      ['key', fromHex(keyId)],
      ['generation', generation],
      ['functions', functions && [...new Set(functions)].sort().map(fromHex)],
      ['not_after', notAfter === null ? null : Date.parse(notAfter)],
    ]),
  );
  decodeHeader(bytes);
  return bytes;
}

/** Reads a header, which must be written exactly as `encodeHeader` does it. Fails with `E_SEALED_INPUT`. */
export function decodeHeader(bytes: Uint8Array): SealedHeader {
  const fields = readFields(bytes);
  if (fields.v !== VERSION) throw malformed('Its version is not known.');
  if (!isSame(fields.suite, HPKE_SUITE)) throw malformed('Its cipher suite is not known.');
  return {
    recipient: readRecipient(fields.to),
    keyId: readDigest(fields.key, 'key'),
    generation: parseGeneration(fields.generation),
    policy: { functions: readFunctions(fields.functions), notAfter: readTime(fields.not_after) },
  };
}

/** Why `policy` forbids the function with `checksum` to take the input at the time `at`, or null. */
export function forbiddenBy(policy: SealingPolicy, checksum: Sha256, at: Date): string | null {
  if (policy.notAfter !== null && at.getTime() > Date.parse(policy.notAfter)) {
    return `It may be opened until ${policy.notAfter} only.`;
  }
  if (policy.functions === null || policy.functions.includes(checksum)) return null;
  return `It may be opened by functions with these checksums only: ${policy.functions.join(', ')}.`;
}

export const malformed = (why: string, cause?: unknown): StrongroomError =>
  new StrongroomError('E_SEALED_INPUT', 'This is not a sealed input.', {
    why,
    next: 'Give the whole of what `strongroom encrypt` printed, or encrypt again.',
    ...(cause !== undefined && { cause }),
  });

/** Decodes deterministic CBOR: whatever another writer could have written otherwise is refused. */
function decodeExactly(bytes: Uint8Array): unknown {
  try {
    const value = decodeCbor(bytes);
    if (Buffer.from(encodeCbor(value as CborValue)).equals(bytes)) return value;
  } catch (error) {
    throw malformed('It cannot be read as CBOR.', error);
  }
  throw malformed('It is not in its one canonical form.');
}

function readFields(bytes: Uint8Array): Fields {
  const value = decodeExactly(bytes);
  if (!(value instanceof Map)) throw malformed('Its header is not a map.');
  const fields = value as ReadonlyMap<unknown, unknown>;
  if (fields.size !== FIELDS.length || !FIELDS.every((name) => fields.has(name))) {
    throw malformed(`Its header must have these fields and no others: ${FIELDS.join(', ')}.`);
  }
  return Object.fromEntries(fields) as Fields;
}

function readRecipient(value: unknown): Handle {
  try {
    return parseHandle(value);
  } catch (error) {
    throw malformed('Its recipient is not a handle.', error);
  }
}

function readDigest(value: unknown, name: string): Sha256 {
  if (value instanceof Uint8Array && value.length === 32) return Buffer.from(value).toString('hex') as Sha256;
  throw malformed(`Its field "${name}" is not a SHA-256 digest.`);
}

function readFunctions(value: unknown): readonly Sha256[] | null {
  if (value === null) return null;
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_FUNCTIONS) {
    throw malformed(`It must name 1 to ${MOST_FUNCTIONS} functions, or leave them to the recipient.`);
  }
  const functions = value.map((item: unknown) => readDigest(item, 'functions'));
  if (!isSame(functions, [...new Set(functions)].sort())) throw malformed('Its functions are not sorted.');
  return functions;
}

function readTime(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < 8e15) {
    return new Date(value).toISOString();
  }
  throw malformed('Its "not_after" is not a time.');
}

const fromHex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'));

const isSame = (one: unknown, other: readonly unknown[]): boolean =>
  Array.isArray(one) && one.length === other.length && one.every((item, index) => item === other[index]);
