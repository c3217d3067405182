/** Attestation documents and policies as they are given on a command line. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AttestationPolicy } from '../crypto/attestation/policy.ts';
import type { TrustedRoot } from '../crypto/attestation/roots.ts';
import type { AttestationStep } from '../crypto/attestation/verify.ts';
import { usage } from './usage.ts';

const MOST_BYTES = 1024 * 1024;

/** The document in `path`. Fails with `E_FILE_NOT_FOUND`, and with `E_USAGE` where it is far too long. */
export async function readAttestation(path: string): Promise<Uint8Array> {
  if ((await stat(path)).size > MOST_BYTES) throw usage(`${path} is too long for an attestation document.`);
  return readFile(path);
}

/** `aws-nitro`, or a PEM file with the root of a software attestor: the evidence must be of the root's type. */
export async function readRoot(name: string): Promise<TrustedRoot> {
  if (name === 'aws-nitro') return (await import('../crypto/attestation/roots.ts')).AWS_NITRO_ROOT;
  return { tee: 'software', certificate: await readFile(resolve(name), 'utf8') };
}

/** A time, past or to come: `2023-02-10T12:44:00Z`. */
export function parseTime(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw usage(`${JSON.stringify(text)} is not a time.`, 'Write it like 2023-02-10T12:44:00Z.');
}

export interface AllowedRegister {
  readonly index: number;
  readonly value: string;
}

/** `0:bda7…`: the number of a register and a value that it may have. */
export function parseRegister(text: string): AllowedRegister {
  const match = /^([12]?\d|3[01]):((?:[0-9a-f]{2})+)$/i.exec(text);
  if (match) return { index: Number(match[1]), value: (match[2] ?? '').toLowerCase() };
  throw usage(`${JSON.stringify(text)} is not a register.`, 'Write its number, a colon and hexadecimal digits.');
}

/** Hexadecimal digits, for instance of a nonce. */
export function parseHex(text: string): string {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return text.toLowerCase();
  throw usage(`${JSON.stringify(text)} is not written in hexadecimal digits.`);
}

/** Values of one register are alternatives; all registers must match. */
export function registersOf(allowed: readonly AllowedRegister[]): AttestationPolicy['registers'] {
  const registers: Record<number, string[]> = {};
  for (const { index, value } of allowed) (registers[index] ??= []).push(value);
  return registers;
}

/** One line a step, as a person reads it. */
export const stepLines = (steps: readonly AttestationStep[]): string[] =>
  steps.map(({ name, checked, verdict }) => `${verdict.padEnd(13)} ${name.padEnd(18)} ${checked}`);

/** Said wherever a software document is shown. */
export const SIMULATED = 'SIMULATED: no confidentiality from the operator, whose key alone vouches for these values.';
