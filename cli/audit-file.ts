/** An exported audit log: one entry a line, and a signed head in a file of its own. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { SignedAuditHead } from '../client/audit-log.ts';
import type { AuditEntry } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';

/** The entries as they stand there; whether they hold is for the chain to say. Fails with `E_AUDIT_LOG` for other lines. */
export async function* readAuditFile(file: string): AsyncGenerator<AuditEntry> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const entry = parse(line, file);
    if (!('sequence' in entry) || !('hash' in entry)) throw unreadable(file);
    yield entry as AuditEntry;
  }
}

/** Fails with `E_AUDIT_LOG`. */
export async function readHeadFile(file: string): Promise<SignedAuditHead> {
  const head = parse(await readFile(file, 'utf8'), file);
  if ('note' in head && 'key' in head && typeof head.note === 'string' && typeof head.key === 'string') {
    return { note: head.note, key: head.key };
  }
  throw unreadable(file);
}

function parse(text: string, file: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // It is said below.
  }
  throw unreadable(file);
}

const unreadable = (file: string) =>
  new StrongroomError('E_AUDIT_LOG', `${file} is not an export of an audit log.`, {
    why: 'A line of it is not an entry.',
    next: 'Export it again: strongroom audit export',
  });
