/** A device without a browser is logged in by a person who is logged in elsewhere (RFC 8628). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { listAuditEntries } from '../../storage/audit-entries.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import type { Reply } from './support/reply.ts';

let platform: TestPlatform;
let alice: Person;
let mallory: Person;
beforeAll(async () => {
  platform = await startPlatform();
  [alice, mallory] = [await person(platform, 'alice'), await person(platform, 'mallory')];
});
afterAll(() => platform.stop());

const begin = async (): Promise<{ deviceCode: string; userCode: string; interval: number; expiresIn: number }> =>
  (
    await platform.app.inject({
      method: 'POST',
      url: '/v1/device-logins',
      headers: { 'user-agent': 'strongroom (linux; arm64)' },
    })
  ).json();
const ask = (deviceCode: string): Promise<Reply> =>
  platform.app.inject({
    method: 'POST',
    url: '/v1/device-logins/session',
    payload: { deviceCode },
    headers: { 'user-agent': 'strongroom (linux; arm64)' },
  });
const at = (userCode: string, rest = '') => `/v1/device-logins/${userCode}${rest}`;
/** As if the device had waited. */
const wait = () => sql`UPDATE device_logins SET asked_at = asked_at - interval '1 minute'`.execute(platform.db);
const withoutId = (answer: Reply) => ({ ...(answer.json() as object), requestId: '' });

describe('a device', () => {
  test('shows a code that is easy to type, and is logged in once a person approved who saw from where it asks', async () => {
    const { deviceCode, userCode, interval, expiresIn } = await begin();
    expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect({ interval, expiresIn }).toEqual({ interval: 5, expiresIn: 600 });
    expect((await ask(deviceCode)).json()).toMatchObject({ code: 'E_LOGIN_PENDING', status: 409, retryable: true });

    const seen = await alice.ask('GET', at(userCode.toLowerCase()));
    expect(seen.json()).toMatchObject({ userCode, networkAddress: '127.0.0.1', program: 'strongroom (linux; arm64)' });
    expect((await alice.ask('POST', at(userCode.replace('-', ''), '/approval'))).statusCode).toBe(204);

    await wait();
    const answer = await ask(deviceCode);
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({ account: { handle: 'alice' } });
    const { token } = answer.json();
    const me = { url: '/v1/account/sessions', headers: { authorization: `Bearer ${token}` } };
    const { items } = ((await platform.app.inject(me)) as Reply).json();
    expect(items[0]).toMatchObject({ current: true, userAgent: 'strongroom (linux; arm64)' });
  });

  test('whose code is used by ten at the same moment is logged in once (D5)', async () => {
    const { deviceCode, userCode } = await begin();
    await alice.ask('POST', at(userCode, '/approval'));
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(deviceCode)));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array<number>(9).fill(401)]);
  });

  test('that asks too soon is told to slow down, by five seconds more each time', async () => {
    const { deviceCode } = await begin();
    await ask(deviceCode);
    const hasty = await ask(deviceCode);
    expect(hasty.json()).toMatchObject({ code: 'E_TOO_MANY_REQUESTS', status: 429 });
    expect(hasty.headers['retry-after']).toBe('10');
    expect((await ask(deviceCode)).headers['retry-after']).toBe('15');
    await wait();
    expect((await ask(deviceCode)).json().code).toBe('E_LOGIN_PENDING');
  });

  test('hears the same of a code that is wrong, was used, or ran out', async () => {
    const used = await begin();
    await alice.ask('POST', at(used.userCode, '/approval'));
    await ask(used.deviceCode);
    const late = await begin();
    await alice.ask('POST', at(late.userCode, '/approval'));
    await sql`UPDATE device_logins SET requested_at = now() - interval '1 hour', expires_at = now()`.execute(
      platform.db,
    );
    const [wrong, ...others] = await Promise.all(['wrong', used.deviceCode, late.deviceCode].map(ask));
    expect(wrong?.json()).toMatchObject({ code: 'E_WRONG_CREDENTIALS', status: 401 });
    for (const other of others) expect(withoutId(other)).toEqual(withoutId(wrong!));
  });

  test('is told that it was refused, and then its code is worth nothing', async () => {
    const { deviceCode, userCode } = await begin();
    expect((await alice.ask('POST', at(userCode, '/refusal'))).statusCode).toBe(204);
    expect((await alice.ask('POST', at(userCode, '/approval'))).json().code).toBe('E_NOT_FOUND');
    expect((await ask(deviceCode)).json()).toMatchObject({ code: 'E_LOGIN_REFUSED', status: 403 });
    expect((await ask(deviceCode)).json().code).toBe('E_WRONG_CREDENTIALS');
  });

  test('keeps its code to itself: the database has the hash', async () => {
    const { deviceCode, userCode } = await begin();
    const stored = JSON.stringify(await platform.db.selectFrom('deviceLogins').selectAll().execute());
    expect(stored).toContain(userCode.replace('-', ''));
    expect(stored).not.toContain(deviceCode);
  });
});

describe('a person', () => {
  test('needs a session to approve: an access token, whatever its scopes, cannot make a session', async () => {
    const { userCode } = await begin();
    const scopes = ['read', 'submit', 'access', 'operate'];
    const { token } = (await alice.ask('POST', '/v1/tokens', { name: 'ci', scopes })).json();
    const headers = { authorization: `Bearer ${token}` };
    for (const [method, url] of [
      ['GET', at(userCode)],
      ['POST', at(userCode, '/approval')],
    ] as const) {
      const answer: Reply = await platform.app.inject({ method, url, headers });
      expect(answer.json().code).toBe('E_TOKEN_SCOPE');
    }
  });

  test('finds no log-in under a code that ran out, or that nobody has', async () => {
    const { userCode } = await begin();
    const none = await alice.ask('GET', at('BCDF-GHJK'));
    expect(none.json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
    await sql`UPDATE device_logins SET requested_at = now() - interval '1 hour', expires_at = now()`.execute(
      platform.db,
    );
    for (const answer of [await alice.ask('GET', at(userCode)), await alice.ask('POST', at(userCode, '/approval'))]) {
      expect(answer.json().detail).toBe(none.json().detail.replace('BCDF-GHJK', userCode));
    }
  });

  test('cannot guess the codes of others', async () => {
    const answers = [];
    for (let tries = 0; tries < 25; tries += 1) answers.push(await mallory.ask('GET', at('BCDF-GHJK')));
    const last = answers.at(-1);
    expect(last?.json().code).toBe('E_TOO_MANY_REQUESTS');
    expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await alice.ask('GET', at('BCDF-GHJK'))).statusCode).toBe(404);
  });

  test('reads in the audit log who approved what, and what session began', async () => {
    const { deviceCode, userCode } = await begin();
    await alice.ask('POST', at(userCode, '/approval'));
    await ask(deviceCode);
    const entries = await listAuditEntries(platform.db, { account: alice.account.handle }, 0, 1000);
    expect(entries.at(-2)).toMatchObject({
      action: 'device-login.approved',
      subject: 'account/alice',
      token: expect.any(String),
      after: { networkAddress: '127.0.0.1', program: 'strongroom (linux; arm64)' },
    });
    expect(entries.at(-1)).toMatchObject({ action: 'session.begun', account: 'alice', after: { by: 'device' } });
  });
});

test('the page on which people approve runs its own script and nothing else, and no other site can frame it', async () => {
  const page = await platform.app.inject('/device');
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'sha256-.*frame-ancestors/);
});
