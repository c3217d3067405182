/**
 * `npm run bench:inference`: what the sandbox, the encrypted channel and durable jobs cost on top of onnxruntime. The ways
 * take turns, so that a slow moment of the machine meets all of them.
 *
 *     node bench/inference.ts [--rounds N] [--threads 1,2] [--only NAME] [--job-items N]
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchModel } from './inference/models.ts';
import { benchModels } from './inference/models.ts';
import { percentile } from './inference/rounds.ts';
import type { StartedWay, Way } from './inference/ways.ts';
import { raw, sandboxed } from './inference/ways.ts';
import { platformWays } from './inference/platform-ways.ts';
import { openInferenceStage } from './inference/stage.ts';

const AT_ONCE = 4;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1,2' },
    only: { type: 'string', default: '' },
    'job-items': { type: 'string', default: '1000' },
  },
});

interface Row {
  readonly model: string;
  readonly threads: number;
  readonly way: string;
  readonly 'p50 ms': string;
  readonly 'p95 ms': string;
  readonly 'per second': string;
  readonly 'memory MB': number;
  readonly 'cold ms': number | string;
}

async function compare(ways: readonly Way[], model: BenchModel, threads: number): Promise<readonly Row[]> {
  await using stack = new AsyncDisposableStack();
  const started: (readonly [Way, StartedWay])[] = [];
  for (const way of ways) started.push([way, stack.use(await way.start(model, threads))]);
  const taken = started.map(([way, running]) => ({ way, running, latencies: [] as number[], rates: [] as number[] }));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const each of taken.filter(({ way }) => way.wholeRounds === undefined)) {
      each.latencies.push(...(await each.running.round(model.calls, 1)).latencies);
      const { elapsed } = await each.running.round(model.calls, AT_ONCE);
      each.rates.push((model.calls / elapsed) * 1000);
    }
  }
  for (const { way, running, rates } of taken) {
    const { wholeRounds: calls } = way;
    if (calls !== undefined) rates.push((calls / (await running.round(calls, AT_ONCE)).elapsed) * 1000);
  }
  return await Promise.all(
    taken.map(async ({ way, running, latencies, rates }) => ({
      model: model.name,
      threads,
      way: way.name,
      'p50 ms': latencyOf(latencies, 0.5),
      'p95 ms': latencyOf(latencies, 0.95),
      'per second': percentile(rates, 0.5).toFixed(1),
      'memory MB': Math.round((await running.memory()) / 1e6),
      'cold ms': running.coldMs === null ? '' : Math.round(running.coldMs),
    })),
  );
}

const latencyOf = (latencies: readonly number[], part: number): string =>
  latencies.length === 0 ? '' : percentile(latencies, part).toFixed(2);

const folder = await mkdtemp(join(tmpdir(), 'strongroom-bench-'));
// Postgres may have to run as another user.
await chmod(folder, 0o711);
try {
  await using stage = await openInferenceStage(folder);
  const ways = [raw, sandboxed, ...platformWays(stage, Number(values['job-items']))];
  const rows: Row[] = [];
  for (const model of benchModels(folder).filter(({ name }) => name.startsWith(values.only))) {
    for (const threads of values.threads.split(',').map(Number)) {
      rows.push(...(await compare(ways, model, threads)));
    }
  }
  console.table(rows);
  console.log(`"per second" is with ${AT_ONCE} calls at once; the other times are of one call after another.`);
} finally {
  await rm(folder, { recursive: true });
}
