/** The OpenAPI document is what the API does, and the client is what the document says. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { toClientRoutes, toClientTypes } from '../../api/client-types.ts';
import { declaredRoutes } from '../../api/contract/all.ts';
import { openApiDocument } from '../../api/openapi-document.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.stop());

const committed = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the committed document is the one that the declared routes make', async () => {
  expect(await openApiDocument()).toBe(await committed('api/openapi.json'));
});

test('the committed client types and routes are those of the document', async () => {
  const document = await committed('api/openapi.json');
  expect(await toClientTypes(document)).toBe(await committed('client/openapi.d.ts'));
  expect(await toClientRoutes(document)).toBe(await committed('client/openapi.routes.ts'));
});

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { operationId: string; security: unknown[]; responses: object }>>;
}

test('the API serves the same document, and has every route of it', async () => {
  const served = (await platform.app.inject('/openapi.json')).json<Document>();
  const document = JSON.parse(await committed('api/openapi.json')) as Document;
  expect(served.openapi).toBe('3.1.0');
  expect(served.paths).toEqual(document.paths);
  for (const { method, url } of declaredRoutes) {
    expect(platform.app.hasRoute({ method: method, url })).toBe(true);
  }
});

test('every operation has a name of its own, says who may call it, and how it fails', () => {
  const operations = declaredRoutes.map((route) => route.schema as { operationId: string; security: unknown[] });
  expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
  const open = operations
    .filter((operation) => operation.security.length === 0)
    .map((operation) => operation.operationId);
  expect(open.sort()).toEqual([
    'beginDeviceLogin',
    'followVerificationLink',
    'logIn',
    'logInDevice',
    'readAuthority',
    'readLogInWays',
    'requestPasswordReset',
    'resendVerification',
    'setPassword',
    'signUp',
    'verifyEmail',
  ]);
  for (const operation of operations) expect(operation).toHaveProperty('response.default');
});

test('every operation that wants an account refuses callers without one, and tells them nothing else', async () => {
  for (const { method, url, schema } of declaredRoutes) {
    if ((schema as { security: unknown[] }).security.length === 0) continue;
    const answer = await platform.app.inject({ method: method as 'GET', url: url.replace(/:\w+/g, 'x') });
    expect([url, answer.statusCode, answer.json<{ code: string }>().code]).toEqual([url, 401, 'E_SIGNED_OUT']);
  }
});

test('the reference page and all that it loads come from the API itself', async () => {
  const { headers } = await platform.app.inject('/docs');
  const page = await platform.app.inject(headers.location === undefined ? '/docs' : '/docs/');
  expect(page.statusCode).toBe(200);
  const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) {
    expect(source).not.toMatch(/^(?:https?:)?\/\//);
    const url = new URL(source, 'http://api/docs/').pathname;
    expect((await platform.app.inject(url)).statusCode).toBe(200);
  }
});
