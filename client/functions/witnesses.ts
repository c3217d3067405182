/** Witnesses of the log, as a caller relies on them: each publishes the newest checkpoint that it saw, cosigned. */
import { readFile } from 'node:fs/promises';
import { openCosignature, parseWitnessKey } from '../../crypto/transparency/cosignature.ts';
import { notWitnessed } from './log-failures.ts';

export interface RequiredWitness {
  /** `NAME+HASH+KEY`, which its operator tells. */
  readonly key: string;
  /** A file, or a URL, at which it publishes. */
  readonly place: string;
}

/** What a required witness published; its own signature on it holds, and is not too old. */
export interface Witnessed {
  readonly name: string;
  /** A signed note. */
  readonly note: string;
  readonly at: Date;
}

const LONGEST_NOTE = 64 * 1024;
const PATIENCE_MS = 10_000;
/** A witness that was silenced, or is kept from seeing, is no witness. */
const MOST_HOURS = 24;

/** Fails with `E_NOT_WITNESSED` where it published nothing lately, and with `E_LOG_INVALID` where it is not the witness's. */
export async function readWitness({ key, place }: RequiredWitness, now: Date): Promise<Witnessed> {
  const witness = parseWitnessKey(key);
  const note = await readPlace(place).catch((error: unknown) => {
    throw notWitnessed(`What ${witness.name} publishes at ${place} cannot be read.`, error);
  });
  const at = openCosignature(note, witness);
  if (now.getTime() - at.getTime() <= MOST_HOURS * 3_600_000) return { name: witness.name, note, at };
  throw notWitnessed(`${witness.name} last looked at ${at.toISOString()}, more than ${MOST_HOURS} hours ago.`);
}

async function readPlace(place: string): Promise<string> {
  if (!/^https?:\/\//.test(place)) return readFile(place, 'utf8');
  const answer = await fetch(place, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok || !answer.body) throw new Error(`${place} answers with ${answer.status}.`);
  let text = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.length > LONGEST_NOTE) throw new Error(`${place} answers with more than a checkpoint.`);
  }
  return text;
}
