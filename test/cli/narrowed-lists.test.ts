/** Lists as a person narrows them on the command line, to a time in the words of people. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { openPartyHome } from '../../client/party-home.ts';
import { approved, createBenchmark } from '../api/support/benchmark.ts';
import { person, type Person } from '../api/support/people.ts';
import { startPlatform, type TestPlatform } from '../api/support/platform.ts';
import { failureIn, strongroom, testFolder, type TestFolder } from './support.ts';

let platform: TestPlatform;
let home: TestFolder;

beforeAll(async () => {
  platform = await startPlatform();
  const [alice, ann] = (await Promise.all(['alice', 'ann'].map((name) => person(platform, name)))) as [Person, Person];
  await createBenchmark(platform, 'digits', [ann], { quorum: 1 });
  await createBenchmark(platform, 'faces', [alice], { quorum: 1 });
  await approved(platform, alice, 'dataset', 'old', 'digits');
  await sql`UPDATE associations SET requested_at = now() - interval '9 days'`.execute(platform.db);
  await approved(platform, alice, 'dataset', 'new', 'digits');
  home = await testFolder();
  const apiUrl = await platform.app.listen({ host: '127.0.0.1', port: 0 });
  const { handle, email } = alice.account;
  await (await openPartyHome(home.path)).saveSession({ apiUrl, handle, email, token: alice.token });
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await platform.stop();
});

const run = (line: string) => strongroom([...line.split(' '), '--json', '--home', home.path]);
const names = async (line: string) => {
  const { stdout } = await run(line);
  return (JSON.parse(stdout) as { items: { name: string }[] }).items.map(({ name }) => name);
};

test('a list has what is asked for, by days before now and by name', async () => {
  expect(await names('review list')).toEqual(['new', 'old']);
  expect(await names('review list --from 7d')).toEqual(['new']);
  expect(await names('review list --until 7d --owner alice')).toEqual(['old']);
  expect(await names(`review list --from ${new Date(Date.now() - 3_600_000).toISOString()}`)).toEqual(['new']);
  expect(await names('review list --owner ann')).toEqual([]);
  expect(await names('benchmark list --member alice')).toEqual(['faces']);
  expect(await names('dataset list --benchmark faces')).toEqual([]);
});

test('what is no time is named, with how to write one', async () => {
  const ran = await run('review list --from yesterday');
  expect([ran.code, failureIn(ran)]).toMatchObject([
    2,
    { message: '--from: "yesterday" is not a date.', next: expect.stringContaining('7d') },
  ]);
});
