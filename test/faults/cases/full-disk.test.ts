/** The platform's disk is full in the middle of a submission, its database's log included (A8, A9). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { watchApi } from '../support/api-watch.ts';
import { Harness } from '../support/harness.ts';
import { containerName } from '../support/study.ts';

const DISK = '400m';
const FULL_MS = 15_000;
const mayMount = process.getuid?.() === 0;

(mayMount ? describe : describe.skip)('a disk that is full', () => {
  let harness: Harness;
  let disk: string;
  let filler: string;

  beforeAll(async () => {
    harness = await Harness.open({
      prepare: async (folder) => {
        disk = path.join(folder, 'platform');
        filler = path.join(disk, 'filler');
        await mkdir(disk);
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=711`, 'tmpfs', disk]);
      },
    });
  }, 300_000);
  afterAll(async () => {
    execFileSync('umount', ['--lazy', disk]);
    await harness.close();
  }, 60_000);

  /** Writes until there is no space left. */
  async function fill(): Promise<void> {
    const file = await open(filler, 'w');
    const piece = Buffer.alloc(2 ** 20);
    try {
      for (;;) await file.write(piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }

  test('keeps callers waiting and loses nothing; once there is space the work goes on by itself', async () => {
    const { study } = harness;
    await study.whole(containerName('before'));
    const watch = watchApi(study.ben);
    await fill();
    const whole = study.whole(containerName('full'));
    whole.catch(() => undefined);
    await pause(FULL_MS);
    await rm(filler);
    const back = await harness.untilReady();
    expect(back).toBeLessThan(60);
    await whole;
    const watched = await watch.end();
    await harness.note('the disk of the platform is full for 15 s', watched, back);
    expect(watched.improper).toEqual([]);
    expect(await harness.verdict()).toEqual([]);
  }, 400_000);
});
