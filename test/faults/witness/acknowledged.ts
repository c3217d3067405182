/** What a client was told is done (I1): a change that was acknowledged is there afterwards, whatever was killed. */
import { sql } from 'kysely';
import type { AssociationState, Ballot } from '../../../domain/association.ts';
import type { AssociationId, ContainerName, EmailAddress, Handle } from '../../../domain/ids.ts';
import type { Db } from '../../../storage/database.ts';

export type Acknowledged =
  | { readonly is: 'registered'; readonly owner: Handle; readonly container: ContainerName }
  | { readonly is: 'requested'; readonly association: AssociationId }
  | { readonly is: 'voted'; readonly association: AssociationId; readonly member: Handle; readonly ballot: Ballot }
  | { readonly is: 'decided'; readonly association: AssociationId; readonly state: AssociationState }
  | { readonly is: 'granted'; readonly association: AssociationId; readonly email: EmailAddress }
  | { readonly is: 'revoked'; readonly association: AssociationId; readonly email: EmailAddress }
  | { readonly is: 'deleted'; readonly association: AssociationId }
  | { readonly is: 'sent'; readonly result: string };

/** Each acknowledged change that cannot be found. */
export async function missingOf(db: Db, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const missing: string[] = [];
  for (const change of acknowledged) {
    const { rows } = await sql`${questionFor(change)} LIMIT 1`.execute(db);
    if (rows.length === 0) missing.push(`was acknowledged and is not there: ${JSON.stringify(change)}`);
  }
  return missing;
}

/** Finds a row where the change was made; what was granted may have been revoked since. */
function questionFor(change: Acknowledged) {
  switch (change.is) {
    case 'registered':
      return sql`SELECT FROM containers JOIN accounts ON accounts.id = owner_id
        WHERE accounts.handle = ${change.owner} AND containers.name = ${change.container}`;
    case 'requested':
      return sql`SELECT FROM associations WHERE id = ${change.association}`;
    case 'voted':
      return sql`SELECT FROM votes JOIN accounts ON accounts.id = member_id WHERE accounts.handle = ${change.member}
        AND association_id = ${change.association} AND ballot = ${change.ballot}`;
    case 'decided':
      return sql`SELECT FROM audit_entries WHERE subject = ${`association/${change.association}`}
        AND action = 'association.decided' AND content::jsonb -> 'after' ->> 'state' = ${change.state}`;
    case 'granted':
      return sql`SELECT FROM grants JOIN certificates USING (fingerprint)
        WHERE association_id = ${change.association} AND email = ${change.email}`;
    case 'revoked':
      return sql`SELECT FROM grants JOIN certificates USING (fingerprint)
        WHERE association_id = ${change.association} AND email = ${change.email} AND grants.state = 'revoked'`;
    case 'deleted':
      return sql`SELECT FROM associations WHERE id = ${change.association} AND state = 'closed'`;
    case 'sent':
      return sql`SELECT FROM results WHERE id = ${change.result}`;
  }
}
