import { parseBenchmarkName, parseContainerName } from '../../domain/ids.ts';
import { deleteKeysUpdate } from '../../workflows/manage-access/contract.ts';
import { updateAccess } from '../access-entity.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'access delete-keys',
  summary: 'Delete all wrapped keys and end all access',
  examples: ['strongroom access delete-keys digits-model --benchmark digits'],
  details: "It asks for the container's name, or takes --yes. The association is closed for good; your own key stays.",
  arguments: { name: argument('Your container', parseContainerName) },
  options: { benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName) },
  async run({ arguments: { name }, options: { benchmark } }, context) {
    await context.session();
    await context.prompt.confirmByName(name, `Nobody will be able to run ${name} in ${benchmark} any more, for good.`);
    const { deleted } = await updateAccess(context, { name, benchmark }, (entity) =>
      entity.executeUpdate(deleteKeysUpdate),
    );
    return {
      data: { deleted },
      ids: [name],
      lines: [`${deleted} wrapped keys are deleted; the association is closed.`],
    };
  },
});
