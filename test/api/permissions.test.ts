/**
 * Every operation of the OpenAPI document, tried by every kind of caller. What one may not see is 404, what one sees and
 * may not do is 403, and nothing changes.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { PERMISSIONS, SCOPES, type Operation, type Permission, type Standing } from '../../domain/permissions.ts';
import { findStandings } from '../../storage/standings.ts';
import { insertWebhook } from '../../storage/webhooks.ts';
import { approved, createBenchmark, digestOf, IMAGE_DIGEST } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import { sampleOf, type JsonSchema, type Sampler } from './support/samples.ts';

interface Route {
  readonly operationId: Operation;
  readonly parameters?: readonly {
    name: string;
    in: 'path' | 'query' | 'header';
    required?: boolean;
    schema: JsonSchema;
  }[];
  readonly requestBody?: { content: Readonly<Record<string, { schema: JsonSchema }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Route>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

const document = JSON.parse(await readFile(new URL('../../api/openapi.json', import.meta.url), 'utf8')) as Document;
const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, route]) => ({ path, method: method.toUpperCase() as 'GET', ...route })),
);
const guarded = routes.filter(({ operationId }) => rowOf(operationId).callers !== 'anyone');

function rowOf(operation: Operation): Exclude<Permission, { callers: 'anyone' }> | Permission {
  return PERMISSIONS[operation];
}

let platform: TestPlatform;
let sampler: Sampler;
let people: Readonly<Record<'own' | 'committee' | 'containerOwner' | 'dataOwner' | 'other' | 'operator', Person>>;

beforeAll(async () => {
  platform = await startPlatform({ settings: { operators: ['opal'] } });
  const one = (name: string) => person(platform, name);
  people = {
    own: await one('alice'),
    committee: await one('ann'),
    containerOwner: await one('carl'),
    dataOwner: await one('dora'),
    other: await one('mallory'),
    operator: await one('opal'),
  };
  // Dora's dataset and alice's, so that each subject is alice's and dora is in the same benchmark.
  await createBenchmark(platform, 'digits', [people.committee, await one('ben')]);
  await sql`UPDATE benchmarks SET owner_id = ${people.own.account.id}`.execute(platform.db);
  const certificate = await certificateFor(platform, people.own);
  await approved(platform, people.dataOwner, 'dataset', 'pictures', 'digits');
  await approved(platform, people.containerOwner, 'container', 'other-model', 'digits');
  await approved(platform, people.own, 'dataset', 'scans', 'digits');
  const association = await approved(platform, people.own, 'container', 'model', 'digits');
  const { id: token } = (
    await people.own.ask('POST', '/v1/tokens', { name: 'a token of alice', scopes: ['read'] })
  ).json();
  const job = '0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b';
  await sql`INSERT INTO jobs (id, account_id, function_id, function_name, checksum, nonce, answer_key, permit, items)
    VALUES (${job}, ${people.own.account.id}, 'x', 'alice/f@1', ${digestOf('f')}, ${'A'.repeat(43)}, ${'A'.repeat(43)}, 'x', 1)`.execute(
    platform.db,
  );
  const webhook = randomUUID();
  await insertWebhook(platform.db, people.own.account, {
    id: webhook,
    url: 'https://hooks.example.org/',
    events: [],
    sealedSecret: Buffer.from('sealed'),
  });
  sampler = {
    schemas: document.components.schemas,
    known: {
      name: 'model',
      id: association,
      AssociationId: association,
      'access token': token,
      job,
      JobId: job,
      webhook,
      delivery: '5f0c1f62-7a0e-4d7e-9f5e-1c2d3e4f5a6b',
      Handle: 'alice',
      ContainerName: 'model',
      DatasetName: 'scans',
      BenchmarkName: 'digits',
      Fingerprint: certificate.fingerprint,
      Sha256: digestOf('some blob'),
      ImageDigest: IMAGE_DIGEST,
      EmailAddress: 'dora@example.org',
      email: 'dora@example.org',
      url: 'https://files.example.org/model.tar.gpg',
      userCode: 'BCDF-GHJK',
      nonce: 'A'.repeat(43),
      answerKey: 'A'.repeat(43),
      since: '0',
      cursor: '0',
      'if-match': '*',
    },
  };
});
afterAll(() => platform.stop());

/** What `name` is in the path; the container's, where nothing else is said. */
const NAMES: Readonly<Record<string, string>> = { dataset: 'scans', benchmark: 'digits' };

/** A well-formed request for an operation, about alice's things. */
function requestFor({ path, method, operationId, parameters = [], requestBody }: (typeof routes)[number]) {
  const row = rowOf(operationId);
  const subject = row.callers === 'by standing' ? row.subject : '';
  const known = { ...sampler.known, name: NAMES[subject] ?? 'model', id: sampler.known[subject] ?? sampler.known.id };
  const value = ({ name, schema }: { name: string; schema: JsonSchema }) =>
    encodeURIComponent(String(sampleOf({ ...sampler, known }, schema, name)));
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.required === true);
  const url = path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const parameter = parameters.find((candidate) => candidate.name === name);
    return value(parameter ?? { name, schema: {} });
  });
  const [content] = Object.values(requestBody?.content ?? {});
  return {
    method,
    url: query.length === 0 ? url : `${url}?${query.map((each) => `${each.name}=${value(each)}`).join('&')}`,
    headers: Object.fromEntries(
      parameters
        .filter((parameter) => parameter.in === 'header' && parameter.required === true)
        .map(({ name, schema }) => [name, String(sampleOf({ ...sampler, known }, schema, name))]),
    ),
    ...(content && { payload: sampleOf(sampler, content.schema, '') as object }),
  };
}

const tryAs = (token: string | null, route: (typeof routes)[number]) => platform.app.inject(requestBy(token, route));

function requestBy(token: string | null, route: (typeof routes)[number]) {
  const { headers, ...request } = requestFor(route);
  return { ...request, headers: { ...headers, ...(token !== null && { authorization: `Bearer ${token}` }) } };
}

/** All that the database holds, but for when tokens were used, and processes gave a sign of life. */
async function contents(): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' ORDER BY 1`.execute(platform.db);
  const digest = createHash('sha256');
  for (const { name } of tables) {
    const { rows } = await sql<{
      row: object;
    }>`SELECT to_jsonb(t) - 'last_request' - 'seen_at' AS row FROM ${sql.table(name)} t
      ORDER BY 1`.execute(platform.db);
    digest.update(JSON.stringify(rows));
  }
  return digest.digest('hex');
}

async function expectUnchanged(work: () => Promise<void>): Promise<void> {
  const before = await contents();
  await work();
  expect(await contents()).toBe(before);
}

describe('every operation that wants an account', () => {
  test('refuses callers without a token that holds, all alike (D2, D3)', async () => {
    const tokens = await deadTokens();
    await expectUnchanged(async () => {
      for (const route of guarded) {
        const first = await tryAs(null, route);
        expect([route.operationId, first.statusCode]).toEqual([route.operationId, 401]);
        const bodies = new Set<string>();
        for (const [kind, token] of Object.entries(tokens)) {
          const answer = await tryAs(token, route);
          expect([route.operationId, kind, answer.statusCode]).toEqual([route.operationId, kind, 401]);
          bodies.add(JSON.stringify({ ...answer.json<object>(), requestId: '' }));
        }
        expect(bodies.size).toBe(1);
      }
    });
  });

  test('refuses a token that has all scopes but the one it needs, whatever it is about (D2, D4)', async () => {
    const all = Object.keys(SCOPES);
    const tokens = new Map<string, string>();
    for (const scope of [...all, 'session']) {
      const scopes = all.filter((other) => other !== scope);
      const made = await people.own.ask('POST', '/v1/tokens', { name: `all but ${scope}`, scopes });
      tokens.set(scope, made.json().token);
    }
    await expectUnchanged(async () => {
      for (const route of guarded) {
        const row = rowOf(route.operationId);
        const need = row.callers === 'anyone' ? '' : row.need;
        const answer = await tryAs(tokens.get(need) ?? '', route);
        const { code } = answer.json<{ code: string }>();
        expect([route.operationId, answer.statusCode, code]).toEqual([route.operationId, 403, 'E_TOKEN_SCOPE']);
      }
    });
  });
});

describe('every operation on something that is somebody’s', () => {
  const bySubject = routes.flatMap((route) => {
    const row = rowOf(route.operationId);
    return row.callers === 'by standing' ? [{ route, row }] : [];
  });
  const kinds: readonly (Standing | 'operator')[] = [
    'own',
    'committee',
    'containerOwner',
    'dataOwner',
    'other',
    'operator',
  ];

  test('finds each caller to be what it is', async () => {
    for (const kind of kinds) {
      const found = await findStandings(platform.db, people[kind].account.id, 'association', {
        id: String(sampler.known.AssociationId),
      });
      expect(found).toContain(kind === 'operator' ? 'other' : kind);
    }
  });

  test('refuses those who see it with 403, shows it to no others, and changes nothing (D2)', async () => {
    await expectUnchanged(async () => {
      for (const { route, row } of bySubject) {
        for (const kind of kinds) {
          const standings = await standingsOf(route, row.subject, people[kind]);
          if (standings.some((standing) => row.may.includes(standing))) continue;
          const sees = standings.some((standing) => row.sees.includes(standing));
          const answer = await tryAs(people[kind].token, route);
          expect([route.operationId, kind, answer.statusCode]).toEqual([route.operationId, kind, sees ? 403 : 404]);
        }
      }
    });
  });

  test('answers the same for what is hidden and for what is not there', async () => {
    for (const { route, row } of bySubject) {
      const standings = await standingsOf(route, row.subject, people.other);
      if (standings.some((standing) => [...row.may, ...row.sees].includes(standing))) continue;
      const hidden = await tryAs(people.other.token, route);
      const { url } = requestFor(route);
      const nothing = url
        .replace(/\/[0-9a-f-]{36}/, '/00000000-0000-0000-0000-000000000000')
        .replace(/\/[0-9A-F]{40}/, `/${'0'.repeat(40)}`)
        .replace('/model', '/nothing')
        .replace('/scans', '/nothing')
        .replace(`/${String(sampler.known['access token'])}`, '/nothing');
      const absent = await platform.app.inject({
        ...requestBy(people.other.token, route),
        url: nothing,
      });
      const named = (text: string) =>
        text
          .replace(/[0-9A-F]{40}|[0-9a-f-]{36}|model|scans|nothing/g, 'NAME')
          .replaceAll(sampler.known['access token'] as string, 'NAME');
      expect(url).not.toBe(nothing);
      expect([route.operationId, named(absent.body)]).toEqual([route.operationId, named(hidden.body)]);
    }
  });

  test('lets those do it who may', async () => {
    // What ends a thing comes last.
    const order = (operation: string) => (/^(?:delete|revoke|close|withdraw|leave|remove)/.test(operation) ? 1 : 0);
    const sorted = [...bySubject].sort(
      (first, second) => order(first.route.operationId) - order(second.route.operationId),
    );
    for (const { route, row } of sorted) {
      for (const kind of kinds) {
        const standings = await standingsOf(route, row.subject, people[kind]);
        if (!standings.some((standing) => row.may.includes(standing))) continue;
        const { body } = await tryAs(people[kind].token, route);
        const { code } = JSON.parse(body === '' ? '{}' : body) as { code?: string };
        expect([route.operationId, kind, code]).not.toEqual([route.operationId, kind, 'E_NOT_ALLOWED']);
        expect([route.operationId, kind, code]).not.toEqual([route.operationId, kind, 'E_NOT_A_MEMBER']);
      }
    }
  });
});

describe('every body', () => {
  const withBody = routes.filter(({ requestBody }) => requestBody !== undefined);

  test('that says more than it may is refused, and nothing is taken from it (D6)', async () => {
    await expectUnchanged(async () => {
      for (const route of withBody) {
        for (const extra of ['role', 'approved', 'ownerId', 'operator', 'state', 'emailVerified']) {
          const request = requestBy(people.own.token, route);
          const answer = await platform.app.inject({
            ...request,
            payload: { ...request.payload, [extra]: true },
          });
          expect([route.operationId, extra, answer.statusCode]).toEqual([route.operationId, extra, 400]);
        }
      }
    });
  });

  test('with a word that is none of those known is refused (D6)', async () => {
    let tried = 0;
    await expectUnchanged(async () => {
      for (const route of withBody) {
        const [content] = Object.values(route.requestBody?.content ?? {});
        for (const [name, schema] of Object.entries(content?.schema.properties ?? {})) {
          if (!schema.enum && !schema.items?.enum) continue;
          tried += 1;
          const request = requestBy(people.own.token, route);
          const answer = await platform.app.inject({
            ...request,
            payload: { ...request.payload, [name]: schema.enum ? 'emperor' : ['emperor'] },
          });
          expect([route.operationId, name, answer.statusCode]).toEqual([route.operationId, name, 400]);
        }
      }
    });
    expect(tried).toBeGreaterThan(0);
  });
});

test('a scope that nobody knows any more allows nothing', async () => {
  const { id, token } = (await people.other.ask('POST', '/v1/tokens', { name: 'old', scopes: ['read'] })).json();
  await platform.db
    .updateTable('accessTokens')
    .set({ permissions: JSON.stringify({ scopes: ['everything', 'constructor', 7] }) })
    .where('id', '=', id)
    .execute();
  const answer = await platform.app.inject({ url: '/v1/account', headers: { authorization: `Bearer ${token}` } });
  expect(answer.json()).toMatchObject({ status: 403, code: 'E_TOKEN_SCOPE' });
});

/** What a caller is to the subject of a request, asked of the database as the request would have it. */
async function standingsOf(route: (typeof routes)[number], subject: Parameters<typeof findStandings>[2], who: Person) {
  const { url } = requestFor(route);
  const [path = '', query = ''] = url.split('?');
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const pattern = new RegExp(`^${route.path.replace(/\{\w+\}/g, '([^/]+)')}$`);
  const values = pattern.exec(path)?.slice(1) ?? [];
  const key = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index] ?? '')]));
  return findStandings(platform.db, who.account.id, subject, {
    ...Object.fromEntries(new URLSearchParams(query)),
    ...key,
  });
}

/** Tokens that do not hold, each in another way. */
async function deadTokens(): Promise<Record<string, string>> {
  const make = async (name: string) =>
    (await people.own.ask('POST', '/v1/tokens', { name, scopes: Object.keys(SCOPES) })).json();
  const expired = await make('expired');
  await platform.db
    .updateTable('accessTokens')
    .set({ expiresAt: new Date(Date.now() - 1000) })
    .where('id', '=', expired.id)
    .execute();
  const revoked = await make('revoked');
  await people.own.ask('DELETE', `/v1/tokens/${revoked.id}`);
  const live = await make('live');
  const loggedOut = await person(platform, 'lola');
  await loggedOut.ask('DELETE', '/v1/sessions/current');
  const overdue = await person(platform, 'otto');
  await platform.db
    .updateTable('sessions')
    .set({ expiresAt: new Date(Date.now() - 1000) })
    .where('userId', '=', overdue.account.id)
    .execute();
  return {
    'expired token': expired.token,
    'revoked token': revoked.token,
    'token with a wrong checksum': `${live.token.slice(0, -1)}${live.token.endsWith('0') ? '1' : '0'}`,
    'hash of a token': createHash('sha256').update(live.token).digest('base64url'),
    'session that was logged out': loggedOut.token,
    'session that ran out': overdue.token,
    ...jsonWebTokens(people.own.account.id),
  };
}

/** We take no JSON Web Tokens; whatever one says, it is nobody's. */
function jsonWebTokens(sub: string): Record<string, string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub, iss: 'http://127.0.0.1:8080', aud: 'strongroom', exp: 4_000_000_000 };
  const signed = (header: object, key: string) => {
    const text = `${part(header)}.${part(claims)}`;
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  return {
    'JWT with alg none': `${part({ alg: 'none' })}.${part(claims)}.`,
    'JWT signed with nothing': signed({ alg: 'HS256' }, ''),
    'JWT whose key id is a path': signed({ alg: 'HS256', kid: '../../../dev/null' }, ''),
    'JWT that brings its own keys': signed({ alg: 'HS256', jku: 'https://evil.example/keys' }, 'evil'),
  };
}
