/** Checks an audit log: every entry as it was written, in its place, none missing, and none of what a reader saw undone. */
import { createHash } from 'node:crypto';
import { auditPreimage, NO_ENTRY, type AuditEntry } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';
import { parseSha256, type Sha256 } from '../domain/ids.ts';

/** How long the log was, and the hash of its last entry. */
export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
}

export const EMPTY_HEAD: AuditHead = { sequence: 0, hash: NO_ENTRY };

export const hashAuditEntry = (entry: AuditEntry, previousHash: string): Sha256 =>
  parseSha256(createHash('sha256').update(auditPreimage(entry, previousHash)).digest('hex'));

/** Takes the entries of a log one after the other, from the first. */
export class AuditChain {
  #head = EMPTY_HEAD;
  #kept: AuditHead[];

  /** `kept` are heads from earlier: the log must still lead through each of them. */
  constructor(kept: readonly AuditHead[]) {
    this.#kept = kept.filter(({ sequence }) => sequence > 0);
  }

  get head(): AuditHead {
    return this.#head;
  }

  /** Fails with `E_AUDIT_LOG` where this entry cannot be the next one. */
  append(entry: AuditEntry): void {
    const sequence = this.#head.sequence + 1;
    if (entry.sequence !== sequence) {
      throw broken(`After entry ${this.#head.sequence} comes ${entry.sequence}: entries are missing or reordered.`);
    }
    if (hashAuditEntry(entry, this.#head.hash) !== entry.hash) {
      throw broken(`Entry ${sequence} is not what was written, or the entry before it is another one.`);
    }
    this.#head = { sequence, hash: entry.hash };
    const rewritten = this.#kept.some((head) => head.sequence === sequence && head.hash !== entry.hash);
    if (rewritten) throw broken(`Entry ${sequence} is another one than when its head was kept: the log was rewritten.`);
  }

  /** Says that there are no more entries. Fails with `E_AUDIT_LOG` where a kept head is not reached. */
  end(): AuditHead {
    const missing = this.#kept.find(({ sequence }) => sequence > this.#head.sequence);
    if (!missing) return this.#head;
    throw broken(`It ends with entry ${this.#head.sequence} and had ${missing.sequence} already: its end is missing.`);
  }
}

const broken = (why: string) =>
  new StrongroomError('E_AUDIT_LOG', 'The audit log does not hold.', {
    why,
    next: 'Keep what you have of it, and ask the operator of the platform.',
  });
