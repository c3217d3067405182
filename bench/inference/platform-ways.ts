/** The ways that lead through the platform: sealed all the way, and verified by the caller. */
import { setTimeout as pause } from 'node:timers/promises';
import { readResults } from '../../client/functions/job-results.ts';
import { startJob } from '../../client/functions/start-job.ts';
import { fetchUserKey } from '../../client/functions/user-keys.ts';
import type { FunctionSession } from '../../client/strongroom.ts';
import { hasEnded } from '../../domain/job.ts';
import type { BenchModel } from './models.ts';
import { bundleOf, inputOf } from './models.ts';
import type { Round } from './rounds.ts';
import { runRound } from './rounds.ts';
import { HANDLE, type DeployedModel, type InferenceStage } from './stage.ts';
import type { StartedWay, Way } from './ways.ts';

interface Prepared extends DeployedModel {
  readonly input: Uint8Array;
}

/** One deployment of a model with so many threads serves all ways. */
type Prepare = (model: BenchModel, threads: number) => Promise<Prepared>;

export function platformWays(stage: InferenceStage, jobItems: number): readonly Way[] {
  const deployed = new Map<string, Promise<Prepared>>();
  const prepare: Prepare = (model, threads) => {
    const key = `${model.name} ${threads}`;
    const known = deployed.get(key) ?? deploy(stage, model, threads);
    deployed.set(key, known);
    return known;
  };
  return [session(stage, prepare), sealedInput(stage, prepare), job(stage, prepare, jobItems)];
}

async function deploy(stage: InferenceStage, model: BenchModel, threads: number): Promise<Prepared> {
  const { id, checksum } = await stage.deploy(await bundleOf(model, threads));
  return { id, checksum, input: new Uint8Array(inputOf(model).buffer) };
}

/** A WebSocket through the API to the runner: HPKE each way, a receipt for each answer. */
const session = (stage: InferenceStage, prepare: Prepare): Way => ({
  name: 'encrypted session',
  async start(model, threads) {
    const { id, input } = await prepare(model, threads);
    await stage.endRunners();
    const began = performance.now();
    const open = await stage.strongroom.connect(id);
    await open.invoke(input);
    return started(stage, open, performance.now() - began, () => open.invoke(input));
  },
});

/** The same with an input that was encrypted before: its key is released by the broker for each call. */
const sealedInput = (stage: InferenceStage, prepare: Prepare): Way => ({
  name: 'sealed input',
  async start(model, threads) {
    const { id, input } = await prepare(model, threads);
    const { sealed } = await stage.strongroom.encrypt(input, { functions: [id] });
    const open = await stage.strongroom.connect(id);
    await open.invokeSealed(sealed);
    return started(stage, open, null, () => open.invokeSealed(sealed));
  },
});

const started = (
  stage: InferenceStage,
  open: FunctionSession,
  coldMs: number | null,
  call: () => Promise<unknown>,
): StartedWay => ({
  coldMs,
  round: (calls, atOnce) => runRound(calls, atOnce, call),
  memory: () => stage.memory(),
  [Symbol.asyncDispose]: () => open.close(),
});

/** A job of many items, from when the platform has all of them until the last is answered; then all are opened. */
const job = (stage: InferenceStage, prepare: Prepare, items: number): Way => ({
  name: 'durable job',
  wholeRounds: items,
  async start(model, threads) {
    const { id, checksum, input } = await prepare(model, threads);
    return {
      coldMs: null,
      round: (calls) => runJob(stage, { id, checksum, input }, calls),
      memory: () => stage.memory(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
});

const ASK_AGAIN_MS = 50;

async function runJob(stage: InferenceStage, { id, checksum, input }: Prepared, items: number): Promise<Round> {
  const { platform, trust, kept, workFolder } = stage;
  const inputs = Array.from({ length: items }, (_, index) => ({
    name: String(index),
    read: () => Promise.resolve(Buffer.from(input)),
  }));
  const owner = await fetchUserKey(platform, HANDLE, trust);
  const began = performance.now();
  const { id: job } = await startJob({
    ...{ platform, functionId: id, checksum, owner, trust, inputs, kept, workFolder },
  });
  const uploaded = performance.now();
  let now = await platform.readJob({ path: { id: job } });
  while (!hasEnded(now.state)) {
    await pause(ASK_AGAIN_MS);
    now = await platform.readJob({ path: { id: job } });
  }
  const elapsed = performance.now() - uploaded;
  let answered = 0;
  for await (const { outcome } of readResults({ platform, ...(await kept.open(job)), trust })) {
    if (outcome.kind === 'output') answered += 1;
  }
  if (answered !== items) throw new Error(`The job answered ${answered} of ${items} items.`);
  const opened = performance.now() - uploaded - elapsed;
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  console.log(
    `  job of ${items}: encrypted and uploaded in ${seconds(uploaded - began)} s, answered in ${seconds(elapsed)} s, ` +
      `fetched, checked and opened in ${seconds(opened)} s`,
  );
  return { latencies: [], elapsed };
}
