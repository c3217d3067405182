/** Signing in by an organisation's OpenID Connect provider: a real one, over real HTTP. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { pino } from 'pino';
import type { LogInSettings, ProviderSettings } from '../../stack/log-in-settings.ts';
import type { Session } from '../../api/begin-session.ts';
import { freePort } from '../../stack/free-port.ts';
import { logOptions } from '../../stack/log.ts';
import { listAuditEntries } from '../../storage/audit-entries.ts';
import { parseEmailAddress, parseHandle } from '../../domain/ids.ts';
import { openBrowser, type Browser, type Page } from '../support/provider/browser.ts';
import {
  CLIENT,
  startProvider,
  type ProviderPerson,
  type RunningProvider,
} from '../support/provider/running-provider.ts';
import { eventually } from './support/eventually.ts';
import { person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let provider: RunningProvider;
let platform: TestPlatform;
let api: string;
let platformLogIn: () => LogInSettings;
beforeAll(async () => {
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  provider = await startProvider(`${api}/sign-in/callback`);
  const settings: ProviderSettings = {
    name: 'Uni <Nord>',
    issuer: new URL(provider.issuer),
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    domains: ['example.org', 'uni.example.org'],
    linkDomains: ['uni.example.org'],
  };
  platformLogIn = () => ({ provider: settings, passwords: 'open' });
  platform = await startPlatform({ settings: { publicUrl: api, logIn: platformLogIn() } });
  await platform.app.listen({ host: '127.0.0.1', port });
});
afterAll(async () => {
  await platform.stop();
  await provider.stop();
});

let browser: Browser;
beforeEach(() => {
  browser = openBrowser();
});
afterEach(() => {
  provider.changeClaims = (claims) => claims;
  provider.forgesSignature = false;
});

const CALLBACK = '/sign-in/callback';
const toCallback = (url: string) => url.startsWith(`${api}${CALLBACK}`);
const isPerson = (sub: string, email: string, more: Partial<ProviderPerson> = {}): ProviderPerson => ({
  sub,
  email,
  email_verified: true,
  ...more,
});

/** As the page does it; `who` sits at the browser. */
async function signIn(who: ProviderPerson | null, from = browser): Promise<Page> {
  provider.signsIn = who;
  return from.open(`${api}/sign-in?page=device`);
}
async function logIn(who: ProviderPerson): Promise<Session> {
  const page = await signIn(who, openBrowserAsCurrent());
  expect(page.url).toBe(`${api}/device#signed-in`);
  const answer = await browser.post(`${api}/device/sign-in`);
  expect(answer.status).toBe(201);
  return JSON.parse(answer.text) as Session;
}
const openBrowserAsCurrent = () => (browser = openBrowser());

function expectRefused(page: Page, why: RegExp): void {
  expect(page.status).toBe(403);
  expect(page.text).toContain('The provider did not sign you in.');
  expect(page.text).toMatch(why);
}
const accountsWith = (email: string) =>
  platform.db.selectFrom('accounts').selectAll().where('email', '=', parseEmailAddress(email)).execute();

const mailed = (to: string, text: string) =>
  eventually(async () => {
    expect((await platform.mailsTo(to)).join()).toContain(text);
  });

describe('a person of the organisation', () => {
  test('signs in for the first time, and has an account with a verified address and a handle', async () => {
    const { account } = await logIn(isPerson('s-1', 'Ada.Lovelace@Example.org', { name: 'Ada Lovelace' }));
    expect(account).toEqual({
      handle: 'ada-lovelace',
      email: 'ada.lovelace@example.org',
      emailVerified: true,
      displayName: 'Ada Lovelace',
    });
  });

  test('has the same account the second time, also after the address changed at the provider', async () => {
    const first = await logIn(isPerson('s-2', 'grace@example.org'));
    const second = await logIn(isPerson('s-2', 'hopper@example.org', { preferred_username: 'hopper' }));
    expect(second.account).toEqual(first.account);
    expect(await accountsWith('hopper@example.org')).toEqual([]);
  });

  test('is not taken for another one who has the address by now', async () => {
    const first = await logIn(isPerson('s-3', 'desk@example.org'));
    expectRefused(await signIn(isPerson('s-4', 'desk@example.org'), openBrowser()), /an account may have it already/);
    expect((await logIn(isPerson('s-3', 'desk@example.org'))).account).toEqual(first.account);
  });

  test('gets a handle with a number where the own one is taken', async () => {
    await person(platform, 'kim');
    const handles = [];
    for (const sub of ['s-5', 's-6']) {
      const who = isPerson(sub, `${sub}@example.org`, { preferred_username: 'Kim@uni.example.org' });
      handles.push((await logIn(who)).account.handle);
    }
    expect(handles).toEqual(['kim-2', 'kim-3']);
  });

  test('has one account also where two browsers sign in for the first time at the same moment', async () => {
    const who = isPerson('s-7', 'twice@example.org');
    const browsers = [openBrowser(), openBrowser(), openBrowser(), openBrowser()];
    const pages = await Promise.all(browsers.map((each) => signIn(who, each)));
    expect(pages.map(({ url }) => url)).toEqual(browsers.map(() => `${api}/device#signed-in`));
    expect(await accountsWith('twice@example.org')).toHaveLength(1);
  });

  test('is written down in the audit log, without address and subject', async () => {
    const { account } = await logIn(isPerson('subject-of-eve', 'eve@example.org'));
    const entries = await listAuditEntries(platform.db, { account: account.handle }, 0, 1000);
    expect(entries).toMatchObject([
      { action: 'account.linked', subject: 'account/eve', after: { issuer: provider.issuer, as: 'new account' } },
      { action: 'session.begun', account: 'eve', after: { by: 'provider' } },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/eve@example|subject-of-eve/);
  });

  test('who cancels at the provider is told so, and has no account', async () => {
    expectRefused(await signIn(null), /It was cancelled there/);
  });
});

describe('an address', () => {
  test.each([
    ['that is not verified', false],
    ['of which nothing is said', undefined],
    ['that is verified in another word than true', 'true'],
  ])('%s is refused, and no account is made', async (_what, email_verified) => {
    const who = isPerson('s-10', 'unproven@example.org', { email_verified });
    expectRefused(await signIn(who), /is verified/);
    expect(await accountsWith('unproven@example.org')).toEqual([]);
  });

  test('that became unverified is refused to an account that is there, too', async () => {
    await logIn(isPerson('s-11', 'later@example.org'));
    const later = isPerson('s-11', 'later@example.org', { email_verified: false });
    expectRefused(await signIn(later, openBrowser()), /is verified/);
  });

  test.each(['mallory@evil.example', 'mallory@sub.example.org', 'mallory@example.org.evil.example'])(
    'of another domain is refused: %s',
    async (email) => {
      expectRefused(await signIn(isPerson('s-12', email)), /a domain that may not sign in/);
      expect(await accountsWith(email)).toEqual([]);
    },
  );

  test('that is none is refused', async () => {
    expectRefused(await signIn({ sub: 's-13', email: 'no address@', email_verified: true }), /names no e-mail address/);
    expectRefused(await signIn({ sub: 's-13', email_verified: true }, openBrowser()), /names no e-mail address/);
  });
});

describe('an account that has the address already', () => {
  test('stays closed to the word of the provider; its owner hears of it, and the person no more than that it may be there', async () => {
    const victim = await person(platform, 'victim');
    expectRefused(await signIn(isPerson('s-20', 'victim@example.org')), /an account may have it already/);
    expect(browser.cookies(api).size).toBe(0);
    expect((await browser.post(`${api}/device/sign-in`)).status).toBe(401);
    expect((await victim.ask('GET', '/v1/account')).statusCode).toBe(200);
    const linked = platform.db.selectFrom('credentials').selectAll().where('userId', '=', victim.account.id);
    expect(await linked.execute()).toEqual([]);
    await signIn(isPerson('s-20', 'victim@example.org'), openBrowser());
    await mailed('victim@example.org', 'Subject: A sign-in for your');
    expect(await platform.mailsTo('victim@example.org')).toHaveLength(1);
  });

  test('is opened where configuration trusts the provider for the domain; its owner hears of it', async () => {
    const { id } = (await person(platform, 'linus')).account;
    const email = parseEmailAddress('linus@uni.example.org');
    await platform.db.updateTable('accounts').set({ email }).where('id', '=', id).execute();
    const { account } = await logIn(isPerson('s-21', email, { preferred_username: 'another' }));
    expect(account).toMatchObject({ handle: 'linus', email });
    const owner = platform.db.selectFrom('credentials').select('userId').where('accountId', '=', 's-21');
    expect(await owner.execute()).toEqual([{ userId: id }]);
    await mailed(email, 'can be opened by another sign-in');
  });

  test('and was never verified is the owner’s, and the password of whoever made it is worth nothing', async () => {
    const body = { email: 'squatted@example.org', handle: 'squatter', password: 'nine green lamps at sea' };
    await platform.app.inject({ method: 'POST', url: '/v1/accounts', payload: body });
    const { account } = await logIn(isPerson('s-22', 'squatted@example.org'));
    expect(account).toMatchObject({ handle: parseHandle('squatter'), emailVerified: true });
    const { email, password } = body;
    const tried = await platform.app.inject({ method: 'POST', url: '/v1/sessions', payload: { email, password } });
    expect(tried.json()).toMatchObject({ code: 'E_WRONG_CREDENTIALS' });
  });
});

describe('an answer of the provider', () => {
  const who = isPerson('s-30', 'careful@example.org');

  test.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another client', { aud: 'another-client' }],
    ['another sign-in', { nonce: 'another nonce' }],
    ['no sign-in at all', { nonce: undefined }],
    ['an hour ago', { exp: Math.floor(Date.now() / 1000) - 3600 }],
  ])('is refused whose ID token is for %s', async (_what, change) => {
    provider.changeClaims = (claims) => ({ ...claims, ...change });
    expectRefused(await signIn(who), /did not pass the checks/);
    expect(await accountsWith('careful@example.org')).toEqual([]);
  });

  test('is refused whose ID token another key signed', async () => {
    provider.forgesSignature = true;
    expectRefused(await signIn(who), /did not pass the checks/);
  });

  test('is refused where the address comes for another subject than the ID token', async () => {
    provider.changeClaims = (claims) => ({ ...claims, sub: 'another' });
    expectRefused(await signIn(who), /did not pass the checks/);
  });

  test('is refused to a browser that did not ask, as one that was sent there by somebody else', async () => {
    provider.signsIn = who;
    const { url } = await browser.open(`${api}/sign-in?page=device`, toCallback);
    const other = openBrowser();
    await other.open(`${api}/sign-in?page=device`, (next) => !next.startsWith(api));
    for (const page of [await other.open(url), await openBrowser().open(url)]) {
      expect(page.status).toBe(401);
      expect(page.text).toContain('was begun in another browser');
    }
    expect((await browser.open(url)).url).toBe(`${api}/device#signed-in`);
  });

  test('is refused with another state', async () => {
    provider.signsIn = who;
    const { url } = await browser.open(`${api}/sign-in?page=device`, toCallback);
    const changed = new URL(url);
    changed.searchParams.set('state', 'A'.repeat(43));
    expect((await browser.open(changed.href)).status).toBe(401);
  });

  test('is taken once: neither we nor the provider take its code again', async () => {
    provider.signsIn = who;
    const { url } = await browser.open(`${api}/sign-in?page=device`, toCallback);
    const cookies = [...browser.cookies(api)];
    expect((await browser.open(url)).url).toBe(`${api}/device#signed-in`);
    const replaying = openBrowser();
    for (const [name, value] of cookies) replaying.cookies(api).set(name, value);
    expect((await replaying.open(url)).status).toBe(401);

    // The same code in a sign-in of one's own.
    const { url: own } = await replaying.open(`${api}/sign-in?page=device`, toCallback);
    const mixed = new URL(own);
    mixed.searchParams.set('code', new URL(url).searchParams.get('code') ?? '');
    expectRefused(await replaying.open(mixed.href), /did not pass the checks/);
  });

  test('is refused once the sign-in is too old', async () => {
    provider.signsIn = who;
    const { url } = await browser.open(`${api}/sign-in?page=device`, toCallback);
    await sql`UPDATE sign_ins SET expires_at = now()`.execute(platform.db);
    expect((await browser.open(url)).status).toBe(401);
  });
});

describe('the way to the provider and back', () => {
  test('has PKCE, state and nonce, and leads back to our own address whatever host the request names', async () => {
    const answer = await platform.app.inject({ url: '/sign-in?page=device', headers: { host: 'evil.example' } });
    expect(answer.statusCode).toBe(303);
    const { origin, pathname, searchParams } = new URL(String(answer.headers.location));
    expect(origin + pathname).toBe(`${provider.issuer}/auth`);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: CLIENT.id,
      response_type: 'code',
      redirect_uri: `${api}${CALLBACK}`,
      scope: 'openid email profile',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(new Set(['state', 'nonce', 'code_challenge'].map((name) => searchParams.get(name))).size).toBe(3);
    expect(answer.headers['set-cookie']).toMatch(
      /^strongroom_sign_in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
  });

  test('leads to no other page than ours', async () => {
    for (const page of ['https://evil.example', '//evil.example', 'toString']) {
      const answer = await platform.app.inject({ url: `/sign-in?page=${encodeURIComponent(page)}` });
      expect(answer.statusCode).toBe(400);
    }
    expect((await platform.app.inject({ url: '/sign-in?page=device&to=https://evil.example' })).statusCode).toBe(400);
  });

  test('asks nothing of an issuer that a request names', async () => {
    provider.signsIn = isPerson('s-40', 'issued@example.org');
    const { url } = await browser.open(`${api}/sign-in?page=device`, toCallback);
    const mixed = new URL(url);
    mixed.searchParams.set('iss', 'http://127.0.0.1:9');
    expectRefused(await browser.open(mixed.href), /did not pass the checks/);
  });

  test('ends with a session that only the page can fetch, once, and not on another page', async () => {
    await signIn(isPerson('s-41', 'once@example.org'));
    const set = [...browser.cookies(api).keys()];
    expect(set).toEqual(['strongroom_signed_in']);
    const thief = openBrowser();
    for (const [name, value] of browser.cookies(api)) thief.cookies(api).set(name, value);
    expect((await browser.post(`${api}/operations/sign-in`)).status).toBe(401);
    expect((await browser.post(`${api}/device/sign-in`)).status).toBe(201);
    expect((await thief.post(`${api}/device/sign-in`)).status).toBe(401);
  });

  test('keeps hashes in the database, and no token of the provider', async () => {
    provider.signsIn = isPerson('s-42', 'hashed@example.org');
    await browser.open(`${api}/sign-in?page=device`, toCallback);
    const [begun] = browser.cookies(api).values();
    const stored = JSON.stringify(await platform.db.selectFrom('signIns').selectAll().execute());
    expect(stored).not.toContain(begun);
    await logIn(isPerson('s-42', 'hashed@example.org'));
    const kept = await sql`SELECT access_token, refresh_token, id_token, password FROM credentials
      WHERE account_id = 's-42'`.execute(platform.db);
    expect(kept.rows).toEqual([{ accessToken: null, refreshToken: null, idToken: null, password: null }]);
  });

  test('is on the page of devices, with the name as text', async () => {
    const { body, headers } = await platform.app.inject('/device');
    expect(body).toContain('<a class="button" href="/sign-in?page=device">Sign in with Uni &#60;Nord&#62;</a>');
    expect(body).toContain('name="password"');
    expect(headers['content-security-policy']).toContain("form-action 'none'");
    expect((await platform.app.inject('/v1/log-in-ways')).json()).toEqual({ provider: 'Uni <Nord>', passwords: true });
  });

  test('leads operators to their page, and others not', async () => {
    provider.signsIn = isPerson('s-43', 'oscar@example.org');
    expect((await browser.open(`${api}/sign-in?page=operations`)).url).toBe(`${api}/operations#signed-in`);
    const entered = await browser.post(`${api}/operations/sign-in`);
    expect(entered.status).toBe(204);
    expect(entered.headers.get('set-cookie')).toMatch(/strongroom_operator=.*HttpOnly; SameSite=Strict/);

    const other = openBrowser();
    provider.signsIn = isPerson('s-44', 'olga@example.org');
    await other.open(`${api}/sign-in?page=operations`);
    expect((await other.post(`${api}/operations/sign-in`)).status).toBe(403);
    expect(other.cookies(api).has('strongroom_operator')).toBe(false);
  });

  test('is limited for a network address as log-ins are, and by TLS its cookies are for this host alone', async () => {
    const settings = { publicUrl: 'https://strongroom.example.org', logIn: platformLogIn(), logInsPerMinute: 2 };
    const strict = await startPlatform({ settings });
    const answers = [];
    for (let tries = 0; tries < 3; tries += 1) answers.push(await strict.app.inject('/sign-in?page=device'));
    await strict.stop();
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([303, 303, 429]);
    expect(answers[0]?.headers['set-cookie']).toMatch(
      /^__Host-strongroom_sign_in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
    );
    const { searchParams } = new URL(String(answers[0]?.headers.location));
    expect(searchParams.get('redirect_uri')).toBe('https://strongroom.example.org/sign-in/callback');
  });

  test('says in the log why it failed, without a name of the person', async () => {
    const lines: string[] = [];
    const logger = pino(logOptions('api', 'info'), { write: (line: string) => void lines.push(line) });
    const talking = await startPlatform({ logger, settings: { publicUrl: api, logIn: platformLogIn() } });
    provider.signsIn = isPerson('subject-of-mallory', 'mallory@evil.example');
    const { url } = await browser.open(`${api}/sign-in?page=operations`, toCallback);
    const cookie = [...browser.cookies(api)].map(([name, value]) => `${name}=${value}`).join('; ');
    await platform.db
      .selectFrom('signIns')
      .selectAll()
      .execute()
      .then((rows) =>
        talking.db
          .insertInto('signIns')
          .values(rows.filter((row) => row.accountId === null))
          .execute(),
      );
    const answer = await talking.app.inject({ url: url.slice(api.length), headers: { cookie } });
    await talking.stop();
    expect(answer.statusCode).toBe(403);
    expect(answer.body).toContain('<a href="/operations">');
    expect(lines.join()).toContain('A sign-in by the provider failed.');
    expect(lines.join()).toContain('a domain that may not sign in here');
    expect(lines.join()).not.toMatch(/mallory|code=|state=/);
  });
});
