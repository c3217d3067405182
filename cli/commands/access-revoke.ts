import { parseBenchmarkName, parseContainerName, parseEmailAddress } from '../../domain/ids.ts';
import { revokeUpdate } from '../../workflows/manage-access/contract.ts';
import { updateAccess } from '../access-entity.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'access revoke',
  summary: "End one address's access",
  examples: [
    'strongroom access revoke digits-model --benchmark digits --email bob@example.org --reason "left the study"',
  ],
  details: 'The next fetch of the key is refused. A key that was fetched before cannot be taken back.',
  arguments: { name: argument('Your container', parseContainerName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    email: requiredOption('ADDRESS', 'Whose access ends', parseEmailAddress),
    reason: requiredOption('TEXT', 'Why; the data owner reads it'),
  },
  async run({ arguments: { name }, options: { benchmark, email, reason } }, context) {
    const { revoked } = await updateAccess(context, { name, benchmark }, (entity) =>
      entity.executeUpdate(revokeUpdate, { args: [{ email, reason }] }),
    );
    return { data: { email, revoked }, ids: [email], lines: [`The access of ${email} has ended.`] };
  },
});
