/** What nothing rests on any more goes after a day, with its file; and never what somebody brought or wants again meanwhile. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Sha256 } from '../../domain/ids.ts';
import { openBlobFolder } from '../../storage/blob-folder.ts';
import { recordBlob, removeForgotten, removeUnusedBlobs } from '../../storage/blob-removal.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { forgetBlobsUnusedFor, requireBlob } from '../../storage/blobs.ts';
import { approved, createBenchmark, digestOf, newContainer } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

const DAY = 24;
const SIZE = 100;

let platform: TestPlatform;
let store: BlobStore;
let alice: Person;

beforeAll(async () => {
  platform = await startPlatform();
  store = openBlobFolder(join(platform.folder, 'blobs'));
  alice = await person(platform, 'alice');
});
afterAll(() => platform.stop());

async function adopt(content: Buffer = randomBytes(SIZE)): Promise<Sha256> {
  const path = join(platform.folder, 'arrived');
  await writeFile(path, content);
  return store.adopt(path, { sha256: null, size: content.length });
}

async function bring(content?: Buffer): Promise<Sha256> {
  const sha256 = await adopt(content);
  await recordBlob(platform.db, store, { sha256, size: SIZE }, alice.account.id);
  return sha256;
}

const hoursPass = (hours: number) =>
  sql`UPDATE blobs SET wanted_at = wanted_at - make_interval(hours => ${hours})`.execute(platform.db);
const isKnown = async (sha256: Sha256) =>
  (await platform.db.selectFrom('blobs').select('sha256').where('sha256', '=', sha256).execute()).length === 1;
const removeUnused = () => removeUnusedBlobs(platform.db, store, DAY);

test('an upload that was never registered stays a day, then it goes with its file', async () => {
  const sha256 = await bring();
  await hoursPass(23);
  expect(await removeUnused()).toBe(0);
  await hoursPass(2);
  expect(await removeUnused()).toBe(1);
  expect([await isKnown(sha256), await store.size(sha256)]).toEqual([false, null]);
});

test('an archive stays as long as its container has it, and a day after a rotation replaced it', async () => {
  await createBenchmark(platform, 'digits', [await person(platform, 'ann'), await person(platform, 'ben')]);
  await approved(platform, alice, 'container', 'model', 'digits');
  await certificateFor(platform, alice);
  const { archive } = newContainer('model');
  const blob = { sha256: archive.sha256, size: archive.size, uploadedBy: alice.account.id };
  await platform.db
    .insertInto('blobs')
    .values(blob)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await hoursPass(1000);
  expect(await removeUnused()).toBe(0);

  const next = { ...archive, sha256: digestOf('next') };
  const body = { from: archive.sha256, archive: next, grants: [], ended: [] };
  expect((await alice.ask('POST', '/v1/containers/alice/model/rotation', body)).statusCode).toBe(200);
  expect(await removeUnused()).toBe(0);
  await hoursPass(25);
  expect(await removeUnused()).toBe(1);
  expect(await isKnown(archive.sha256)).toBe(false);
});

test('what is registered in the moment in which it would have gone stays', async () => {
  const sha256 = await bring();
  await hoursPass(25);
  let removing: Promise<number> = Promise.resolve(0);
  await platform.db.transaction().execute(async (trx) => {
    await requireBlob(trx, { sha256, size: SIZE }, 'archive');
    removing = removeUnused();
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  expect(await removing).toBe(0);
  expect(await isKnown(sha256)).toBe(true);
});

test('what is brought once more counts from then, and keeps its file though the earlier copy was to be removed', async () => {
  const content = randomBytes(SIZE);
  const sha256 = await bring(content);
  await hoursPass(25);
  await bring(content);
  await removeUnused();
  expect([await isKnown(sha256), await store.size(sha256)]).toEqual([true, SIZE]);

  await hoursPass(25);
  expect(await forgetBlobsUnusedFor(platform.db, DAY, 10)).toContain(sha256);
  await bring(content);
  await removeForgotten(platform.db, store, [sha256]);
  expect([await isKnown(sha256), await store.size(sha256)]).toEqual([true, SIZE]);
});

test('what comes in the moment in which its earlier copy is removed is to be sent again, and is not believed to be there', async () => {
  const sha256 = await adopt();
  await removeForgotten(platform.db, store, [sha256]);
  const recorded = recordBlob(platform.db, store, { sha256, size: SIZE }, alice.account.id);
  await expect(recorded).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
  expect(await isKnown(sha256)).toBe(false);
});
