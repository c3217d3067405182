import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { connect, type AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { limitBodyTime } from '../../api/body-time.ts';
import { answerProblems } from '../../api/problems.ts';
import { logOptions } from '../../stack/log.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let alice: Person;
let log = '';

beforeAll(async () => {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString();
      done();
    },
  });
  platform = await startPlatform({
    settings: { signUpsPerMinute: 3, logInsPerMinute: 40 },
    logger: pino(logOptions('api', 'trace'), sink),
  });
  alice = await person(platform, 'alice');
});
afterAll(() => platform.stop());

const dataset = JSON.stringify({ name: 'wards', sha256: 'a'.repeat(64), size: 1, files: 1 });
const post = (payload: string, contentType?: string) =>
  platform.app.inject({
    method: 'POST',
    url: '/v1/datasets',
    payload,
    headers: {
      authorization: `Bearer ${alice.token}`,
      ...(contentType !== undefined && { 'content-type': contentType }),
    },
  });

/** Sends bytes as they are, and answers with what comes back. */
const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.on('close', () => resolve(answer)).on('error', reject);
  });

/** Sends headers, and then chunks for as long as anybody takes them, up to a hundred megabytes. */
const flood = (port: number, headers: string): Promise<string> =>
  new Promise((resolve) => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    let [answer, left] = ['', 1_500];
    const socket = connect(port, '127.0.0.1', () => socket.write(`${headers}\r\n\r\n`, send));
    const send = (): void => {
      if (left === 0 || answer !== '' || socket.destroyed) return void socket.end();
      left -= 1;
      socket.write(chunk, send);
    };
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.on('error', () => undefined).on('close', () => resolve(answer));
  });

describe('a failure', () => {
  test('is problem details with a request id that the header repeats', async () => {
    const answer = await platform.app.inject('/v1/account');
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json()).toEqual({
      type: expect.stringContaining('E_SIGNED_OUT'),
      title: 'Unauthorized',
      status: 401,
      detail: 'You are not logged in.',
      code: 'E_SIGNED_OUT',
      why: 'The request has no token.',
      next: 'Log in: strongroom login',
      requestId: answer.headers['x-request-id'],
      retryable: false,
    });
  });

  test('of an address that cannot be read, or has a part that is far too long, is problem details, too', async () => {
    const headers = { authorization: `Bearer ${alice.token}` };
    for (const part of ['%zz', 'x'.repeat(1000)]) {
      const answer = await platform.app.inject({ method: 'DELETE', url: `/v1/tokens/${part}`, headers });
      const { code, requestId } = answer.json<{ code: string; requestId: string }>();
      expect([part, answer.statusCode, answer.headers['content-type'], code]).toEqual([
        part,
        400,
        expect.stringMatching(/^application\/problem\+json/),
        'E_INVALID_REQUEST',
      ]);
      expect(answer.headers['x-request-id']).toBe(requestId);
    }
  });

  test('of an address where nothing is names it without its query', async () => {
    const problem = (await platform.app.inject('/v1/nothing?token=abc')).json<{ code: string; detail: string }>();
    expect(problem).toMatchObject({ code: 'E_NOT_FOUND', detail: 'There is nothing at GET /v1/nothing.' });
  });
});

describe('a body', () => {
  test.each([
    ['another type', 'text/plain', 415],
    ['a form', 'application/x-www-form-urlencoded', 415],
    ['XML', 'application/xml', 415],
    ['a type with a tab behind it', 'application/json\ta', 415],
    ['a type that only begins like JSON', 'application/jsonx', 415],
  ])('of %s is refused (D7)', async (_what, contentType, status) => {
    const answer = await post(dataset, contentType);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ code: 'E_UNSUPPORTED_MEDIA_TYPE' });
  });

  test.each([' application/json', 'APPLICATION/JSON', 'application/json; charset=utf-8'])(
    'of the type %j is checked like any other (D7)',
    async (contentType) => {
      const answer = await post(JSON.stringify({ name: 'Not A Name' }), contentType);
      expect([400, 415]).toContain(answer.statusCode);
    },
  );

  test.each([
    ['that is not JSON', '{"name":'],
    ['that is empty', ''],
    ['that is a list', '[]'],
    ['with a property too many', dataset.replace('{', '{"owner":"bob",')],
    ['that reaches for the prototype', dataset.replace('{', '{"__proto__":{"admin":true},')],
    ['with a text for a number', dataset.replace('"size":1', '"size":"1"')],
    ['nested a hundred thousand deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('%s is refused', async (_what, payload) => {
    const answer = await post(payload, 'application/json');
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
  });

  test('that is too large is refused before it is read', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(300_000) }), 'application/json');
    expect(answer.json()).toMatchObject({ code: 'E_PAYLOAD_TOO_LARGE', status: 413 });
  });
});

describe('a request', () => {
  test('with a method that an address does not have is refused with 405, and Allow says which it has', async () => {
    const answer = await alice.ask('PUT', '/v1/associations/0b2e57a8-6a0b-4d0c-9a64-0d8a3f3b1c11');
    expect(answer.json()).toMatchObject({ status: 405, code: 'E_METHOD_NOT_ALLOWED' });
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect((await alice.ask('PUT', '/v1/nothing')).statusCode).toBe(404);
    expect((await alice.ask('GET', '/v1/associations/preflight')).statusCode).toBe(405);
    // A WebSocket begins there; who asks for none is told what else the address takes.
    const sessions = await alice.ask('GET', '/v1/sessions');
    expect(sessions.json()).toMatchObject({ status: 405, code: 'E_METHOD_NOT_ALLOWED' });
    expect(sessions.headers.allow).toBe('POST');
  });

  test('with headers that are too large, or two lengths, is refused as problem details, and the connection ends', async () => {
    await platform.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = platform.app.server.address() as AddressInfo;
    const begin = 'GET /v1/account HTTP/1.1\r\nHost: x\r\n';
    const many = Array.from({ length: 10_000 }, (_, index) => `X-${index}: 1\r\n`).join('');
    const large = await raw(port, `${begin}${many}\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 /);
    expect(large).toContain('"code":"E_HEADERS_TOO_LARGE"');
    const smuggled = await raw(port, `${begin}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
    expect(smuggled).toMatch(/^HTTP\/1\.1 400 /);
    expect(smuggled).toContain('"code":"E_INVALID_REQUEST"');
  });
});

test('a WebSocket that shows no ticket is told so, and closed', async () => {
  const { port } = platform.app.server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/sessions`);
  socket.addEventListener('open', () => {
    socket.send('{}');
  });
  const said = await new Promise<string>((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => {
      resolve(String(data));
    });
    socket.addEventListener('close', () => {
      reject(new Error('It was closed without a word.'));
    });
  });
  expect(JSON.parse(said)).toMatchObject({ code: 'E_INVALID_REQUEST' });
});

describe('a body of JSON', () => {
  const BODY_MS = 300;

  test('that comes too slowly is refused with 408, and the connection ends; others are served meanwhile (D9)', async () => {
    const app = Fastify();
    limitBodyTime(app, BODY_MS);
    answerProblems(app);
    app.post('/', async ({ body }) => body);
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    try {
      const { port } = app.server.address() as AddressInfo;
      const headers = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n';
      const begun = Date.now();
      const slow = Promise.all(Array.from({ length: 50 }, () => raw(port, `${headers}{"a":`)));
      const quick = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"a":1}',
      });
      expect(await quick.json()).toEqual({ a: 1 });
      for (const answer of await slow) {
        expect(answer).toMatch(/^HTTP\/1\.1 408 /);
        expect(answer).toContain('"code":"E_REQUEST_TIMEOUT"');
        expect(answer.toLowerCase()).toContain('connection: close');
      }
      expect(Date.now() - begun).toBeGreaterThanOrEqual(BODY_MS);
    } finally {
      await app.close();
    }
  });

  test('of a hundred megabytes is refused, and takes no memory (D9)', async () => {
    const { port } = platform.app.server.address() as AddressInfo;
    const before = process.memoryUsage().rss;
    const headers = [
      'POST /v1/datasets HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${alice.token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ];
    const answers = await Promise.all(Array.from({ length: 10 }, () => flood(port, headers.join('\r\n'))));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });
});

describe('requests by the minute (D8)', () => {
  let limited: TestPlatform;
  beforeAll(async () => {
    limited = await startPlatform({
      settings: { strangersPerMinute: 5, accountPerMinute: 12, tokenPerMinute: 4, trustProxy: true },
    });
  });
  afterAll(() => limited.stop());
  const from = (address: string, token?: string) =>
    limited.app.inject({
      url: '/v1/account',
      headers: { 'x-forwarded-for': address, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    });
  const statuses = async (count: number, ask: () => Promise<{ statusCode: number }>) => {
    const found: number[] = [];
    for (let index = 0; index < count; index += 1) found.push((await ask()).statusCode);
    return found;
  };

  test('of whoever shows no token that holds are limited by address, guessed tokens among them; others are served', async () => {
    const bob = await person(limited, 'bob');
    const guess = () => from('192.0.2.1', `sr_pat_${'0'.repeat(46)}`);
    expect(await statuses(6, guess)).toEqual([401, 401, 401, 401, 401, 429]);
    const refused = await guess();
    expect(refused.json()).toMatchObject({ code: 'E_TOO_MANY_REQUESTS', retryable: true });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers).toMatchObject({ 'ratelimit-limit': '5', 'ratelimit-remaining': '0' });
    expect((await from('192.0.2.1', bob.token)).statusCode).toBe(200);
    expect((await from('192.0.2.2')).statusCode).toBe(401);
    const health = { url: '/livez', headers: { 'x-forwarded-for': '192.0.2.1' } };
    expect(await statuses(8, () => limited.app.inject(health))).toEqual(Array<number>(8).fill(200));
  });

  test('of an access token and of an account are limited wherever they come from; others are served', async () => {
    const [carl, dora] = [await person(limited, 'carl'), await person(limited, 'dora')];
    const { token } = (await carl.ask('POST', '/v1/tokens', { name: 'ci', scopes: ['read'] })).json();
    let address = 0;
    const anywhere = (shown: string) => () => from(`198.51.100.${(address += 1)}`, shown);
    expect(await statuses(5, anywhere(token))).toEqual([200, 200, 200, 200, 429]);
    // One made the token, five came by it: twelve in all.
    expect(await statuses(7, anywhere(carl.token))).toEqual([200, 200, 200, 200, 200, 200, 429]);
    const last = await from('198.51.100.99', dora.token);
    expect(last.headers).toMatchObject({ 'ratelimit-limit': '12', 'ratelimit-remaining': '11' });
  });

  test('of one kind do not count for another: mails asked for leave the log-ins', async () => {
    const ask = (url: string, payload: object) =>
      limited.app.inject({ method: 'POST', url, payload, headers: { 'x-forwarded-for': '203.0.113.9' } });
    const email = 'erin@example.org';
    expect((await ask('/v1/accounts/verification-mails', { email })).headers['ratelimit-remaining']).toBe('99');
    expect((await ask('/v1/sessions', { email, password: 'wrong' })).headers['ratelimit-remaining']).toBe('999');
  });
});

describe('tries without an account', () => {
  test('to sign up are limited for each caller, with the time to wait', async () => {
    const tries = [];
    for (let index = 0; index < 4; index += 1) {
      tries.push(await platform.app.inject({ method: 'POST', url: '/v1/accounts', payload: { email: 'x' } }));
    }
    const refused = tries.filter((answer) => answer.statusCode === 429);
    expect(refused).toHaveLength(1);
    expect(refused[0]!.json()).toMatchObject({ code: 'E_TOO_MANY_REQUESTS', retryable: true });
    expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('to log in are limited for each address that is tried', async () => {
    const logIn = (email: string) =>
      platform.app.inject({ method: 'POST', url: '/v1/sessions', payload: { email, password: 'wrong password' } });
    const statuses = [];
    for (let index = 0; index < 5; index += 1)
      statuses.push((await logIn(index % 2 ? 'ALICE@example.org' : 'alice@example.org')).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 429]);
    expect((await logIn('bob@example.org')).statusCode).toBe(401);
  });
});

describe('the log', () => {
  test('has every request with its id, and no token, password or query', async () => {
    const password = 'a password that must not be logged';
    await platform.app.inject({
      method: 'POST',
      url: '/v1/sessions',
      payload: { email: 'carl@example.org', password },
    });
    await platform.app.inject('/v1/accounts/verify?token=a-code-that-must-not-be-logged');
    const { headers } = await alice.ask('GET', '/v1/account');
    expect(log).toContain(String(headers['x-request-id']));
    expect(log).toContain('/v1/accounts/verify');
    for (const secret of [alice.token, password, 'a-code-that-must-not-be-logged']) expect(log).not.toContain(secret);
  });
});
