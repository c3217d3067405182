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

/** The types of keys in signed notes that are read here: what a key signs is part of its name. */
export const NOTE_KEYS = { note: 0x01, cosignature: 0x04 } as const;
export type NoteKey = keyof typeof NOTE_KEYS;

const KEY_HASH_BYTES = 4;
const MOST_SIGNATURES = 16;
const LONGEST_NOTE = 64 * 1024;
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Reads `NAME+HASH+KEY`. Fails with `E_LOG_INVALID`. */
export const parseVerifierKey = (text: string): NoteVerifier => readKey(text, 'note');

export const formatVerifierKey = (verifier: NoteVerifier): string => writeKey(verifier, 'note');

/** A verifier's key of the given type. Fails with `E_LOG_INVALID`. */
export function readKey(text: string, type: NoteKey): NoteVerifier {
  const [, name = '', hash = '', key = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(key, 'base64');
  if (name === '' || bytes.toString('base64') !== key || bytes.length !== 33 || bytes[0] !== NOTE_KEYS[type]) {
    throw invalid('The key of the log is not written as NAME+HASH+KEY.');
  }
  const verifier = { name, publicKey: Uint8Array.from(bytes.subarray(1)) };
  if (keyHash(verifier, type).toString('hex') === hash) return verifier;
  throw invalid('The key of the log does not have the hash that it is written with.');
}

export const writeKey = (verifier: NoteVerifier, type: NoteKey): string =>
  [verifier.name, keyHash(verifier, type).toString('hex'), keyBytes(verifier, type).toString('base64')].join('+');

/** Signs `text`, which ends in a newline, in the name of `verifier`, whose private half `key` is. */
export function signNote(text: string, verifier: NoteVerifier, key: KeyObject): string {
  if (!text.endsWith('\n')) throw new Error('A note ends in a newline.');
  return `${text}\n${signatureLine(verifier, 'note', sign(null, Buffer.from(text), key))}`;
}

export function signatureLine(verifier: NoteVerifier, type: NoteKey, signature: Uint8Array): string {
  return `\u2014 ${verifier.name} ${Buffer.concat([keyHash(verifier, type), signature]).toString('base64')}\n`;
}

/**
 * The text of a note that `verifier` signed. Signatures of others, of witnesses for instance, are passed over. Fails
 * with `E_LOG_INVALID`.
 */
export function openNote(note: string, verifier: NoteVerifier): string {
  const { text, signatures } = readNote(note);
  const signature = signatureOf(verifier, 'note', signatures);
  if (!verify(null, Buffer.from(text), publicKeyOf(verifier), signature)) throw invalid('Its signature does not hold.');
  return text;
}

interface NoteSignature {
  readonly name: string;
  readonly hash: Buffer;
  readonly signature: Buffer;
}

/** The text of a note and its signatures, none of which is verified. Fails with `E_LOG_INVALID`. */
export function readNote(note: string): { readonly text: string; readonly signatures: readonly NoteSignature[] } {
  if (note.length > LONGEST_NOTE) throw invalid('The note is too long.');
  const split = note.lastIndexOf('\n\n');
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2).split('\n');
  const wrong = split < 0 || lines.pop() !== '' || lines.length > MOST_SIGNATURES || /[\x00-\x09\x0b-\x1f]/.test(note);
  if (wrong) throw invalid('It is not a signed note.');
  return { text, signatures: lines.map(readSignature) };
}

/** The one signature by the verifier's key. Fails with `E_LOG_INVALID`. */
export function signatureOf(verifier: NoteVerifier, type: NoteKey, signatures: readonly NoteSignature[]): Buffer {
  const expected = keyHash(verifier, type);
  const [one, another] = signatures.filter(({ name, hash }) => name === verifier.name && hash.equals(expected));
  if (one && !another) return one.signature;
  throw invalid(`${verifier.name} has not signed it with the key that is known.`);
}

export const publicKeyOf = ({ publicKey }: NoteVerifier): KeyObject =>
  createPublicKey({ key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' });

function readSignature(line: string): NoteSignature {
  const [, name = '', encoded = ''] = /^\u2014 ([^+\s]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (name === '' || bytes.length <= KEY_HASH_BYTES || bytes.toString('base64') !== encoded) {
    throw invalid('It has a line that is no signature.');
  }
  return { name, hash: bytes.subarray(0, KEY_HASH_BYTES), signature: bytes.subarray(KEY_HASH_BYTES) };
}

const keyBytes = ({ publicKey }: NoteVerifier, type: NoteKey) => Buffer.concat([Buffer.of(NOTE_KEYS[type]), publicKey]);

const keyHash = (verifier: NoteVerifier, type: NoteKey): Buffer =>
  createHash('sha256')
    .update(`${verifier.name}\n`)
    .update(keyBytes(verifier, type))
    .digest()
    .subarray(0, KEY_HASH_BYTES);

const invalid = (why: string) =>
  new StrongroomError('E_LOG_INVALID', 'The signed note is refused.', {
    why,
    next: 'Ask the operator of the platform for the key of its log by another way.',
  });
