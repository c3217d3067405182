import { parseBenchmarkName, parseContainerName, type BenchmarkName, type ContainerName } from '../../domain/ids.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { deleteKeysUpdate } from '../../workflows/manage-access/contract.ts';
import { updateAccess } from '../access-entity.ts';
import { argument, defineCommand, flag, requiredOption } from '../command.ts';
import type { Outcome } from '../output.ts';
import type { Context } from '../context.ts';
import { findAssociation } from '../find-association.ts';
import { everyItem } from '../../client/pages.ts';

interface Target {
  readonly name: ContainerName;
  readonly benchmark: BenchmarkName;
}

export const command = defineCommand({
  name: 'access delete-keys',
  summary: 'Delete all wrapped keys and end all access',
  examples: [
    'strongroom access delete-keys digits-model --benchmark digits --dry-run',
    'strongroom access delete-keys digits-model --benchmark digits',
  ],
  details:
    "It asks for the container's name, or takes --yes. The association is closed for good; your own key " +
    'stays. Interrupted, it goes on in the background; started again, it joins that, or says that all is done.',
  arguments: { name: argument('Your container', parseContainerName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    'dry-run': flag('Only show whose keys would be deleted'),
  },
  async run({ arguments: { name }, options: { benchmark, 'dry-run': dryRun } }, context) {
    const target = { name, benchmark };
    await context.session();
    if (dryRun) return showWhatWouldGo(context, target);
    await context.prompt.confirmByName(name, `Nobody will be able to run ${name} in ${benchmark} any more, for good.`);
    const deleted = await deleteKeys(context, target);
    if (deleted === null) {
      return { data: { deleted: 0 }, ids: [name], lines: ['All keys were deleted before; the association is closed.'] };
    }
    return {
      data: { deleted },
      ids: [name],
      lines: [
        `${deleted} wrapped keys are deleted; the association is closed.`,
        'A key that was fetched before cannot be taken back: whoever kept it still opens this archive.',
      ],
    };
  },
});

/** How many were deleted; `null` where that came to its end before. While it is at work, it is joined. */
async function deleteKeys(context: Context, target: Target): Promise<number | null> {
  try {
    const { deleted } = await updateAccess(context, target, (entity) => entity.executeUpdate(deleteKeysUpdate));
    return deleted;
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'E_ACCESS_CLOSED') return null;
    throw error;
  }
}

async function showWhatWouldGo(context: Context, { name, benchmark }: Target): Promise<Outcome> {
  const platform = await context.platform();
  const { id } = await findAssociation(platform, { kind: 'container', name, benchmark });
  const items = await everyItem((page) => platform.listGrants({ path: { id }, query: page }));
  const emails = items.flatMap(({ email, state }) => (state === 'valid' ? [email] : []));
  return {
    data: { wouldDelete: emails.length, emails },
    ids: emails,
    lines: [
      `${emails.length} wrapped keys would be deleted, and the access to ${name} in ${benchmark} closed for good.`,
      ...emails,
      'Nothing was changed.',
    ],
  };
}
