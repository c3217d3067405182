import { afterEach, expect, jest, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { openCanary } from '../../api/canary.ts';

/** A Temporal of which only this much is asked. */
function temporal(execute: () => Promise<unknown>): Client {
  const asked = { withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(), workflow: { execute } };
  return asked as unknown as Client;
}

/** Longer than a bad answer is believed. */
const BELIEVED_MS = 2_100;

afterEach(() => {
  jest.restoreAllMocks();
});

test('a good answer is believed for a while, so that being asked often costs nothing', async () => {
  const execute = jest.fn(() => Promise.resolve());
  const canary = openCanary(temporal(execute));
  for (let times = 0; times < 3; times += 1) expect(await canary()).toBe(true);
  expect(execute).toHaveBeenCalledTimes(1);
});

test('a bad answer is not believed for longer because the clock steps back', async () => {
  const execute = jest.fn(() => Promise.resolve()).mockRejectedValueOnce(new Error('Temporal is away.'));
  const canary = openCanary(temporal(execute));
  expect(await canary()).toBe(false);
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  await pause(BELIEVED_MS);
  expect(await canary()).toBe(true);
});
