/**
 * Cosignatures (C2SP tlog-cosignature, Ed25519): a witness says that, at a time, a checkpoint was the newest head of the
 * log that it saw, and that it leads on from all that it saw before.
 */
import { sign, verify, type KeyObject } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { publicKeyOf, readKey, readNote, signatureLine, signatureOf, writeKey } from './signed-note.ts';
import type { NoteVerifier } from './signed-note.ts';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** Reads `NAME+HASH+KEY` of a witness. Fails with `E_LOG_INVALID`. */
export const parseWitnessKey = (text: string): NoteVerifier => readKey(text, 'cosignature');

export const formatWitnessKey = (witness: NoteVerifier): string => writeKey(witness, 'cosignature');

/** The note with one more line: the cosignature of `witness`, whose private half `key` is, at the time `now`. */
export function cosign(note: string, witness: NoteVerifier, key: KeyObject, now: Date): string {
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(seconds);
  const signature = sign(null, messageOf(readNote(note).text, seconds), key);
  return `${note}${signatureLine(witness, 'cosignature', Buffer.concat([time, signature]))}`;
}

/** When `witness` cosigned the note. Fails with `E_LOG_INVALID` unless it did. */
export function openCosignature(note: string, witness: NoteVerifier): Date {
  const { text, signatures } = readNote(note);
  const bytes = signatureOf(witness, 'cosignature', signatures);
  const seconds = bytes.length === TIME_BYTES + SIGNATURE_BYTES ? bytes.readBigUInt64BE() : -1n;
  const holds =
    seconds >= 0n && verify(null, messageOf(text, seconds), publicKeyOf(witness), bytes.subarray(TIME_BYTES));
  if (holds && seconds <= LATEST_SECONDS) return new Date(Number(seconds) * 1000);
  throw new StrongroomError('E_LOG_INVALID', `The cosignature of ${witness.name} does not hold.`, {
    why: 'It is not one of the key of the witness over this checkpoint.',
    next: 'Ask who runs the witness for its key and its newest checkpoint.',
  });
}

/** The last that a `Date` can say. */
const LATEST_SECONDS = 8_640_000_000_000n;

const messageOf = (text: string, seconds: bigint): Buffer => Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
