/** However large the archive, the memory that it takes is the same (C8). */
import { expect, test } from '@jest/globals';
import { open, rm, stat } from 'node:fs/promises';
import { measure } from '../../bench/archive/measure.ts';
import { LAUNCHER, testFolder } from './support.ts';

const MOST_MEMORY = 200_000_000;
/** `npm run bench:archive -- --mebibytes 8192` tries 8 GiB. */
const SIZE = 2 ** 30;

test('1 GiB is encrypted, verified and decrypted in less than 200 MB', async () => {
  await using folder = await testFolder();
  const [model, archive, opened] = [folder.in('model.tar'), folder.in('model.gpg'), folder.in('opened.tar')];
  await using file = await open(model, 'w');
  await file.truncate(SIZE);
  const run = (command: string, ...args: string[]) =>
    measure({
      program: process.execPath,
      args: [LAUNCHER, 'archive', command, ...args, '--key-file', folder.in('key'), '--quiet'],
    });
  const peaks = [await run('encrypt', model, '--out', archive, '--generate-key')];
  await rm(model);
  peaks.push(await run('verify', archive), await run('decrypt', archive, '--out', opened));
  for (const { peakMemory } of peaks) expect(peakMemory).toBeLessThan(MOST_MEMORY);
  expect((await stat(opened)).size).toBe(SIZE);
});
