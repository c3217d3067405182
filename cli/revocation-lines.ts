/** What an owner is told once access was revoked: what that does, and what it cannot do. */
import type { Schema } from '../client/platform.ts';
import type { ContainerName, EmailAddress } from '../domain/ids.ts';
import { moment } from './table.ts';

type Entry = Pick<Schema<'AccessEntry'>, 'email' | 'lastFetchedAt'>;

/** When the address last fetched the key, by any grant that it ever had; `null` where it never did. */
export function lastFetch(entries: readonly Entry[], email: EmailAddress): string | null {
  const fetches = entries.flatMap((entry) =>
    entry.email === email && entry.lastFetchedAt ? [entry.lastFetchedAt] : [],
  );
  return fetches.sort().at(-1) ?? null;
}

export function revocationLines(name: ContainerName, email: EmailAddress, fetchedAt: string | null): string[] {
  const ended = `The access of ${email} has ended: the wrapped key is erased, and no key is handed out any more.`;
  if (fetchedAt === null) return [ended, 'The key was never fetched.'];
  return [
    ended,
    `The key was fetched at ${moment(fetchedAt)} and cannot be taken back: whoever kept it still opens this archive.`,
    `Only a new key shuts them out, with a new archive: strongroom container rotate-key ${name}`,
  ];
}
