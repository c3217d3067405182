/** The certificate of the platform's authority; its key is only on the worker. */
import type { Fingerprint } from '../domain/ids.ts';
import type { Db } from './database.ts';

export interface Authority {
  readonly fingerprint: Fingerprint;
  /** Armored. */
  readonly certificate: string;
}

/** Makes the authority's certificate known; the worker does so when it starts. */
export async function saveAuthority(db: Db, authority: Authority): Promise<void> {
  await db
    .insertInto('authority')
    .values(authority)
    .onConflict((conflict) => conflict.column('onlyOne').doUpdateSet(authority))
    .execute();
}

export async function findAuthority(db: Db): Promise<Authority | undefined> {
  return db.selectFrom('authority').select(['fingerprint', 'certificate']).executeTakeFirst();
}
