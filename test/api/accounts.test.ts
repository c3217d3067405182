import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.stop());

test('smoke', async () => {
  const { app } = platform;
  const r = await app.inject({
    method: 'POST',
    url: '/v1/accounts',
    payload: { email: 'Ann@example.org', handle: 'ann', password: 'correct horse battery' },
  });
  console.log(r.statusCode, r.body, r.headers);
  console.log(await platform.mailsTo('ann@example.org'));
  expect(r.statusCode).toBe(201);
});
