/** What a benchmark approves by itself, without votes: one policy for containers, one for datasets. */
import type { AssociationKind } from './association.ts';
import { StrongroomError } from './errors.ts';
import { parseEmailAddress, type EmailAddress, type Handle } from './ids.ts';

/** `never` leaves it to the votes; `listed` approves what comes from the addresses of a list. */
export const APPROVES = ['never', 'always', 'listed'] as const;
export type Approves = (typeof APPROVES)[number];

/** A policy as people write it. */
export interface GivenPolicy {
  readonly approves: Approves;
  readonly addresses?: readonly string[];
}

export type GivenPolicies = Readonly<Partial<Record<AssociationKind, GivenPolicy>>>;

export interface NewApprovalPolicy {
  readonly approves: Approves;
  /** Of a `listed` policy, which has at least one; of others none. As `comparableAddress` writes them. */
  readonly addresses: readonly EmailAddress[];
}

export interface ApprovalPolicy extends NewApprovalPolicy {
  /** Who answers for it; `null` where nobody has ever set one, so that votes decide. */
  readonly setBy: Handle | null;
  /** ISO 8601. */
  readonly setAt: string | null;
}

export type ApprovalPolicies = Readonly<Record<AssociationKind, ApprovalPolicy>>;

export const VOTES_DECIDE: ApprovalPolicy = { approves: 'never', addresses: [], setBy: null, setAt: null };

const isAscii = (letter: string): boolean => (letter.codePointAt(0) ?? 0) < 0x80;

/**
 * An address as addresses are compared: without regard to case, and to how letters with accents are composed. `null`
 * for one with a letter that would turn into another alphabet's by that, such as the Kelvin sign into a `k`: it is
 * nobody else's address.
 */
export function comparableAddress(address: string): string | null {
  const text = address.trim();
  const turns = (letter: string) => !isAscii(letter) && Array.from(letter.normalize('NFC').toLowerCase()).some(isAscii);
  return Array.from(text).some(turns) ? null : text.normalize('NFC').toLowerCase();
}

/** Fails with `E_INVALID_NAME` for an address, and with `E_INVALID_REQUEST` where addresses and policy do not fit. */
export function toApprovalPolicy({ approves, addresses = [] }: GivenPolicy): NewApprovalPolicy {
  if ((approves === 'listed') !== addresses.length > 0) {
    throw new StrongroomError(
      'E_INVALID_REQUEST',
      approves === 'listed' ? 'The list of addresses is empty.' : `A policy that approves ${approves} takes no list.`,
      { next: 'Name addresses, or approve always or never.' },
    );
  }
  return { approves, addresses: [...new Set(addresses.map(parseListed))].sort() };
}

function parseListed(address: string): EmailAddress {
  const comparable = comparableAddress(address);
  if (comparable !== null) return parseEmailAddress(comparable);
  throw new StrongroomError('E_INVALID_NAME', `${JSON.stringify(address)} is not an e-mail address.`, {
    why: 'It has a letter that only looks like one of a to z.',
  });
}

export interface Requester {
  readonly handle: Handle;
  readonly email: EmailAddress;
  readonly emailVerified: boolean;
}

/** Never for a member of the committee or whoever set the policy: nobody decides on their own. */
export function approvesByItself(policy: ApprovalPolicy, requester: Requester, members: readonly Handle[]): boolean {
  const { handle, email, emailVerified } = requester;
  if (members.includes(handle) || policy.setBy === handle || !emailVerified) return false;
  if (policy.approves === 'always') return true;
  const comparable = comparableAddress(email);
  return policy.approves === 'listed' && policy.addresses.some((listed) => listed === comparable);
}

/** Why a request was approved without votes. */
export const approvedByPolicy = (kind: AssociationKind, { approves, setBy }: ApprovalPolicy): string =>
  `The benchmark approves ${kind}s ${approves === 'always' ? 'always' : 'of listed addresses'}, as ${setBy ?? 'nobody'} set it.`;
