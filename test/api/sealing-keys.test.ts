/** A sealing key moves on by its owner's word, one by one, and that is written down. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listAuditEntries } from '../../storage/audit-entries.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let alice: Person;
beforeAll(async () => {
  platform = await startPlatform();
  alice = await person(platform, 'alice');
});
afterAll(() => platform.stop());

test('a sealing key moves on one by one, once for each number though asked twice at once, and the audit log tells', async () => {
  const move = (generation: number) => alice.ask('POST', '/v1/account/sealing-key/rotation', { generation });
  expect((await move(3)).json()).toMatchObject({ code: 'E_CONFLICT' });
  const moved = await Promise.all([move(2), move(2), move(2)]);
  expect(moved.map(({ statusCode }) => statusCode)).toEqual([204, 204, 204]);
  expect((await move(3)).statusCode).toBe(204);
  expect((await move(2)).json()).toMatchObject({ code: 'E_CONFLICT' });
  expect(await listAuditEntries(platform.db, { subject: 'sealing-key/alice' }, 0, 10)).toMatchObject([
    { action: 'sealing-key.rotated', account: 'alice', before: { generation: 1 }, after: { generation: 2 } },
    { action: 'sealing-key.rotated', account: 'alice', before: { generation: 2 }, after: { generation: 3 } },
  ]);
});
