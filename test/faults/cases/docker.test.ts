/** Docker Engine is killed while a model runs in it, and is back some seconds later (A17). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RUN_LABEL } from '../../../containers/own-names.ts';
import { giveProbe } from '../../containers/support/probe-image.ts';
import { modelConfig } from '../../stories/container-configs.ts';
import { watchApi } from '../support/api-watch.ts';
import { Engine } from '../support/engine.ts';
import { Harness } from '../support/harness.ts';
import { until } from '../support/patience.ts';
import { containerName } from '../support/study.ts';

const AWAY_MS = 5_000;

const mayStartEngine = (() => {
  try {
    execFileSync('dockerd', ['--version'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();

(mayStartEngine ? describe : describe.skip)('Docker Engine that is killed while a model runs', () => {
  let engine: Engine;
  let harness: Harness;
  let imageName: string;
  const host = process.env.DOCKER_HOST;

  beforeAll(async () => {
    // Its sockets must have short names.
    engine = await Engine.open(await mkdtemp('/tmp/engine-'));
    process.env.DOCKER_HOST = engine.host;
    ({ imageName } = await giveProbe(engine.docker, 'engine'));
    harness = await Harness.open();
  }, 300_000);
  afterAll(async () => {
    if (host === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = host;
    await harness.close();
    await engine.close();
  }, 120_000);

  test('ends no submission: the model is run again when the engine is back, and nothing is left in it', async () => {
    const { study, cast } = harness;
    const config = await modelConfig(path.join(cast.folder, 'image'), { image: imageName, command: 'linger' });
    const whole = study.whole(containerName('image'), config);
    whole.catch(() => undefined);
    const filters = { label: [RUN_LABEL] };
    await until('a model runs', async () => (await engine.docker.listContainers({ filters })).length > 0);
    const watch = watchApi(study.ben);
    await engine.kill();
    await pause(AWAY_MS);
    await engine.start();
    const begun = Date.now();
    await whole;
    await harness.note(
      'Docker Engine killed while a model runs, away for 5 s',
      await watch.end(),
      (Date.now() - begun) / 1000,
    );
    expect(await harness.verdict()).toEqual([]);
  }, 300_000);
});
