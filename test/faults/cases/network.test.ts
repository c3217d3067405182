/** The network between the parties and the platform is slow, breaks, parts them, or loses answers (A2, A10, A11). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../stack/free-port.ts';
import { watchApi } from '../support/api-watch.ts';
import { Harness } from '../support/harness.ts';
import { openNetwork, targetOf, type Network } from '../support/proxy.ts';
import { reached } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

const PARTED_MS = 45_000;

let harness: Harness;
let toApi: Network;
let toTemporal: Network;

beforeAll(async () => {
  const port = await freePort();
  toApi = await openNetwork({ host: '127.0.0.1', port });
  const apiUrl = `http://${toApi.address}`;
  // The platform knows itself by the address at which the agents reach it: their token goes nowhere else.
  const settings = { STRONGROOM_API_PORT: String(port), STRONGROOM_PUBLIC_URL: apiUrl };
  harness = await Harness.open({ settings }, async ({ stack: { addresses } }) => {
    toTemporal = await openNetwork(targetOf(addresses.temporal));
    return { settings: { TEMPORAL_ADDRESS: toTemporal.address }, apiUrl };
  });
}, 300_000);
afterAll(async () => {
  await harness.close();
  await toApi[Symbol.asyncDispose]();
  await toTemporal[Symbol.asyncDispose]();
}, 60_000);

/** Does `disturb` again and again while a whole submission goes on. */
async function submitted(name: string, fault: string, everyMs: number, disturb: () => void): Promise<void> {
  const watch = watchApi(harness.study.dora);
  const timer = setInterval(disturb, everyMs);
  try {
    await harness.study.whole(containerName(name));
  } finally {
    clearInterval(timer);
  }
  for (const network of [toApi, toTemporal]) restore(network);
  await harness.note(fault, await watch.end(), 0);
}

function restore(network: Network): void {
  network.delay(0);
  network.loseAnswers(false);
  network.join();
}

describe('a submission is finished, and access changed as asked, although', () => {
  test('each piece takes 150 ms longer', async () => {
    for (const network of [toApi, toTemporal]) network.delay(150);
    await submitted('slow', 'each piece between agent and platform takes 150 ms longer', 1000, () => undefined);
  }, 300_000);

  test('every connection breaks every four seconds', async () => {
    await submitted('broken', 'every connection of the agents breaks every four seconds', 4000, () => {
      for (const network of [toApi, toTemporal]) network.cut();
    });
  }, 300_000);

  test('answers of the platform are lost for a second of every three', async () => {
    await submitted('lost', 'requests arrive and their answers are lost, a second of every three', 3000, () => {
      toApi.loseAnswers(true);
      setTimeout(() => {
        toApi.loseAnswers(false);
      }, 1000);
    });
  }, 300_000);

  test('the agents are parted from everything for a while', async () => {
    const { study, cast } = harness;
    const name = containerName('parted');
    const whole = study.whole(name);
    whole.catch(() => undefined);
    await reached(cast.temporal.client, study.storiesOf(name), 'Fetch the test dataset');
    const watch = watchApi(study.dora);
    for (const network of [toApi, toTemporal]) network.part();
    await pause(PARTED_MS);
    for (const network of [toApi, toTemporal]) restore(network);
    const joined = Date.now();
    await whole;
    await harness.note(
      'the agents are parted from everything for 45 s',
      await watch.end(),
      (Date.now() - joined) / 1000,
    );
  }, 300_000);

  test('nothing was lost, doubled or left behind', async () => {
    expect(await harness.verdict()).toEqual([]);
  }, 180_000);
});
