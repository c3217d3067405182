/**
 * `npm run bench:platform`: how soon the platform answers at a fixed rate, and how much it decides and grants, on the
 * embedded stack with its real processes. Requests of the fixed rate start when their time has come, whether or not the
 * ones before are answered (open model), and their latency counts from that time.
 *
 *     node bench/platform.ts [--seconds N] [--rate N] [--decisions N] [--owners N]
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { atFixedRate, type Latencies } from './platform/fixed-rate.ts';
import { percentile, runRound } from './inference/rounds.ts';
import { addDataOwners, DIGEST, fingerprintOf, openStage, type Stage } from './platform/stage.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '100' },
    decisions: { type: 'string', default: '200' },
    owners: { type: 'string', default: '10000' },
  },
});
const [seconds, rate] = [Number(values.seconds), Number(values.rate)];
const [decisions, owners] = [Number(values.decisions), Number(values.owners)];
/** Data owners who are new at a tick. */
const NEW = 10;
const AT_ONCE = 8;
/** Until the committee has heard of all requests, and nothing goes on. */
const SETTLE_MS = 5_000;

interface Row {
  readonly what: string;
  readonly measured: string;
  readonly aim: string;
}

const atRate = (what: string, perSecond: number, { latencies, failed }: Latencies, aim: string): Row => ({
  what: `${what}, ${perSecond} a second`,
  measured: `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p95 ${percentile(latencies, 0.95).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms, ${failed} failed`,
  aim,
});

async function answered({ alice, association }: Stage): Promise<Row[]> {
  const read = await atFixedRate(rate, seconds, () => alice.get(`/v1/associations/${association}`));
  const dataset = (index: number) => ({
    name: `d${index}`,
    sha256: index.toString(16).padStart(64, '0'),
    size: 1,
    files: 1,
  });
  const write = await atFixedRate(rate, seconds, (index) => alice.post('/v1/datasets', dataset(index)));
  return [
    atRate('reads of an association', rate, read, 'p95 15 ms'),
    atRate('writes of a dataset', rate, write, 'p95 80 ms'),
  ];
}

/** Each request begins a review, which is much more work than a write: at a tenth of the rate. */
async function requested({ alice }: Stage): Promise<Row> {
  const perSecond = rate / 10;
  const latencies = await atFixedRate(perSecond, seconds, (index) =>
    alice.post('/v1/associations', { kind: 'dataset', name: `d${index}`, benchmark: 'idle' }),
  );
  return atRate('requests to a committee, with events, audit and review', perSecond, latencies, 'p95 80 ms');
}

async function decided({ alice, ann }: Stage): Promise<Row[]> {
  let next = 0;
  const request = async (): Promise<string> => {
    const name = `m${(next += 1)}`;
    await alice.submit(name);
    return (await alice.request('container', name)).id;
  };
  const approve = (id: string) => ann.post(`/v1/associations/${id}/votes`, { ballot: 'approve', reason: 'Good.' });

  const whole = await runRound(decisions, AT_ONCE, async () => approve(await request()));
  const waiting: string[] = [];
  await runRound(decisions, AT_ONCE, async () => waiting.push(await request()));
  await pause(SETTLE_MS);
  const votes = await runRound(decisions, AT_ONCE, async () => approve(waiting.pop() ?? ''));
  const perSecond = ({ elapsed }: { readonly elapsed: number }) =>
    `${((decisions / elapsed) * 1000).toFixed(1)} a second`;
  return [
    {
      what: `decisions on requests that wait: voted, approved; ${AT_ONCE} at once`,
      measured: perSecond(votes),
      aim: '20 a second',
    },
    { what: 'the same, from the submission of the container', measured: perSecond(whole), aim: '' },
  ];
}

const grantFor = (index: number) => ({
  fingerprint: fingerprintOf(index),
  message: 'x'.repeat(1000),
  origin: 'auto',
  expiresAt: null,
});

async function granted({ alice, association }: Stage): Promise<Row[]> {
  const grants = `/v1/associations/${association}/grants`;
  const single = 200;
  let next = 0;
  const one = await runRound(single, AT_ONCE, () =>
    alice.post(grants, { archive: DIGEST, grants: [grantFor((next += 1))] }),
  );
  const many = await runRound(Math.floor((owners - single) / 1000), 1, () => {
    const batch = Array.from({ length: 1000 }, () => grantFor((next += 1)));
    return alice.post(grants, { archive: DIGEST, grants: batch });
  });
  const count = next - single;
  return [
    {
      what: `grants to one access, one a request, ${AT_ONCE} at once`,
      measured: `${((single / one.elapsed) * 1000).toFixed(0)} a second`,
      aim: '',
    },
    { what: 'grants, 1000 a request', measured: `${((count / many.elapsed) * 1000).toFixed(0)} a second`, aim: '' },
  ];
}

async function tick(stage: Stage): Promise<Row> {
  const { alice, association } = stage;
  const { cursor } = await alice.get(`/v1/associations/${association}/recipients`);
  await addDataOwners(stage, owners + 1, NEW);
  const began = performance.now();
  const { items } = await alice.get(`/v1/associations/${association}/recipients?since=${cursor}`);
  const fresh = Array.from({ length: items.length }, (_, index) => grantFor(owners + 1 + index));
  await alice.post(`/v1/associations/${association}/grants`, { archive: DIGEST, grants: fresh });
  const elapsed = performance.now() - began;
  return {
    what: `tick of auto-grant on the platform: ${owners} data owners, ${items.length} new`,
    measured: `${elapsed.toFixed(0)} ms`,
    aim: '1 s',
  };
}

const folder = await mkdtemp(join(tmpdir(), 'strongroom-bench-'));
await chmod(folder, 0o711);
try {
  await using stage = await openStage(folder);
  const rows = [...(await answered(stage)), ...(await decided(stage))];
  await addDataOwners(stage, 1, owners);
  rows.push(...(await granted(stage)), await tick(stage), await requested(stage));
  console.table(rows);
} finally {
  await rm(folder, { recursive: true, force: true });
}
