/** How the enclave's processes write bytes and digests to one another, and read them without trusting one another. */
import { StrongroomError } from '../domain/errors.ts';
import { parseSha256, type Sha256 } from '../domain/ids.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

export function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong('It is not an object.');
}

/** Bytes in base64url. */
export function bytesIn(fields: Fields, name: string): Uint8Array {
  const text = textIn(fields, name);
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') === text) return new Uint8Array(bytes);
  throw wrong(`"${name}" is not written in base64url.`);
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw wrong(`"${name}" is missing.`);
}

export const sha256In = (fields: Fields, name: string): Sha256 => parseSha256(fields[name]);

const wrong = (why: string) =>
  new StrongroomError('E_INVALID_REQUEST', 'A question to the enclave is not understood.', { why });
