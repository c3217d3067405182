/** How people log in, and the provider that configuration names: checked before anything starts. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { StrongroomError } from '../domain/errors.ts';
import type { DomainRules } from '../domain/sign-in.ts';
import type { PlatformConfiguration } from './configuration.ts';

export interface ProviderSettings extends DomainRules {
  /** What people call it. */
  readonly name: string;
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** How people may log in. */
export interface LogInSettings {
  /** `null` where there is no provider. */
  readonly provider: ProviderSettings | null;
  readonly passwords: 'open' | 'closed';
}

const DOMAIN = /^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)*$/;
const LONGEST_NAME = 60;

/** Fails with `E_CONFIG` for a provider that is named in part, or that cannot be trusted with a sign-in. */
export function readLogInSettings(configuration: PlatformConfiguration): LogInSettings {
  const { oidcIssuer, passwords } = configuration;
  if (oidcIssuer !== null) return { provider: readProvider(oidcIssuer, configuration), passwords };
  refuseWithoutIssuer(configuration);
  if (passwords === 'open') return { provider: null, passwords };
  throw new StrongroomError('E_CONFIG', 'Nobody could log in.', {
    why: 'STRONGROOM_PASSWORDS is closed, and there is no provider by which people sign in.',
    next: 'Name one in STRONGROOM_OIDC_ISSUER, or leave passwords open.',
  });
}

function readProvider(issuer: string, configuration: PlatformConfiguration): ProviderSettings {
  const { oidcClientId, oidcClientSecretFile, oidcName } = configuration;
  if (oidcClientId === null)
    throw missing('STRONGROOM_OIDC_CLIENT_ID', 'the id that the provider gave to this platform');
  if (oidcClientSecretFile === null)
    throw missing('STRONGROOM_OIDC_CLIENT_SECRET_FILE', 'a file that holds the secret which the provider gave with it');
  const name = oidcName.trim();
  if (name === '' || name.length > LONGEST_NAME)
    throw notAllowed('STRONGROOM_OIDC_NAME', `It takes 1 to ${LONGEST_NAME} characters.`);
  const domains = readDomains('STRONGROOM_OIDC_DOMAINS', configuration.oidcDomains);
  const linkDomains = readDomains('STRONGROOM_OIDC_LINK_DOMAINS', configuration.oidcLinkDomains);
  const stranger = linkDomains.find((domain) => domains.length > 0 && !domains.includes(domain));
  if (stranger !== undefined)
    throw notAllowed('STRONGROOM_OIDC_LINK_DOMAINS', `${stranger} is not in STRONGROOM_OIDC_DOMAINS.`);
  return {
    name,
    issuer: readIssuer(issuer),
    clientId: oidcClientId,
    clientSecret: readSecret(oidcClientSecretFile),
    domains,
    linkDomains,
  };
}

/** Whoever can change what the provider answers can sign in as anybody: only this machine itself is asked without TLS. */
function readIssuer(text: string): URL {
  const issuer = URL.canParse(text) ? new URL(text) : null;
  const plain = issuer?.protocol === 'http:' && isLoopback(issuer.hostname);
  if (issuer === null || !(issuer.protocol === 'https:' || plain))
    throw notAllowed('STRONGROOM_OIDC_ISSUER', 'It takes an https:// address, or http:// on this machine.');
  if (issuer.search !== '' || issuer.hash !== '' || issuer.username !== '' || issuer.password !== '')
    throw notAllowed('STRONGROOM_OIDC_ISSUER', 'It takes an address without a query, a fragment or a user.');
  return issuer;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));

function readSecret(file: string): string {
  let secret: string;
  try {
    secret = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StrongroomError('E_CONFIG', `${file}, the provider's client secret, cannot be read.`, {
      why: (error as Error).message,
      next: 'Correct STRONGROOM_OIDC_CLIENT_SECRET_FILE, or let the user of the API read the file.',
      cause: error,
    });
  }
  if (secret !== '' && !/\s/.test(secret)) return secret;
  throw new StrongroomError('E_CONFIG', `${file} does not hold a client secret.`, {
    why: 'It takes one word on one line.',
    next: 'Write the secret that the provider gave to this platform into it.',
  });
}

function readDomains(variable: string, list: string): string[] {
  const domains = list
    .split(',')
    .map((domain) => domain.trim().toLowerCase())
    .filter((domain) => domain !== '');
  const wrong = domains.find((domain) => !DOMAIN.test(domain));
  if (wrong === undefined) return domains;
  throw notAllowed(variable, `${JSON.stringify(wrong)} is not a domain, for instance hospital.example.org.`);
}

/** A secret or a rule without an issuer is a mistake, and must not look as if it did something. */
function refuseWithoutIssuer(configuration: PlatformConfiguration): void {
  const given = {
    STRONGROOM_OIDC_CLIENT_ID: configuration.oidcClientId,
    STRONGROOM_OIDC_CLIENT_SECRET_FILE: configuration.oidcClientSecretFile,
    STRONGROOM_OIDC_DOMAINS: configuration.oidcDomains,
    STRONGROOM_OIDC_LINK_DOMAINS: configuration.oidcLinkDomains,
  };
  const [variable] = Object.entries(given).find(([, value]) => value !== null && value !== '') ?? [];
  if (variable !== undefined) throw missing('STRONGROOM_OIDC_ISSUER', `the provider that ${variable} is about`);
}

const missing = (variable: string, what: string) =>
  new StrongroomError('E_CONFIG', `The setting ${variable} is missing.`, {
    why: 'Sign-in by a provider is configured in part only.',
    next: `Set it to ${what}: docs/operations.md shows how.`,
  });

const notAllowed = (variable: string, why: string) =>
  new StrongroomError('E_CONFIG', `The setting ${variable} has a value that is not allowed.`, {
    why,
    next: 'Correct it: docs/operations.md shows how.',
  });
