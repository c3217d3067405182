import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { parseHandle } from '../../domain/ids.ts';
import { ACCESS_TOKEN_PATTERN } from '../../storage/access-token-format.ts';
import { listAuditEntries } from '../../storage/audit-entries.ts';
import type { Reply } from './support/reply.ts';
import { eventually } from './support/eventually.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

const PASSWORD = 'correct horse battery staple';

let platform: TestPlatform;
let mailGate: Promise<unknown> = Promise.resolve();
beforeAll(async () => {
  platform = await startPlatform({ beforeMail: () => mailGate });
});
afterAll(() => platform.stop());

const post = (url: string, payload: object, headers: Record<string, string> = {}): Promise<Reply> =>
  platform.app.inject({ method: 'POST', url, payload, headers });
const as = (token: string, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object): Promise<Reply> =>
  platform.app.inject({ method, url, headers: { authorization: `Bearer ${token}` }, ...(payload && { payload }) });
const signUp = (handle: string, email = `${handle}@example.org`) =>
  post('/v1/accounts', { email, handle, password: PASSWORD });
const logIn = (email: string, password = PASSWORD) => post('/v1/sessions', { email, password });
const codeMailedTo = async (address: string): Promise<string> => {
  const mail = (await platform.mailsTo(address)).at(-1) ?? '';
  return /token=(\S+)/.exec(mail)?.[1] ?? 'there is no code in the mail';
};
const verified = async (handle: string): Promise<string> => {
  await signUp(handle);
  await post('/v1/accounts/verify', { token: await codeMailedTo(`${handle}@example.org`) });
  return (await logIn(`${handle}@example.org`)).json().token;
};

describe('signing up', () => {
  test('sends a mail, by whose code the address is verified; only then one can log in', async () => {
    expect((await signUp('ann', 'Ann@Example.org')).json()).toEqual({ handle: 'ann', email: 'ann@example.org' });
    expect((await logIn('ann@example.org')).json()).toMatchObject({ code: 'E_WRONG_CREDENTIALS', status: 401 });
    const token = await codeMailedTo('ann@example.org');
    expect((await post('/v1/accounts/verify', { token: `${token.slice(0, -2)}xx` })).json()).toMatchObject({
      code: 'E_WRONG_CREDENTIALS',
    });
    expect((await post('/v1/accounts/verify', { token })).statusCode).toBe(204);
    const session = await logIn('ANN@example.org');
    expect(session.statusCode).toBe(201);
    expect(session.json()).toMatchObject({ account: { handle: 'ann', email: 'ann@example.org', emailVerified: true } });
    expect((await as(session.json().token, 'GET', '/v1/account')).json()).toEqual({
      handle: 'ann',
      email: 'ann@example.org',
      emailVerified: true,
      displayName: 'ann',
    });
  });

  test('by an address that has an account answers as for any other; only its owner hears of it, by mail', async () => {
    const fresh = await signUp('fresh');
    const known = await signUp('known', 'ann@example.org');
    expect(known.statusCode).toBe(fresh.statusCode);
    expect(known.json()).toEqual({ handle: 'known', email: 'ann@example.org' });
    expect((await platform.mailsTo('ann@example.org')).at(-1)).toContain('You have an account already');
    // The handle is taken in both cases, and the new password opens neither.
    expect((await signUp('fresh', 'x@example.org')).json()).toMatchObject({ code: 'E_ALREADY_EXISTS', status: 409 });
    expect((await signUp('known', 'y@example.org')).json()).toMatchObject({ code: 'E_ALREADY_EXISTS', status: 409 });
    expect((await logIn('fresh@example.org')).json().detail).toBe(
      (await logIn('ann@example.org', 'wrong')).json().detail,
    );
    expect((await logIn('ann@example.org')).statusCode).toBe(201);
  });

  test('fifty times at the same moment for one handle makes one account', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => signUp('rush', `rush${index}@example.org`)),
    );
    expect(answers.filter((answer) => answer.statusCode === 201)).toHaveLength(1);
    const accounts = await platform.db.selectFrom('accounts').select('id').where('name', '=', 'rush').execute();
    expect(accounts).toHaveLength(1);
  });

  test('can have the mail sent again, and answers the same for an address without an account', async () => {
    const mails = async (address: string) => (await platform.mailsTo(address)).length;
    const before = await mails('fresh@example.org');
    const known = await post('/v1/accounts/verification-mails', { email: 'fresh@example.org' });
    const unknown = await post('/v1/accounts/verification-mails', { email: 'nobody@example.org' });
    expect([known.statusCode, unknown.statusCode]).toEqual([202, 202]);
    await eventually(async () => expect(await mails('fresh@example.org')).toBe(before + 1));
    expect(await mails('nobody@example.org')).toBe(0);
  });

  test('is not completed by a program that follows the link of the mail', async () => {
    await signUp('linda');
    const token = await codeMailedTo('linda@example.org');
    const page = await platform.app.inject(`/v1/accounts/verify?token=${token}`);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'sha256-/);
    expect((await logIn('linda@example.org')).statusCode).toBe(401);
  });

  test.each([
    ['a short password', { email: 'p@example.org', handle: 'pat', password: 'short' }],
    ['a handle that is none', { email: 'p@example.org', handle: 'Pat Smith', password: PASSWORD }],
    ['an address that is none', { email: 'example.org', handle: 'pat', password: PASSWORD }],
    [
      'a property that nobody knows',
      { email: 'p@example.org', handle: 'pat', password: PASSWORD, emailVerified: true },
    ],
    ['a number for a text', { email: 'p@example.org', handle: 'pat', password: 123456789012 }],
  ])('is refused with %s', async (_what, body) => {
    expect((await post('/v1/accounts', body)).json()).toMatchObject({ code: 'E_INVALID_REQUEST', status: 400 });
  });
});

describe('logging in', () => {
  test('works as much for an address without an account as for a wrong password', async () => {
    await verified('tim');
    /** Of the processor's time: what other programs do meanwhile does not count. */
    const median = async (ask: (index: number) => Promise<unknown>) => {
      const costs: number[] = [];
      for (let index = 0; index < 9; index += 1) {
        const before = process.cpuUsage();
        await ask(index);
        const { user, system } = process.cpuUsage(before);
        costs.push(user + system);
      }
      return costs.sort((first, second) => first - second)[4]!;
    };
    const known = await median(() => logIn('tim@example.org', 'a wrong one, certainly'));
    const unknown = await median((index) => logIn(`nobody${index}@example.org`, 'a wrong one, certainly'));
    // Checking a password is most of the work of either; without it an answer costs a tenth.
    expect(unknown).toBeGreaterThan(known / 3);
    expect(unknown).toBeLessThan(known * 3);
  });
});

describe('a password that would be guessed', () => {
  test('is refused at sign-up, and takes neither handle nor address', async () => {
    const weak = { email: 'wendy@example.org', handle: 'wendy', password: 'Password2026!' };
    const refused = await post('/v1/accounts', weak);
    expect(refused.json()).toMatchObject({ code: 'E_WEAK_PASSWORD', status: 422 });
    expect(refused.body).not.toContain('Password2026!');
    expect((await post('/v1/accounts', { ...weak, password: 'wendy@example.org!' })).json().code).toBe(
      'E_WEAK_PASSWORD',
    );
    expect(await platform.mailsTo('wendy@example.org')).toEqual([]);
    expect((await signUp('wendy')).statusCode).toBe(201);
  });
});

describe('a forgotten password', () => {
  const NEW_PASSWORD = 'another horse, another battery';
  const reset = (email: string) => post('/v1/accounts/password-resets', { email });
  const set = (token: string, password = NEW_PASSWORD) => post('/v1/accounts/password', { token, password });
  /** The codes of all reset mails to an address, once there are that many. */
  const codes = async (address: string, count: number): Promise<string[]> => {
    let found: string[] = [];
    await eventually(async () => {
      found = (await platform.mailsTo(address)).flatMap((mail) => /password set (\S+)/.exec(mail)?.[1] ?? []);
      expect(found).toHaveLength(count);
    });
    return found;
  };

  test('is set anew by the code of a mail, once; sessions end, and the owner hears of it', async () => {
    const session = await verified('rita');
    const { token: script } = (await as(session, 'POST', '/v1/tokens', { name: 'cron', scopes: ['read'] })).json();
    expect((await reset('RITA@example.org')).json()).toEqual({ email: 'rita@example.org' });
    const [code = ''] = await codes('rita@example.org', 1);
    expect((await set(`${code.slice(0, -1)}_`)).json()).toMatchObject({ code: 'E_WRONG_CREDENTIALS', status: 401 });
    expect((await set(code, 'short')).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
    expect((await set(code, 'rita@example.org, me')).json()).toMatchObject({ code: 'E_WEAK_PASSWORD' });
    const stored = JSON.stringify(await platform.db.selectFrom('verifications').selectAll().execute());
    expect(stored).not.toContain(code);

    const answers = await Promise.all(Array.from({ length: 5 }, () => set(code)));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 401, 401, 401, 401]);
    expect((await as(session, 'GET', '/v1/account')).json()).toMatchObject({ code: 'E_SIGNED_OUT' });
    expect((await as(script, 'GET', '/v1/account')).statusCode).toBe(200);
    expect((await logIn('rita@example.org')).statusCode).toBe(401);
    expect((await logIn('rita@example.org', NEW_PASSWORD)).statusCode).toBe(201);
    await eventually(async () =>
      expect((await platform.mailsTo('rita@example.org')).at(-1)).toContain('password was changed'),
    );
  });

  test('makes the codes of other mails worthless', async () => {
    await verified('ruth');
    await reset('ruth@example.org');
    await reset('ruth@example.org');
    const [first = '', second = ''] = await codes('ruth@example.org', 2);
    expect((await set(first)).statusCode).toBe(204);
    expect((await set(second, 'a third password that works')).json()).toMatchObject({ code: 'E_WRONG_CREDENTIALS' });
    expect((await logIn('ruth@example.org', NEW_PASSWORD)).statusCode).toBe(201);
  });

  test('cannot be set by a code that ran out', async () => {
    await verified('ross');
    await reset('ross@example.org');
    const [code = ''] = await codes('ross@example.org', 1);
    await platform.db
      .updateTable('verifications')
      .set({ expiresAt: new Date(Date.now() - 1000) })
      .execute();
    expect((await set(code)).json()).toMatchObject({ code: 'E_WRONG_CREDENTIALS' });
    expect((await logIn('ross@example.org')).statusCode).toBe(201);
  });

  test('does not tell whether the address has an account: the answer does not wait for the mail', async () => {
    await signUp('rosa');
    const before = (await platform.mailsTo('rosa@example.org')).length;
    const gate = Promise.withResolvers<undefined>();
    mailGate = gate.promise;
    const ask = async (url: string, email: string) => {
      const { statusCode, body } = await post(url, { email });
      return [statusCode, body.replaceAll(email, 'ADDRESS')];
    };
    for (const url of ['/v1/accounts/password-resets', '/v1/accounts/verification-mails']) {
      const known = await ask(url, 'rosa@example.org');
      expect(known[0]).toBe(202);
      expect(known).toEqual(await ask(url, 'nobody@example.org'));
    }
    // Mails go out only now: had an answer waited for one, it would not be here.
    gate.resolve(undefined);
    await eventually(async () => expect(await platform.mailsTo('rosa@example.org')).toHaveLength(before + 2));
  });

  test('fills nobody’s mailbox', async () => {
    const statuses = new Set<number>();
    for (let count = 0; count < 102; count += 1) statuses.add((await reset('victim@example.org')).statusCode);
    expect([...statuses]).toEqual([202, 429]);
    expect((await reset('other@example.org')).statusCode).toBe(202);
  });
});

describe('sessions', () => {
  test('end with the log-out', async () => {
    const token = await verified('sue');
    expect((await as(token, 'DELETE', '/v1/sessions/current')).statusCode).toBe(204);
    expect((await as(token, 'GET', '/v1/account')).json()).toMatchObject({ code: 'E_SIGNED_OUT', status: 401 });
  });

  test('are listed with the program that logged in, and end all at once; those of others do not', async () => {
    const here = await verified('seth');
    const other = await verified('sara');
    const login = { email: 'seth@example.org', password: PASSWORD };
    const there = (await post('/v1/sessions', login, { 'user-agent': 'strongroom (linux; x64)' })).json().token;
    await platform.db
      .updateTable('sessions')
      .set({ expiresAt: new Date(Date.now() - 1000) })
      .where('token', '=', (await logIn('seth@example.org')).json().token.replace(/^strongroom_session_|\..*$/g, ''))
      .execute();
    const listed = await as(here, 'GET', '/v1/account/sessions');
    expect(listed.json().items).toEqual([
      expect.objectContaining({ userAgent: 'strongroom (linux; x64)', current: false }),
      expect.objectContaining({ current: true, createdAt: expect.any(String) }),
    ]);
    for (const token of [here, there]) expect(listed.body).not.toContain(token.split('.')[0]?.slice(19));
    expect((await as(there, 'DELETE', '/v1/account/sessions')).json()).toEqual({ sessionsEnded: 3 });
    for (const token of [here, there]) expect((await as(token, 'GET', '/v1/account')).statusCode).toBe(401);
    expect((await as(other, 'GET', '/v1/account')).statusCode).toBe(200);
  });

  test('cannot be made out of what is in the database', async () => {
    const token = await verified('sid');
    const { token: stored } = await platform.db
      .selectFrom('sessions')
      .innerJoin('accounts', 'accounts.id', 'sessions.userId')
      .select('sessions.token')
      .where('handle', '=', 'sid' as never)
      .executeTakeFirstOrThrow();
    expect(token).toContain(stored);
    const forged = [
      stored,
      `strongroom_session_${stored}`,
      `strongroom_session_${stored}.`,
      `${token.slice(0, -4)}AAAA`,
      `${token}.x`,
    ];
    for (const attempt of forged) expect((await as(attempt, 'GET', '/v1/account')).statusCode).toBe(401);
    expect((await as(token, 'GET', '/v1/account')).statusCode).toBe(200);
  });

  test('that ran out are over', async () => {
    const token = await verified('ike');
    await platform.db
      .updateTable('sessions')
      .set({ expiresAt: new Date(Date.now() - 1000) })
      .execute();
    expect((await as(token, 'GET', '/v1/account')).statusCode).toBe(401);
  });

  test('are asked for by a header only: no token, another scheme or a token in the address are refused alike', async () => {
    const token = await verified('hal');
    const bodies = await Promise.all(
      [
        {},
        { authorization: `Basic ${token}` },
        { authorization: 'Bearer' },
        { authorization: `Bearer ${'x'.repeat(600)}` },
      ].map(
        async (headers) =>
          (await platform.app.inject({ url: `/v1/account?token=${token}`, headers })).json<{ code: string }>().code,
      ),
    );
    expect(new Set(bodies)).toEqual(new Set(['E_SIGNED_OUT']));
  });
});

describe('personal access tokens', () => {
  test('are shown once, kept as a hash, listed by their beginning, and stop with their deletion', async () => {
    const session = await verified('pam');
    const made = await as(session, 'POST', '/v1/tokens', { name: 'laptop', scopes: ['read'], expiresInDays: 7 });
    expect(made.statusCode).toBe(201);
    const { token, id } = made.json();
    expect(token).toMatch(ACCESS_TOKEN_PATTERN);
    expect((await as(token, 'GET', '/v1/account')).json()).toMatchObject({ handle: 'pam' });
    const rows = await platform.db.selectFrom('accessTokens').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token.slice('sr_pat_'.length + 4));
    const { items } = (await as(session, 'GET', '/v1/tokens')).json();
    expect(items).toMatchObject([
      { id, name: 'laptop', scopes: ['read'], start: token.slice(0, 11), lastUsedAt: expect.any(String) },
    ]);
    expect((await as(await verified('peg'), 'DELETE', `/v1/tokens/${id}`)).json()).toMatchObject({
      code: 'E_NOT_FOUND',
    });
    expect((await as(session, 'DELETE', `/v1/tokens/${id}`)).statusCode).toBe(204);
    expect((await as(token, 'GET', '/v1/account')).json()).toMatchObject({ code: 'E_SIGNED_OUT' });
  });

  test('stop when they run out, and do not log out', async () => {
    const session = await verified('pip');
    const { token } = (await as(session, 'POST', '/v1/tokens', { name: 'script', scopes: ['read'] })).json();
    expect((await as(token, 'DELETE', '/v1/sessions/current')).json()).toMatchObject({ code: 'E_TOKEN_SCOPE' });
    await platform.db
      .updateTable('accessTokens')
      .set({ expiresAt: new Date(Date.now() - 1000) })
      .execute();
    expect((await as(token, 'GET', '/v1/account')).statusCode).toBe(401);
  });
});

describe('the audit log', () => {
  const actionsOf = async (handle: string) =>
    (await listAuditEntries(platform.db, { account: parseHandle(handle) }, 0, 1000)).map(({ action }) => action);

  test('tells of log-in, access tokens, log-out and a new password, with no token, password or address in it', async () => {
    const session = await verified('audrey');
    const made = (await as(session, 'POST', '/v1/tokens', { name: 'cron', scopes: ['read', 'run'] })).json();
    await as(session, 'DELETE', `/v1/tokens/${made.id}`);
    await as(session, 'DELETE', '/v1/sessions/current');
    const again = (await logIn('audrey@example.org')).json().token;
    await as(again, 'DELETE', '/v1/account/sessions');
    await post('/v1/accounts/password-resets', { email: 'audrey@example.org' });
    let code = '';
    await eventually(async () => {
      code = /password set (\S+)/.exec((await platform.mailsTo('audrey@example.org')).at(-1) ?? '')?.[1] ?? '';
      expect(code).not.toBe('');
    });
    await post('/v1/accounts/password', { token: code, password: 'a new one, and long enough' });

    expect(await actionsOf('audrey')).toEqual([
      'session.begun',
      'access-token.created',
      'access-token.revoked',
      'session.ended',
      'session.begun',
      'account.logged-out',
      'account.password-set',
    ]);
    const log = JSON.stringify(await listAuditEntries(platform.db, { account: parseHandle('audrey') }, 0, 1000));
    for (const secret of [made.token, session, code, PASSWORD, 'audrey@example.org']) expect(log).not.toContain(secret);
    expect(log).toContain(`"subject":"access-token/${made.id}"`);
  });

  test('that cannot be written has nobody logged in, and no token made or revoked', async () => {
    const session = await verified('aulus');
    const { id } = (await as(session, 'POST', '/v1/tokens', { name: 'old', scopes: ['read'] })).json();
    const rows = async () => [
      await platform.db.selectFrom('sessions').select('id').orderBy('id').execute(),
      await platform.db.selectFrom('accessTokens').select('id').orderBy('id').execute(),
    ];
    const before = await rows();
    await sql`ALTER TABLE audit_entries RENAME TO audit_entries_away`.execute(platform.db);
    try {
      for (const answer of [
        await logIn('aulus@example.org'),
        await as(session, 'POST', '/v1/tokens', { name: 'new', scopes: ['read'] }),
        await as(session, 'DELETE', `/v1/tokens/${id}`),
        await as(session, 'DELETE', '/v1/account/sessions'),
        await as(session, 'DELETE', '/v1/sessions/current'),
      ]) {
        expect(answer.json()).toMatchObject({ code: 'E_UNAVAILABLE', status: 503 });
      }
    } finally {
      await sql`ALTER TABLE audit_entries_away RENAME TO audit_entries`.execute(platform.db);
    }
    expect(await rows()).toEqual(before);
  });
});
