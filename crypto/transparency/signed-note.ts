/** Signed notes (C2SP signed-note) with Ed25519: a text, an empty line, and a line for each signature. */
import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, sign, verify } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';

/** Who signs notes: a name and a key, as `NAME+HASH+KEY` in text. */
export interface NoteVerifier {
  readonly name: string;
  /** Raw Ed25519. */
  readonly publicKey: Uint8Array;
}

const ED25519 = 0x01;
const KEY_HASH_BYTES = 4;
const SIGNATURE_BYTES = 64;
const MOST_SIGNATURES = 16;
const LONGEST_NOTE = 64 * 1024;
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Reads `NAME+HASH+KEY`. Fails with `E_LOG_INVALID`. */
export function parseVerifierKey(text: string): NoteVerifier {
  const [, name = '', hash = '', key = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(key, 'base64');
  if (name === '' || bytes.toString('base64') !== key || bytes.length !== 33 || bytes[0] !== ED25519) {
    throw invalid('The key of the log is not written as NAME+HASH+KEY.');
  }
  const verifier = { name, publicKey: Uint8Array.from(bytes.subarray(1)) };
  if (keyHash(verifier).toString('hex') === hash) return verifier;
  throw invalid('The key of the log does not have the hash that it is written with.');
}

export const formatVerifierKey = (verifier: NoteVerifier): string =>
  [verifier.name, keyHash(verifier).toString('hex'), keyBytes(verifier).toString('base64')].join('+');

/** Signs `text`, which ends in a newline, in the name of `verifier`, whose private half `key` is. */
export function signNote(text: string, verifier: NoteVerifier, key: KeyObject): string {
  if (!text.endsWith('\n')) throw new Error('A note ends in a newline.');
  const signature = sign(null, Buffer.from(text), key);
  const line = Buffer.concat([keyHash(verifier), signature]).toString('base64');
  return `${text}\n\u2014 ${verifier.name} ${line}\n`;
}

/**
 * The text of a note that `verifier` signed. Signatures of others, of witnesses for instance, are passed over. Fails
 * with `E_LOG_INVALID`.
 */
export function openNote(note: string, verifier: NoteVerifier): string {
  if (note.length > LONGEST_NOTE) throw invalid('The note is too long.');
  const split = note.lastIndexOf('\n\n');
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2).split('\n');
  const wrong = split < 0 || lines.pop() !== '' || lines.length > MOST_SIGNATURES || /[\x00-\x09\x0b-\x1f]/.test(note);
  if (wrong) throw invalid('It is not a signed note.');
  const signatures = lines.map(readSignature);
  const ours = signatures.filter(({ name, hash }) => name === verifier.name && hash.equals(keyHash(verifier)));
  const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI, verifier.publicKey]), format: 'der', type: 'spki' });
  const [one, another] = ours;
  if (!one || another) throw invalid(`The log ${verifier.name} has not signed it with the key that is known.`);
  if (!verify(null, Buffer.from(text), key, one.signature)) throw invalid('Its signature does not hold.');
  return text;
}

function readSignature(line: string): { name: string; hash: Buffer; signature: Buffer } {
  const [, name = '', encoded = ''] = /^\u2014 ([^+\s]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (name === '' || bytes.length <= KEY_HASH_BYTES || bytes.toString('base64') !== encoded) {
    throw invalid('It has a line that is no signature.');
  }
  const signature = bytes.subarray(KEY_HASH_BYTES, KEY_HASH_BYTES + SIGNATURE_BYTES + 1);
  return { name, hash: bytes.subarray(0, KEY_HASH_BYTES), signature };
}

const keyBytes = ({ publicKey }: NoteVerifier) => Buffer.concat([Buffer.of(ED25519), publicKey]);

const keyHash = (verifier: NoteVerifier): Buffer =>
  createHash('sha256').update(`${verifier.name}\n`).update(keyBytes(verifier)).digest().subarray(0, KEY_HASH_BYTES);

const invalid = (why: string) =>
  new StrongroomError('E_LOG_INVALID', 'The signed note is refused.', {
    why,
    next: 'Ask the operator of the platform for the key of its log by another way.',
  });
