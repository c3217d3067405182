/** What a verifier demands of an attestation document. Every demand is written out: to leave one out takes a `null`. */
import { X509Certificate } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { parseSha256 } from '../../domain/ids.ts';
import type { TrustedRoot } from './roots.ts';
import type { SupportedTee } from './tee.ts';
import { SUPPORTED_TEES, UNSUPPORTED_TEES, unsupportedTee } from './tee.ts';

export interface AttestationPolicy {
  /** The types that are accepted; `software` counts only where it is named here. */
  readonly accept: readonly SupportedTee[];
  readonly roots: readonly TrustedRoot[];
  /** The time for which the document must hold, ISO 8601. */
  readonly at: string;
  /** The caller's own nonce in hexadecimal digits; `null` for a stored document, which proves no freshness. */
  readonly nonce: string | null;
  /** How old the document may be, in seconds; `null` for a stored document. */
  readonly maxAgeSeconds: number | null;
  /** Register number → values of which it must have one, in hexadecimal digits. */
  readonly registers: Readonly<Record<number, readonly string[]>>;
  /** The checksum of the one function that may run; `null` where any may. */
  readonly functionChecksum: Sha256 | null;
  /** The channel key in hexadecimal digits, where it is known already; `null` where any X25519 key will do. */
  readonly channelKey: string | null;
}

const FIELDS: readonly string[] = [
  ...['accept', 'roots', 'at', 'nonce', 'maxAgeSeconds', 'registers', 'functionChecksum', 'channelKey'],
];

/**
 * Reads a policy from the outside. A field that is unknown or missing is refused, so that nobody believes that
 * something is checked which is not. Fails with `E_CONFIG` or `E_ATTESTATION_UNSUPPORTED`.
 */
export function parseAttestationPolicy(value: unknown): AttestationPolicy {
  const fields = readObject(value, 'It is not an object.');
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) throw wrong(`Its field ${JSON.stringify(unknown)} is not known, and nothing checks it.`);
  const missing = FIELDS.find((name) => fields[name] === undefined);
  if (missing !== undefined) throw wrong(`Its field "${missing}" is missing.`);
  return {
    accept: readList(fields['accept'], 'accept').map(readTee),
    roots: readList(fields['roots'], 'roots').map(readRoot),
    at: readTime(fields['at']),
    nonce: readHexOrNull(fields['nonce'], 'nonce'),
    maxAgeSeconds: readAge(fields['maxAgeSeconds']),
    registers: readRegisters(fields['registers']),
    functionChecksum: fields['functionChecksum'] === null ? null : parseSha256(fields['functionChecksum']),
    channelKey: readHexOrNull(fields['channelKey'], 'channelKey'),
  };
}

function readTee(value: unknown): SupportedTee {
  const unsupported = UNSUPPORTED_TEES.find((tee) => tee === value);
  if (unsupported) throw unsupportedTee(unsupported);
  const tee = SUPPORTED_TEES.find((known) => known === value);
  if (tee) return tee;
  throw wrong(`The type ${JSON.stringify(value)} is not known.`);
}

function readRoot(value: unknown): TrustedRoot {
  const { tee, certificate, ...rest } = readObject(value, 'A root is not an object.');
  if (Object.keys(rest).length > 0) throw wrong('A root has a field that is not known.');
  if (typeof certificate !== 'string') throw wrong('A root has no certificate.');
  try {
    return { tee: readTee(tee), certificate: new X509Certificate(certificate).toString() };
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    throw wrong('The certificate of a root cannot be read.');
  }
}

function readTime(value: unknown): string {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw wrong('Its "at" is not a time.');
  return new Date(time).toISOString();
}

function readAge(value: unknown): number | null {
  if (value === null || (typeof value === 'number' && value > 0 && Number.isFinite(value))) return value;
  throw wrong('Its "maxAgeSeconds" is not a number above zero.');
}

function readRegisters(value: unknown): AttestationPolicy['registers'] {
  const registers = Object.entries(readObject(value, 'Its "registers" are not an object.'));
  return Object.fromEntries(
    registers.map(([index, allowed]) => {
      if (!/^(?:[12]?\d|3[01])$/.test(index)) throw wrong(`Register ${JSON.stringify(index)} does not exist.`);
      const values = readList(allowed, `registers.${index}`).map((item) => readHex(item, `registers.${index}`));
      if (values.length === 0) throw wrong(`Register ${index} has no value that is allowed.`);
      return [index, values];
    }),
  );
}

const readHexOrNull = (value: unknown, name: string) => (value === null ? null : readHex(value, name));

function readHex(value: unknown, name: string): string {
  if (typeof value === 'string' && /^(?:[0-9a-f]{2})+$/i.test(value)) return value.toLowerCase();
  throw wrong(`Its "${name}" is not written in hexadecimal digits.`);
}

function readList(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(`Its "${name}" is not a list.`);
}

function readObject(value: unknown, why: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(why);
}

const wrong = (why: string) =>
  new StrongroomError('E_CONFIG', 'The attestation policy is wrong.', {
    why,
    next: `Write these fields, each of them: ${FIELDS.join(', ')}.`,
  });
