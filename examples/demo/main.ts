/** `npm run demo`: brings everything up, tells both jobs, and leaves nothing behind. `--keep` leaves it running. */
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXIT, StrongroomError } from '../../domain/errors.ts';
import { readPlatformConfiguration } from '../../stack/configuration.ts';
import { bringUp, type RunningStack } from '../../stack/stack.ts';
import { tellInference } from './inference.ts';
import { Narrator } from './narrator.ts';
import { choosePackages, forgetExampleImages, sandboxWorks } from './packages.ts';
import { DemoFailure } from './party.ts';
import { castOf, everyone, tellStory, type Cast } from './story.ts';

const keep = process.argv.includes('--keep');
const folder = await mkdtemp(path.join(tmpdir(), 'strongroom-demo-'));
// The database's own user must be able to enter; what is private inside has a mode of its own.
await chmod(folder, 0o711);
let stack: RunningStack | null = null;
let cast: Cast | null = null;

const interruption = new AbortController();
const interrupted = interruption.signal;
// npm passes on the Ctrl-C that the terminal has sent already: the second one must not end the cleaning.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interrupted.aborted) console.log('\nStopping everything, and cleaning up …');
    interruption.abort();
  });
}

async function demo(): Promise<void> {
  const packages = await choosePackages((missing) => {
    tell(missing);
    console.error('Going on without it: the model and the metrics are functions, run in the sandbox.');
  });
  const config = readPlatformConfiguration({
    STRONGROOM_DATA: path.join(folder, 'platform'),
    STRONGROOM_SIGN_UPS_PER_MINUTE: '100',
  });
  console.log("Bringing up Postgres, Temporal, the API and the platform's worker");
  stack = await bringUp(config, (line) => {
    console.log(`  ${line}`);
  });
  const { addresses } = stack;
  console.log(`  API reference    ${addresses.apiReference}`);
  console.log(`  Temporal Web UI  ${addresses.temporalUi ?? addresses.temporal}`);
  const stage = { folder, addresses, interrupted };
  cast = castOf(stage);
  const narrator = new Narrator();
  await tellStory(stage, cast, packages, narrator);
  if (await sandboxWorks()) await tellInference(stage, cast, narrator);
  else console.log('\nThe second job, confidential inference, needs bubblewrap, which does not work on this machine.');
  narrator.closingTable(addresses);
}

async function cleanUp(): Promise<void> {
  for (const party of cast ? everyone(cast) : []) await party.stopAgent();
  await stack?.stop();
  await forgetExampleImages().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
}

/** In two lines: what is the matter, and what to do. */
function tell({ code, message, why, next }: StrongroomError): void {
  console.error(`${code} ${message}${why ? ` ${why}` : ''}\n${next ?? ''}`);
}

function explain(error: unknown): number {
  if (interrupted.aborted) return EXIT.interrupted;
  if (error instanceof StrongroomError) {
    tell(error);
    return error.kind.exit;
  }
  console.error(error instanceof DemoFailure ? error.message : error);
  return EXIT.failed;
}

let exitCode: number = EXIT.ok;
try {
  await demo();
  if (keep && !interrupted.aborted) {
    console.log(`\nThe stack goes on in ${folder}. Ctrl-C stops it and cleans up.`);
    await once(interrupted, 'abort');
  }
} catch (error) {
  exitCode = explain(error);
} finally {
  await cleanUp();
}
process.exit(exitCode);
