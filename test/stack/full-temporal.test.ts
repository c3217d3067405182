/** The platform in the shape of production: Temporal's full server, with its state in Postgres. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readPlatformConfiguration, type PlatformConfiguration } from '../../stack/configuration.ts';
import { findFullTemporal } from '../../stack/full-temporal-binaries.ts';
import { bringUp } from '../../stack/stack.ts';
import { connectTemporalClient } from '../../stack/temporal-connection.ts';
import { SEARCH_ATTRIBUTES } from '../../stack/temporal-needs.ts';

/** Where it is not installed it is built, for some minutes; where that cannot be done there is nothing to try. */
const there = await findFullTemporal((line) => {
  console.warn(line);
}).then(
  () => true,
  (error: unknown) => {
    console.warn(`Temporal's full server is not tried: ${String(error)}`);
    return false;
  },
);
const withServer = there ? test : test.skip;

let folder: string;
let config: PlatformConfiguration;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-full-'));
  await chmod(folder, 0o711);
  config = readPlatformConfiguration({
    STRONGROOM_DATA: path.join(folder, 'platform'),
    STRONGROOM_TEMPORAL_SERVER: 'postgres',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

withServer('it gets work done, can be searched, and after a restart everything that was done is there', async () => {
  const first = await bringUp(config, () => undefined);
  const temporal = await connectTemporalClient(config, first.addresses.temporal);
  const { customAttributes } = await temporal.client.connection.operatorService.listSearchAttributes({
    namespace: config.temporalNamespace,
  });
  expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining([...SEARCH_ATTRIBUTES]));
  const before = await temporal.client.workflow.getHandle('canary').describe();
  await temporal.close();
  await first.stop();

  const second = await bringUp(config, () => undefined);
  const again = await connectTemporalClient(config, second.addresses.temporal);
  const kept = await again.client.workflow.getHandle('canary', before.runId).describe();
  await again.close();
  await second.stop();
  expect(kept.startTime).toEqual(before.startTime);
});

withServer('the file with the password of its database is for its owner alone', async () => {
  const { mode } = await stat(path.join(config.dataFolder, 'temporal', 'server.yaml'));
  expect(mode & 0o077).toBe(0);
});

test('with a database of somebody else it says what to do', async () => {
  const elsewhere = readPlatformConfiguration({
    STRONGROOM_DATA: path.join(folder, 'elsewhere'),
    STRONGROOM_TEMPORAL_SERVER: 'postgres',
    DATABASE_URL: 'postgres://strongroom@127.0.0.1:1/strongroom',
  });
  await expect(bringUp(elsewhere, () => undefined)).rejects.toMatchObject({ code: 'E_CONFIG' });
});
