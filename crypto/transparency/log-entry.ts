/** What the log holds: which functions were deployed, which keys users have, and whose inputs a function may take. */
import { StrongroomError } from '../../domain/errors.ts';
import type { Handle, Sha256 } from '../../domain/ids.ts';
import { parseHandle } from '../../domain/ids.ts';
import type { CborValue } from '../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../attestation/cbor.ts';

export type LogEntry =
  /** `owner` deployed a function; from then on it may take inputs that were sealed to `owner` for any function. */
  | { readonly kind: 'function'; readonly owner: Handle; readonly name: string; readonly checksum: Sha256 }
  /** `user` has this key: inputs are sealed to no other. */
  | { readonly kind: 'user-key'; readonly user: Handle; readonly generation: number; readonly keyId: Sha256 }
  /** `user` lets a function of somebody else take what was sealed to `user` for any function. */
  | { readonly kind: 'permission'; readonly user: Handle; readonly checksum: Sha256 };

const LONGEST_ENTRY = 1024;
const FIELDS = {
  function: ['checksum', 'kind', 'name', 'owner', 'v'],
  'user-key': ['generation', 'key', 'kind', 'user', 'v'],
  permission: ['checksum', 'kind', 'user', 'v'],
} as const;

/** The content of the entry's leaf: deterministic CBOR, so that anyone who knows the facts can look for them. */
export function encodeLogEntry(entry: LogEntry): Uint8Array {
  return encodeCbor(new Map<string, CborValue>([['v', 1], ['kind', entry.kind], ...contentOf(entry)]));
}

/** Reads a leaf. Fails with `E_LOG_INVALID` on what is not exactly an entry. */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  const fields = readFields(bytes);
  const text = (name: string) => readText(fields.get(name));
  switch (fields.get('kind') as LogEntry['kind']) {
    case 'function': {
      const owner = parseHandle(fields.get('owner'));
      return { kind: 'function', owner, name: text('name'), checksum: readDigest(fields.get('checksum')) };
    }
    case 'user-key': {
      const [user, generation] = [parseHandle(fields.get('user')), readCount(fields.get('generation'))];
      return { kind: 'user-key', user, generation, keyId: readDigest(fields.get('key')) };
    }
    case 'permission':
      return {
        kind: 'permission',
        user: parseHandle(fields.get('user')),
        checksum: readDigest(fields.get('checksum')),
      };
  }
}

function contentOf(entry: LogEntry): readonly (readonly [string, CborValue])[] {
  switch (entry.kind) {
    case 'function':
      return [
        ['owner', entry.owner],
        ['name', entry.name],
        ['checksum', fromHex(entry.checksum)],
      ];
    case 'user-key':
      return [
        ['user', entry.user],
        ['generation', entry.generation],
        ['key', fromHex(entry.keyId)],
      ];
    case 'permission':
      return [
        ['user', entry.user],
        ['checksum', fromHex(entry.checksum)],
      ];
  }
}

function readFields(bytes: Uint8Array): ReadonlyMap<unknown, unknown> {
  const fields = bytes.length > LONGEST_ENTRY ? null : decode(bytes);
  const kind = fields?.get('kind');
  const isKnown = typeof kind === 'string' && Object.hasOwn(FIELDS, kind);
  const names = isKnown ? FIELDS[kind as LogEntry['kind']] : [];
  const isExact = fields?.size === names.length && names.every((name) => fields.has(name));
  if (fields && isKnown && isExact && fields.get('v') === 1) return fields;
  throw invalid();
}

function decode(bytes: Uint8Array): ReadonlyMap<unknown, unknown> | null {
  try {
    const value = decodeCbor(bytes);
    const isCanonical = Buffer.from(encodeCbor(value as CborValue)).equals(bytes);
    return isCanonical && value instanceof Map ? value : null;
  } catch {
    return null;
  }
}

function readText(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= 100) return value;
  throw invalid();
}

function readDigest(value: unknown): Sha256 {
  if (value instanceof Uint8Array && value.length === 32) return Buffer.from(value).toString('hex') as Sha256;
  throw invalid();
}

function readCount(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw invalid();
}

const fromHex = (digits: string) => Uint8Array.from(Buffer.from(digits, 'hex'));

const invalid = () =>
  new StrongroomError('E_LOG_INVALID', 'An entry of the transparency log cannot be read.', {
    next: 'Use a newer version of this program.',
  });
