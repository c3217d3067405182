/** Which addresses a party connects to when someone else named the URL. */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { StrongroomError } from '../domain/errors.ts';

export interface AddressPolicyOptions {
  /** Off unless configured: then addresses inside this machine and its networks are open to URLs of others. */
  readonly allowPrivateAddresses: boolean;
  /** The platform that the party chose itself; it may be on any address. */
  readonly platformOrigin: string | null;
  /** The system's resolver unless given. */
  readonly resolve?: typeof lookup;
}

export interface AddressPolicy {
  /** Refuses whatever is no plain http(s) URL. Fails with `E_ADDRESS_NOT_ALLOWED`. */
  checkUrl(url: URL): void;
  /** Connections for `url`, whose address is checked at the moment when the connection is made. */
  dispatcherFor(url: URL, stallSeconds: number): Dispatcher;
}

/** Special-purpose blocks of the IANA registries (RFC 6890 and its updates). */
const SPECIAL_V4 = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
  ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15],
  ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const; // prettier-ignore
/** Everything outside 2000::/3, and what tunnels to IPv4 or is set aside inside it. */
const SPECIAL_V6 = [
  ['::', 3], ['4000::', 2], ['8000::', 1], ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20],
] as const; // prettier-ignore

/** Two lists: in one, `::/3` would hold every IPv4 address too, by its mapped form. */
const specialV4 = new BlockList();
for (const [network, prefix] of SPECIAL_V4) specialV4.addSubnet(network, prefix, 'ipv4');
const specialV6 = new BlockList();
for (const [network, prefix] of SPECIAL_V6) specialV6.addSubnet(network, prefix, 'ipv6');

/** Whether an IP address, written in any form that the system's resolver answers with, is a public one. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !specialV4.check(address, 'ipv4');
  return version === 6 && !specialV6.check(address, 'ipv6');
}

export function createAddressPolicy(options: AddressPolicyOptions): AddressPolicy {
  const trusted = (url: URL) =>
    options.allowPrivateAddresses ||
    (options.platformOrigin !== null && url.origin === new URL(options.platformOrigin).origin);
  return {
    checkUrl(url) {
      if (!['http:', 'https:'].includes(url.protocol))
        throw notAllowed(url, `${url.protocol} is no http or https address.`);
      if (url.username || url.password) throw notAllowed(url, 'It carries a user name or a password.');
    },
    dispatcherFor(url, stallSeconds) {
      const timeouts = { headersTimeout: stallSeconds * 1000, bodyTimeout: stallSeconds * 1000 };
      if (trusted(url)) return new Agent(timeouts);
      const connect = buildConnector({
        lookup: publicLookup(url, options.resolve ?? lookup),
        timeout: stallSeconds * 1000,
      });
      return new Agent({
        ...timeouts,
        connect: (target, callback) => {
          const host = target.hostname.replace(/^\[|\]$/g, '');
          if (isIP(host) && !isPublicAddress(host)) callback(notAllowed(url, `${host} is not a public address.`), null);
          else connect(target, callback);
        },
      });
    },
  };
}

/** Resolves a name and answers only when each of its addresses is public, so that rebinding finds no gap. */
function publicLookup(url: URL, resolve: typeof lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, '');
        return;
      }
      const hidden = addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses;
      if (hidden) callback(notAllowed(url, `${hostname} leads to ${hidden.address}, which is not public.`), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
}

function notAllowed(url: URL, why: string): StrongroomError {
  return new StrongroomError('E_ADDRESS_NOT_ALLOWED', `${url.host || url.href} may not be connected to.`, {
    why,
    next: 'Ask whoever gave the address for a public one, or set STRONGROOM_ALLOW_PRIVATE_ADDRESSES=true for your own network.',
  });
}
