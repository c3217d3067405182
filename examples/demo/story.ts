/** The main job, told with real parts only: from a model's package to two data owners' results, and to the end of access. */
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { packDataset } from '../../containers/dataset-archive.ts';
import { createPlatformClient } from '../../client/platform.ts';
import { parseBenchmarkName } from '../../domain/ids.ts';
import type { Narrator } from './narrator.ts';
import { buildExampleImages, forgetModelImage, type Packages } from './packages.ts';
import { DemoFailure, Party, type Stage } from './party.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..');
const MODEL = 'digits-model';
const benchmark = parseBenchmarkName('digits');
const BENCHMARK = ['--benchmark', benchmark];
const DATASET = 'pictures';

export interface Cast {
  readonly owner: Party;
  readonly committee: readonly [Party, Party, Party];
  readonly dataOwners: readonly [Party, Party];
}

export const castOf = (stage: Stage): Cast => {
  const party = (name: string) => new Party(stage, name);
  return {
    owner: party('alice'),
    committee: [party('ann'), party('ben'), party('cleo')],
    dataOwners: [party('dora'), party('emil')],
  };
};

export const everyone = ({ owner, committee, dataOwners }: Cast): Party[] => [owner, ...committee, ...dataOwners];

export async function tellStory(stage: Stage, cast: Cast, packages: Packages, narrator: Narrator): Promise<void> {
  const { owner, committee, dataOwners } = cast;
  const [ann] = committee;
  const [dora, emil] = dataOwners;
  const associationWorkflow = `association/alice/${MODEL}/digits`;
  const accessWorkflow = `access/alice/${MODEL}/digits`;

  await narrator.step('Everyone signs up, verifies the address and logs in', null, async () => {
    for (const party of everyone(cast)) await party.join();
  });
  if (packages.kind === 'image') await narrator.step('The example images are built', null, buildExampleImages);
  await narrator.step('The committee creates a benchmark: two of three approve', 'benchmark/digits', async () => {
    const testDataset = path.join(stage.folder, 'test-dataset.tar');
    await pipeline(packDataset(path.join(EXAMPLES, 'digits-data', 'benchmark')), createWriteStream(testDataset));
    const members = committee.flatMap(({ name }) => ['--member', name]);
    await ann.run([
      ...['benchmark', 'create', '--name', 'digits', '--test-dataset', testDataset, '--metrics', packages.metrics],
      ...[...members, '--quorum', '2', '--approval-days', '30', '--description', 'Handwritten digits, 8 by 8'],
    ]);
  });
  await narrator.step(
    'The owner submits the model: export, encrypt, host, try the key, register',
    `container/alice/${MODEL}`,
    async () => {
      await owner.run(['certificate', 'create']);
      await owner.run(['container', 'submit', packages.model, '--name', MODEL]);
      if (packages.kind === 'image') await forgetModelImage();
    },
  );
  await narrator.step('Compatibility test, consent and request', associationWorkflow, async () => {
    await owner.run(['container', 'associate', MODEL, ...BENCHMARK, '--send-results', '--detach']);
  });
  await narrator.step('Two members of the committee approve through the HTTP API', associationWorkflow, async () => {
    await approve(stage, committee.slice(0, 2), 'container');
    await owner.run(['workflow', 'follow', associationWorkflow]);
  });
  await narrator.step(
    'Data owner one is authorised, has a certificate, and is granted access',
    accessWorkflow,
    async () => {
      await authorise(stage, cast, dora, 'data-owner-one');
      await dora.run(['certificate', 'create']);
      await owner.run(['access', 'grant', MODEL, ...BENCHMARK, '--email', dora.email]);
    },
  );
  await narrator.step('Data owner two gets a certificate only now: auto-grant finds it', accessWorkflow, async () => {
    await authorise(stage, cast, emil, 'data-owner-two');
    await owner.run(['access', 'auto', MODEL, ...BENCHMARK, '--every', '5s']);
    await emil.run(['certificate', 'create']);
    await untilGranted(owner, emil);
  });
  const run = ['run', `alice/${MODEL}`, ...BENCHMARK, '--dataset', DATASET];
  for (const [party, number] of [
    [dora, 'one'],
    [emil, 'two'],
  ] as const) {
    await narrator.step(
      `Data owner ${number} runs the model on its own pictures and sends the result`,
      `run/${party.name}/alice/${MODEL}/${DATASET}`,
      async () => {
        await party.run([...run, '--send-results']);
      },
    );
  }
  await narrator.step('The results have arrived at the platform', null, async () => {
    await ann.run(['benchmark', 'results', 'digits']);
  });
  await narrator.step('Data owner one is revoked: the next run is refused, and says why', accessWorkflow, async () => {
    await owner.run(['access', 'list', MODEL, ...BENCHMARK]);
    await owner.run(['access', 'revoke', MODEL, ...BENCHMARK, '--email', dora.email, '--reason', 'The study is over.']);
    await dora.run([...run, '--send-results'], 5);
  });
  await narrator.step(
    'All keys are deleted: nobody can run, and the association is closed',
    accessWorkflow,
    async () => {
      await owner.run(['access', 'delete-keys', MODEL, ...BENCHMARK, '--yes']);
      await emil.run([...run, '--send-results'], 5);
      await owner.run(['review', 'list']);
    },
  );
}

async function authorise(stage: Stage, { committee }: Cast, party: Party, folder: string): Promise<void> {
  await party.run(['dataset', 'register', path.join(EXAMPLES, 'digits-data', folder), '--name', DATASET]);
  await party.run(['dataset', 'associate', DATASET, ...BENCHMARK]);
  await approve(stage, committee.slice(0, 2), 'dataset');
}

/** What a committee's own software would do: find the open request of a kind, and post a vote. */
async function approve(stage: Stage, voters: readonly Party[], kind: 'container' | 'dataset'): Promise<void> {
  for (const voter of voters) {
    const platform = createPlatformClient({ baseUrl: stage.addresses.api, token: await voter.token() });
    const { items } = await platform.listAssociations({ query: { benchmark, state: 'requested', kind } });
    for (const { id } of items) {
      console.log(`  ${voter.name} → POST /v1/associations/${id}/votes {"ballot":"approve"}`);
      const status = await platform.castVote({ path: { id }, body: { ballot: 'approve', reason: '' } });
      console.log(`    ${status.approvals} of ${status.quorum} approvals: ${status.state}`);
    }
  }
}

async function untilGranted(owner: Party, party: Party): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const listed = JSON.stringify(await owner.ask(['access', 'list', MODEL, ...BENCHMARK]));
    if (listed.includes(party.email)) {
      console.log(`    Auto-grant has given ${party.email} access.`);
      return;
    }
    await pause(500);
  }
  throw new DemoFailure(`Auto-grant did not find the certificate of ${party.email}.`);
}
