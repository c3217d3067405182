/** The typed client, against the real API and against someone who only pretends to be it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { createPlatformClient, type PlatformClient } from '../../client/platform.ts';
import { parseBenchmarkName, parseContainerName, parseHandle } from '../../domain/ids.ts';
import { newContainer } from './support/benchmark.ts';
import { person } from './support/people.ts';
import { freePort } from '../../stack/free-port.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

const ref = { owner: parseHandle('alice'), name: parseContainerName('model') };

let platform: TestPlatform;
let client: PlatformClient;
let token: string;

beforeAll(async () => {
  platform = await startPlatform();
  const baseUrl = await platform.app.listen({ port: 0, host: '127.0.0.1' });
  ({ token } = await person(platform, 'alice'));
  client = createPlatformClient({ baseUrl, token });
});
afterAll(() => platform.stop());

describe('the client', () => {
  test('answers with the data of what it asks', async () => {
    expect(await client.readAccount()).toMatchObject({ handle: 'alice', email: 'alice@example.org' });
    const registered = await client.registerContainer({ body: newContainer('model') as never });
    expect(await client.readContainer({ path: ref })).toEqual(registered);
    expect(await client.listAssociations({ query: { mine: true } })).toEqual({ items: [], next: null });
  });

  test('throws the problem of the platform as an error of ours, with its reason and advice', async () => {
    const benchmark = parseBenchmarkName('digits');
    await expect(client.fetchGrant({ path: ref, query: { benchmark } })).rejects.toMatchObject({
      name: 'StrongroomError',
      code: 'E_NOT_FOUND',
      message: 'There is no container alice/model in digits for you.',
      why: 'It is not there, not approved, or none of your datasets is approved there.',
      next: 'Check both names, and that your dataset is approved: strongroom review list',
    });
  });

  test('has nothing to say where the platform has nothing to say', async () => {
    const { id } = await client.createToken({ body: { name: 'laptop', scopes: ['read'] } });
    await expect(client.deleteToken({ path: { id } })).resolves.toBeUndefined();
  });

  test('stops when its caller says so', async () => {
    await expect(client.readAccount({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  test('gives its token only to the platform', () => {
    expect(client.headersFor(`${client.baseUrl}/v1/blobs/x`)).toEqual({ authorization: `Bearer ${token}` });
    expect(client.headersFor('https://files.example.org/model')).toEqual({});
    expect(client.headersFor(client.baseUrl.replace('127.0.0.1', '127.0.0.1.example.org'))).toEqual({});
  });
});

describe('an address where the platform is not', () => {
  const refusal = async (baseUrl: string) => {
    const secret = 'a-token-that-must-not-be-shown';
    const error: unknown = await createPlatformClient({ baseUrl, token: secret })
      .readAccount()
      .catch((failure: unknown) => failure);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret);
    return error;
  };
  let impostor: Server;
  let address: string;
  let answer: { status: number; type: string; body: string };
  beforeAll(async () => {
    impostor = createServer((_request, response) => {
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => impostor.listen(port, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${port}`;
  });
  afterAll(() => {
    impostor.close();
  });

  test('that nobody answers is named in the error, with what to do', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    expect(await refusal(nobody)).toMatchObject({
      code: 'E_UNAVAILABLE',
      message: `The platform at ${nobody} does not answer.`,
      why: expect.stringContaining('ECONNREFUSED'),
      next: 'Check the address and the network, and try again.',
    });
  });

  test.each([
    ['a page', { status: 200, type: 'text/html', body: '<html>hello</html>' }],
    ['a page that says no', { status: 404, type: 'text/html', body: '<html>gone</html>' }],
    ['JSON of another kind', { status: 500, type: 'application/json', body: '{"error":"x"}' }],
    [
      'a handle that is a path',
      { status: 200, type: 'application/json', body: '{"handle":"../../etc","email":"a@b"}' },
    ],
    ['a handle that is a number', { status: 200, type: 'application/json', body: '{"handle":7,"email":"a@b"}' }],
    ['an account without a handle', { status: 200, type: 'application/json', body: '{"email":"a@b"}' }],
  ])('that answers with %s is refused', async (_what, given) => {
    answer = given;
    expect(await refusal(address)).toMatchObject({ code: 'E_UNAVAILABLE' });
  });
});
