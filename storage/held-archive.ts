/**
 * A container's archive, held while keys to it are handed in or out. Whoever needs both rows takes the container's before
 * the association's: so does a rotation, and nobody waits in a circle.
 */
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, Sha256 } from '../domain/ids.ts';
import type { Trx } from './database.ts';

/** The digest of the archive, which stays the container's until the transaction ends. */
export async function holdArchive(trx: Trx, association: AssociationId): Promise<Sha256 | undefined> {
  const held = await trx
    .selectFrom('associations')
    .innerJoin('containers', 'containers.id', 'associations.containerId')
    .select('containers.archiveSha256')
    .where('associations.id', '=', association)
    .forShare('containers')
    .executeTakeFirst();
  return held?.archiveSha256;
}

/** Fails with `E_ARCHIVE_CHANGED` where a key opens another archive than the container's. */
export function checkIsCurrent(container: string, current: Sha256 | undefined, archive: Sha256): void {
  if (current === archive) return;
  throw new StrongroomError('E_ARCHIVE_CHANGED', `The archive of ${container} is another one by now.`, {
    why: `It is ${current ?? 'not there'}, and the request is about ${archive}: the key was rotated in between.`,
    next: 'Wrap the key of the archive that the container has now, and ask again.',
  });
}
