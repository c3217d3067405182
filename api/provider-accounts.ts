/** Whose account a person has whom the provider vouches for: the one of before, one that may be linked, or a new one. */
import pg from 'pg';
import { StrongroomError } from '../domain/errors.ts';
import { handlesFor, mayLink, refused, type DomainRules, type Identity } from '../domain/sign-in.ts';
import type { Handle } from '../domain/ids.ts';
import { claimHandle, findAccountByEmail, type Account } from '../storage/accounts.ts';
import { actingAsAccount, recordAudit } from '../storage/audit.ts';
import type { Trx } from '../storage/database.ts';
import { findAccountByIdentity, proveAddress } from '../storage/identities.ts';
import type { AccountId } from '../storage/tables.ts';
import type { AccountLibrary } from './account-library.ts';

/** How an identity came to its account. */
export type Arrival = 'known' | 'new account' | 'unverified account' | 'verified account';

export interface Arrived {
  readonly accountId: AccountId;
  readonly as: Arrival;
}

/** An account is there with this address, which the provider's word does not open. */
export class AddressTaken extends StrongroomError {
  constructor() {
    const { message, why, next } = refused(
      'For this address its word alone is not enough here: an account may have it already.',
    );
    super('E_SIGN_IN_REFUSED', message, { ...(why !== undefined && { why }), ...(next !== undefined && { next }) });
  }
}

/**
 * Finds the account, or makes it. Fails with `AddressTaken`, and with the database's own error where two come at the same
 * moment: then it is tried again.
 */
export async function accountFor(
  trx: Trx,
  library: AccountLibrary,
  identity: Identity,
  rules: DomainRules,
): Promise<Arrived> {
  const known = await findAccountByIdentity(trx, identity);
  if (known !== undefined) return { accountId: known, as: 'known' };
  const there = await findAccountByEmail(trx, identity.email);
  const arrived = there ? await take(trx, there, identity, rules) : await create(trx, library, identity);
  const { internalAdapter } = await library.$context;
  await internalAdapter.createAccount({
    providerId: identity.issuer,
    accountId: identity.subject,
    userId: arrived.accountId,
  });
  await actingAsAccount(arrived.handle, () =>
    recordAudit(trx, {
      action: 'account.linked',
      subject: `account/${arrived.handle}`,
      before: null,
      after: { issuer: identity.issuer, as: arrived.as },
    }),
  );
  return arrived;
}

type WithHandle = Arrived & { readonly handle: Handle };

async function take(trx: Trx, there: Account, { email }: Identity, rules: DomainRules): Promise<WithHandle> {
  const { id: accountId, handle } = there;
  // Nobody proved that the address is theirs, so it is as if there were none: the provider may speak for it.
  if (!there.emailVerified) {
    await proveAddress(trx, accountId);
    return { accountId, handle, as: 'unverified account' };
  }
  if (!mayLink(email, rules)) throw new AddressTaken();
  return { accountId, handle, as: 'verified account' };
}

async function create(trx: Trx, library: AccountLibrary, identity: Identity): Promise<WithHandle> {
  const { email, displayName: name } = identity;
  const handle = await claimFreeHandle(trx, identity);
  const { internalAdapter } = await library.$context;
  const { id } = await internalAdapter.createUser(
    { email, name, handle, emailVerified: true },
    { method: 'oauth', oauth: { providerId: identity.issuer } },
  );
  return { accountId: id, handle, as: 'new account' };
}

async function claimFreeHandle(trx: Trx, { wish }: Identity): Promise<Handle> {
  for (const handle of handlesFor(wish)) if (await claimHandle(trx, handle)) return handle;
  throw new StrongroomError('E_ALREADY_EXISTS', `No handle like ${wish} is free.`);
}

/** Two first sign-ins of one person, or a sign-up with the same address, at the same moment: the second finds what the first made. */
export const isSimultaneous = (error: unknown): boolean => {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return [error, cause].some((each) => each instanceof pg.DatabaseError && each.code === '23505');
};
