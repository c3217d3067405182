/** How a provider is configured, and what is said where that is wrong. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readLogInSettings } from '../../stack/log-in-settings.ts';
import { openProvider } from '../../api/provider.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { describeConfiguration, readPlatformConfiguration } from '../../stack/configuration.ts';
import { CLIENT, startProvider } from '../support/provider/running-provider.ts';

let folder: string;
let secretFile: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-provider-'));
  secretFile = path.join(folder, 'client-secret');
  await writeFile(secretFile, `${CLIENT.secret}\n`);
  await writeFile(path.join(folder, 'empty'), '\n');
});
afterAll(() => rm(folder, { recursive: true }));

type Environment = Readonly<Record<string, string>>;
const whole = (): Environment => ({
  STRONGROOM_DATA: folder,
  STRONGROOM_OIDC_ISSUER: 'https://login.example.org',
  STRONGROOM_OIDC_NAME: 'North Clinic',
  STRONGROOM_OIDC_CLIENT_ID: 'strongroom',
  STRONGROOM_OIDC_CLIENT_SECRET_FILE: secretFile,
});
const read = (environment: Environment) => readLogInSettings(readPlatformConfiguration(environment));
function failureOf(environment: Environment): StrongroomError {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof StrongroomError) return error;
  }
  throw new Error('It was taken.');
}

test('without a provider people log in by passwords', () => {
  expect(read({ STRONGROOM_DATA: folder })).toEqual({ provider: null, passwords: 'open' });
});

test('a provider is read with its secret from the file, and domains in any form', () => {
  const more = {
    STRONGROOM_OIDC_DOMAINS: ' Clinic.example.org, uni.example.org,',
    STRONGROOM_OIDC_LINK_DOMAINS: 'uni.example.org',
    STRONGROOM_PASSWORDS: 'closed',
  };
  expect(read({ ...whole(), ...more })).toEqual({
    passwords: 'closed',
    provider: {
      name: 'North Clinic',
      issuer: new URL('https://login.example.org'),
      clientId: 'strongroom',
      clientSecret: CLIENT.secret,
      domains: ['clinic.example.org', 'uni.example.org'],
      linkDomains: ['uni.example.org'],
    },
  });
  expect(JSON.stringify(describeConfiguration({ ...whole(), ...more }))).not.toContain(CLIENT.secret);
});

test.each(['http://127.0.0.1:9000', 'http://[::1]:9000', 'http://localhost:9000/realms/one'])(
  'this machine is asked without TLS: %s',
  (issuer) => {
    expect(read({ ...whole(), STRONGROOM_OIDC_ISSUER: issuer }).provider?.issuer.href).toContain(issuer);
  },
);

describe('is refused with what to do:', () => {
  test.each([
    ['an issuer without TLS', { STRONGROOM_OIDC_ISSUER: 'http://login.example.org' }, /STRONGROOM_OIDC_ISSUER/],
    ['a name of this machine that is none', { STRONGROOM_OIDC_ISSUER: 'http://127.evil.example' }, /_ISSUER/],
    ['an issuer that is no address', { STRONGROOM_OIDC_ISSUER: 'login.example.org' }, /STRONGROOM_OIDC_ISSUER/],
    ['an issuer with a query', { STRONGROOM_OIDC_ISSUER: 'https://a.example/?b' }, /STRONGROOM_OIDC_ISSUER/],
    ['no client id', { STRONGROOM_OIDC_CLIENT_ID: '' }, /STRONGROOM_OIDC_CLIENT_ID is missing/],
    ['no secret', { STRONGROOM_OIDC_CLIENT_SECRET_FILE: '' }, /STRONGROOM_OIDC_CLIENT_SECRET_FILE is missing/],
    ['a secret that is not there', { STRONGROOM_OIDC_CLIENT_SECRET_FILE: '/nowhere/secret' }, /cannot be read/],
    ['a domain that is an address', { STRONGROOM_OIDC_DOMAINS: 'a@example.org' }, /STRONGROOM_OIDC_DOMAINS/],
    ['a domain that is a pattern', { STRONGROOM_OIDC_LINK_DOMAINS: '*' }, /STRONGROOM_OIDC_LINK_DOMAINS/],
    ['settings of a provider that is not named', { STRONGROOM_OIDC_ISSUER: '' }, /STRONGROOM_OIDC_ISSUER is missing/],
    [
      'a domain to link that may not sign in',
      { STRONGROOM_OIDC_DOMAINS: 'example.org', STRONGROOM_OIDC_LINK_DOMAINS: 'uni.example.org' },
      /STRONGROOM_OIDC_LINK_DOMAINS/,
    ],
  ])('%s', (_what, change, message) => {
    const failure = failureOf({ ...whole(), ...change });
    expect(failure.code).toBe('E_CONFIG');
    expect(failure.message).toMatch(message);
    expect(failure.why).toBeTruthy();
    expect(failure.next).toBeTruthy();
  });

  test('a file without a secret', () => {
    const failure = failureOf({ ...whole(), STRONGROOM_OIDC_CLIENT_SECRET_FILE: path.join(folder, 'empty') });
    expect(failure).toMatchObject({ code: 'E_CONFIG', why: 'It takes one word on one line.' });
  });

  test('passwords that are closed where nobody could log in another way', () => {
    const failure = failureOf({ STRONGROOM_DATA: folder, STRONGROOM_PASSWORDS: 'closed' });
    expect(failure).toMatchObject({ code: 'E_CONFIG', message: 'Nobody could log in.' });
  });
});

test('a provider that is away, or says that it is another, is unavailable; one that comes back is found', async () => {
  const running = await startProvider('http://127.0.0.1:1/sign-in/callback');
  const settings = { name: 'P', clientId: CLIENT.id, clientSecret: CLIENT.secret, domains: [], linkDomains: [] };
  const asAnother = new URL(running.issuer.replace('127.0.0.1', 'localhost'));
  const wrong = openProvider({ ...settings, issuer: asAnother }, 'http://127.0.0.1:1');
  await expect(wrong.addressFor('secret')).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
  const right = openProvider({ ...settings, issuer: new URL(running.issuer) }, 'http://127.0.0.1:1');
  running.isAway = true;
  await expect(right.addressFor('secret')).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
  running.isAway = false;
  expect((await right.addressFor('secret')).origin).toBe(running.issuer);
  await running.stop();
});
