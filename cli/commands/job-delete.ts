import { parseJobId } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'job delete',
  summary: 'Erase a job that is over, with its results',
  examples: ['strongroom job delete 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --yes'],
  details:
    'The platform erases what it holds of the job: sealed inputs and answers, and their attestation documents. The key ' +
    'that opens the answers is erased on this machine, so that answers in old backups of the platform cannot be opened ' +
    'either. Result files that you have written stay. A job that goes on is ended first: strongroom job cancel',
  arguments: { id: argument('The id that `strongroom job list` shows', parseJobId) },
  async run({ arguments: { id } }, context) {
    const { KeptJobs } = await import('../../client/functions/kept-jobs.ts');
    const [home, session, platform] = [await context.home(), await context.session(), await context.platform()];
    const { functionName, items } = await platform.readJob({ path: { id } });
    await context.prompt.confirmByName(
      id,
      `The results of ${functionName} on ${items} items cannot be fetched any more.`,
    );
    await platform.deleteJob({ path: { id } });
    const keyErased = await new KeptJobs(home.jobsFolder(session)).forget(id);
    return {
      data: { deleted: id, keyErased },
      ids: [id],
      lines: [
        `The job ${id} is erased.`,
        ...(keyErased ? [] : ['Its key was not on this machine: erase it where the job was started.']),
      ],
    };
  },
});
