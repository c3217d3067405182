/** Whether a recipient lets a function have what was sealed to it for no function by name: the log says so, or not. */
import { openCheckpoint } from '../../crypto/transparency/checkpoint.ts';
import type { LogEntry } from '../../crypto/transparency/log-entry.ts';
import { decodeLogEntry } from '../../crypto/transparency/log-entry.ts';
import type { InclusionProof } from '../../crypto/transparency/merkle.ts';
import { verifyInclusion } from '../../crypto/transparency/merkle.ts';
import type { NoteVerifier } from '../../crypto/transparency/signed-note.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { Handle, Sha256 } from '../../domain/ids.ts';

/** An entry of the log with the proof that it is there for everyone to see. */
export interface LoggedConsent {
  readonly entry: Uint8Array;
  readonly proof: InclusionProof;
  /** A signed note. */
  readonly checkpoint: string;
}

/**
 * Fails with `E_NOT_ALLOWED` unless `consent` shows that `recipient` deployed the function or permitted it, and with
 * `E_LOG_INVALID` where it is not in the log.
 */
export function checkConsent(
  consent: LoggedConsent | null,
  recipient: Handle,
  checksum: Sha256,
  log: NoteVerifier | null,
): void {
  if (!consent || !log) throw notAllowed(recipient);
  verifyInclusion(consent.entry, consent.proof, openCheckpoint(consent.checkpoint, log));
  if (!permits(decodeLogEntry(consent.entry), recipient, checksum)) throw notAllowed(recipient);
}

function permits(entry: LogEntry, recipient: Handle, checksum: Sha256): boolean {
  switch (entry.kind) {
    case 'function':
      return entry.owner === recipient && entry.checksum === checksum;
    case 'permission':
      return entry.user === recipient && entry.checksum === checksum;
    case 'user-key':
      return false;
  }
}

const notAllowed = (recipient: Handle) =>
  new StrongroomError('E_NOT_ALLOWED', 'This function may not open the sealed input.', {
    why: `The input names no function, and ${recipient} neither deployed this one nor permitted it.`,
    next: `Encrypt it for this function by name, or let ${recipient} permit the function.`,
  });
