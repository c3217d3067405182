/** Signing in by an organisation's OpenID Connect provider: what it must vouch for, and what becomes of it here. */
import { StrongroomError } from './errors.ts';
import { parseEmailAddress, parseHandle, type EmailAddress, type Handle } from './ids.ts';

/** How long a person may take at the provider. */
export const SIGN_IN_SECONDS = 600;
/** How long the page may take to fetch the session. */
export const SIGNED_IN_SECONDS = 60;

/** Where a sign-in begins and ends. No other address is ever gone back to. */
export const SIGN_IN_PAGES = ['device', 'operations'] as const;
export type SignInPage = (typeof SIGN_IN_PAGES)[number];

/** What a provider says of a person, as it came. */
export type Claims = Readonly<Record<string, unknown>>;

/** A person as a provider vouches for them. The subject is who they are, the address only where they get mail today. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: EmailAddress;
  readonly displayName: string;
  /** The handle that a new account would like to have. */
  readonly wish: Handle;
}

/** For which addresses a provider may speak. */
export interface DomainRules {
  /** Domains of addresses that may sign in; none of them: all may. */
  readonly domains: readonly string[];
  /** Domains for which the provider's word opens an account that is there already. */
  readonly linkDomains: readonly string[];
}

/** OpenID Connect Core, section 2: at most 255 characters of ASCII. */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;
const LONGEST_NAME = 80;
const LONGEST_WISH = 34;

const domainOf = (email: EmailAddress): string => email.slice(email.lastIndexOf('@') + 1);

/** Fails with `E_SIGN_IN_REFUSED` where the provider does not vouch for an address, or may not for this one. */
export function readIdentity(issuer: string, claims: Claims, { domains }: DomainRules): Identity {
  const { sub, email: given, email_verified: isVerified, name } = claims;
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw refused('It names no subject.');
  // Only `true` itself: a provider that says it in another form is not taken at its word.
  if (isVerified !== true) throw refused('It does not say that your e-mail address is verified.');
  const email = readEmail(given);
  if (domains.length > 0 && !domains.includes(domainOf(email)))
    throw refused('Your e-mail address is of a domain that may not sign in here.');
  const wish = wishOf(claims, email);
  const displayName = typeof name === 'string' ? name.trim().slice(0, LONGEST_NAME) : '';
  return { issuer, subject: sub, email, displayName: displayName === '' ? wish : displayName, wish };
}

function readEmail(given: unknown): EmailAddress {
  try {
    return parseEmailAddress(given);
  } catch {
    throw refused('It names no e-mail address of yours.');
  }
}

/** Whether an account that has this address already may be opened by the provider's word alone. */
export const mayLink = (email: EmailAddress, { linkDomains }: DomainRules): boolean =>
  linkDomains.includes(domainOf(email));

/** From the name that the person has at the provider, else from the address; made to fit the rule for handles. */
function wishOf({ preferred_username: username }: Claims, email: EmailAddress): Handle {
  const names = [typeof username === 'string' ? username : '', email].map((name) =>
    (name.split('@')[0] ?? '')
      .normalize('NFKD')
      .toLowerCase()
      .replace(/\p{M}/gu, '')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+/, '')
      .replace(/^(?=\d)/, 'u')
      .slice(0, LONGEST_WISH)
      .replace(/-+$/, ''),
  );
  return parseHandle(names.find((name) => name !== '') ?? 'user');
}

/** The handles to try, in order: as wished, then with a number. */
export function* handlesFor(wish: Handle): Generator<Handle> {
  yield wish;
  for (let number = 2; number < 100_000; number += 1) yield parseHandle(`${wish}-${number}`);
}

export const refused = (why: string, cause?: unknown) =>
  new StrongroomError('E_SIGN_IN_REFUSED', 'The provider did not sign you in.', {
    why,
    next: 'Try again, with another account after you signed out there; or ask whoever runs the platform.',
    cause,
  });
