/** Tickets: each lets its holder begin one session with one function, soon after it was given. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { FunctionId, Handle, Sha256 } from '../domain/ids.ts';
import { TICKET_SECONDS } from '../domain/invocation-token.ts';
import type { Db } from './database.ts';
import type { AccountId } from './tables.ts';

export interface TicketHolder {
  readonly functionId: FunctionId;
  readonly caller: Handle;
  /** Of the invocation token that was given with it. */
  readonly tokenId: string;
}

const digestOf = (ticket: string): Sha256 => createHash('sha256').update(ticket).digest('hex') as Sha256;

/** A new ticket; the database has its digest only. */
export async function insertTicket(
  db: Db,
  holder: { readonly functionId: FunctionId; readonly accountId: AccountId; readonly tokenId: string },
): Promise<string> {
  const ticket = randomBytes(32).toString('base64url');
  await db
    .deleteFrom('sessionTickets')
    .where('expiresAt', '<', sql<Date>`now()`)
    .execute();
  await db
    .insertInto('sessionTickets')
    .values({ ...holder, ticketSha256: digestOf(ticket), expiresAt: new Date(Date.now() + TICKET_SECONDS * 1000) })
    .execute();
  return ticket;
}

/** Uses a ticket up; `undefined` where it does not hold, or not any more. */
export async function takeTicket(db: Db, ticket: string): Promise<TicketHolder | undefined> {
  const taken = await db
    .deleteFrom('sessionTickets')
    .where('ticketSha256', '=', digestOf(ticket))
    .where('expiresAt', '>=', sql<Date>`now()`)
    .returning(['functionId', 'tokenId', 'accountId'])
    .executeTakeFirst();
  if (!taken) return undefined;
  const { functionId, tokenId, accountId } = taken;
  const account = await db.selectFrom('accounts').select('handle').where('id', '=', accountId).executeTakeFirst();
  return account && { functionId, tokenId, caller: account.handle };
}
