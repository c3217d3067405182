/** Checkpoints (C2SP tlog-checkpoint): a log's name, its size and its root, signed by the log. */
import type { KeyObject } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { TreeHead } from './merkle.ts';
import type { NoteVerifier } from './signed-note.ts';
import { openNote, signNote } from './signed-note.ts';

/** Signs the head of the log that goes by the verifier's name. */
export function signCheckpoint(head: TreeHead, verifier: NoteVerifier, key: KeyObject): string {
  const root = Buffer.from(head.root).toString('base64');
  return signNote(`${verifier.name}\n${head.size}\n${root}\n`, verifier, key);
}

/** The head that the log committed to. Fails with `E_LOG_INVALID`. */
export function openCheckpoint(note: string, verifier: NoteVerifier): TreeHead {
  const [origin, size = '', root = '', ...rest] = openNote(note, verifier).split('\n');
  const hash = Buffer.from(root, 'base64');
  const isWrong =
    origin !== verifier.name ||
    !/^(?:0|[1-9]\d{0,15})$/.test(size) ||
    !Number.isSafeInteger(Number(size)) ||
    hash.length !== 32 ||
    hash.toString('base64') !== root ||
    rest.length !== 1;
  if (!isWrong) return { size: Number(size), root: Uint8Array.from(hash) };
  throw new StrongroomError('E_LOG_INVALID', 'The checkpoint of the log cannot be read.', {
    why: 'It is not made of the name of the log, its size and its root.',
  });
}
