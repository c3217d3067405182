import { argument, defineCommand } from '../command.ts';
import { findFunction } from '../find-function.ts';

export const command = defineCommand({
  name: 'function delete',
  summary: 'Delete a version of a function with its ciphertext',
  examples: ['strongroom function delete classifier', 'strongroom function delete classifier@1 --yes'],
  details:
    'Its runners end at once. Other versions of the name stay; a version is never used again. Jobs of it that go on fail, ' +
    'whoever began them; what they have answered stays until they are deleted, too: strongroom job delete',
  arguments: { function: argument('Its id, name or name@version') },
  async run({ arguments: args }, context) {
    const { id, owner, name, version } = await findFunction(context, args.function);
    await context.prompt.confirmByName(
      name,
      `${owner}/${name}@${version} cannot be called any more, and its jobs that go on fail.`,
    );
    await (await context.platform()).deleteFunction({ path: { id } });
    return {
      data: { deleted: id },
      ids: [id],
      lines: [
        `${owner}/${name}@${version} is deleted. Results of its jobs stay until those are deleted: strongroom job list`,
      ],
    };
  },
});
