/** Reads a platform's audit log and says whether it holds, also against what this party kept of it earlier. */
import { AuditChain, type AuditHead } from '../crypto/audit-chain.ts';
import { openCheckpoint } from '../crypto/transparency/checkpoint.ts';
import { parseVerifierKey } from '../crypto/transparency/signed-note.ts';
import type { AuditEntry } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { PlatformClient, Schema } from './platform.ts';

export type SignedAuditHead = Schema<'SignedAuditHead'>;

const PAGE = '1000';

/** All entries, the oldest first. */
export async function* readAuditLog(platform: PlatformClient, signal: AbortSignal): AsyncGenerator<AuditEntry> {
  let after: string | null = '0';
  while (after !== null) {
    const page: Awaited<ReturnType<PlatformClient['listAuditEntries']>> = await platform.listAuditEntries({
      query: { after, limit: PAGE },
      signal,
    });
    yield* page.items as readonly AuditEntry[];
    after = page.next;
  }
}

/** What a signed head says. Fails with `E_LOG_INVALID` where its signature does not hold. */
export function openAuditHead({ key, note }: SignedAuditHead): AuditHead {
  const { size, root } = openCheckpoint(note, parseVerifierKey(key));
  return { sequence: size, hash: Buffer.from(root).toString('hex') };
}

/**
 * Follows the whole chain through all `heads` and answers where it ends. Fails with `E_AUDIT_LOG` where an entry was
 * changed, removed or reordered, or the log does not lead through a head; and where heads are signed by several keys.
 */
export async function verifyAuditLog(
  entries: AsyncIterable<AuditEntry>,
  heads: readonly SignedAuditHead[],
): Promise<AuditHead> {
  const [first] = heads;
  if (heads.some(({ key }) => key !== first?.key)) {
    throw new StrongroomError('E_AUDIT_LOG', 'The audit log is signed by another key than before.', {
      why: 'Whoever has another key has another log.',
      next: 'Ask the operator of the platform by another way.',
    });
  }
  const chain = new AuditChain(heads.map(openAuditHead));
  for await (const entry of entries) chain.append(entry);
  return chain.end();
}
