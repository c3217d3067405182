import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { JobInput } from '../../client/functions/start-job.ts';
import { argument, defineCommand, flag, option, requiredOption } from '../command.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { parseSha256 } from '../../domain/ids.ts';
import { connectStrongroom, enclaveTrust, trustStore } from '../enclave.ts';
import { findFunction } from '../find-function.ts';
import { describeJob, followJob, writeResults, type Job } from '../jobs.ts';
import { parsePath } from '../values.ts';
import type { Context } from '../context.ts';

export const command = defineCommand({
  name: 'job run',
  summary: 'Have a function answer every file of a folder, encrypted, in the background',
  examples: [
    'strongroom job run alice/classifier pictures --out results.jsonl',
    'strongroom job run classifier pictures --out results.jsonl --detach',
  ],
  details:
    'Each file is encrypted on this machine; only attested runners of this very function open it, and only this machine ' +
    'opens the results. Interrupted, the job goes on at the platform: strongroom job results fetches what came of it. ' +
    'The exit code is 1 where a file has no answer; its line in the results says why.',
  arguments: {
    function: argument("The function: its id, owner/name or your own one's name"),
    folder: argument('The folder with the inputs; folders in it count, hidden files do not', parsePath),
  },
  options: {
    out: requiredOption('FILE', 'Where the results go, one JSON value a line', parsePath),
    'function-checksum': option('HEX', 'The checksum that the function must have', parseSha256),
    detach: flag('Do not wait for the end'),
  },
  async run({ arguments: { function: name, folder }, options }, context) {
    const { checkOutput } = await import('../../crypto/staged-file.ts');
    await checkOutput(options.out);
    const job = await start(context, name, folder, options['function-checksum']);
    context.output.note(`Job ${job.id}: ${job.items} items are at the platform, encrypted.`);
    if (options.detach) return describeJob(job);
    return writeResults(context, await followJob(context, job), options.out);
  },
});

async function start(context: Context, name: string, folder: string, demanded: string | undefined): Promise<Job> {
  const { KeptJobs } = await import('../../client/functions/kept-jobs.ts');
  const { startJob } = await import('../../client/functions/start-job.ts');
  const { fetchUserKey } = await import('../../client/functions/user-keys.ts');
  const { holdLoggedFunction, holdLoggedUserKey } = await import('../../client/functions/public-log.ts');
  const inputs = await inputsIn(folder);
  const [home, session, platform] = [await context.home(), await context.session(), await context.platform()];
  const trust = await enclaveTrust(context, await connectStrongroom(context));
  const [store, called] = [await trustStore(context), await findFunction(context, name)];
  const checksum = await holdLoggedFunction(platform, store, called);
  if (demanded !== undefined && demanded !== checksum) throw another(checksum);
  const owner = await fetchUserKey(platform, session.handle, trust);
  await holdLoggedUserKey(platform, store, owner, null);
  const display = context.output.progress();
  const work = `job/${called.id}/${process.pid}`;
  try {
    return await startJob({
      platform,
      functionId: called.id,
      checksum,
      owner,
      trust,
      inputs,
      kept: new KeptJobs(home.jobsFolder(session)),
      workFolder: await home.workFolder(work),
      signal: context.signal,
      onUploaded: (count) => {
        const text = `${count} of ${inputs.length} encrypted and uploaded`;
        display.show([{ key: text, text, state: 'running', progress: null }]);
      },
    });
  } finally {
    display.erase();
    await home.removeWork(work);
  }
}

const another = (checksum: string) =>
  new StrongroomError('E_ATTESTATION', 'The function has another checksum than was demanded.', {
    why: `It is ${checksum}.`,
    next: 'Send nothing to it. Ask its owner for the checksum.',
  });

async function inputsIn(folder: string): Promise<JobInput[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(path.relative(folder, entry.parentPath), entry.name))
    .filter((name) => !name.split(path.sep).some((part) => part.startsWith('.')))
    .sort()
    .map((name) => ({ name, read: () => readFile(path.join(folder, name)) }));
}
