import { parseBenchmarkName, parseContainerName, parseEmailAddress } from '../../domain/ids.ts';
import { revokeUpdate } from '../../workflows/manage-access/contract.ts';
import { updateAccess } from '../access-entity.ts';
import { findAssociation } from '../find-association.ts';
import { lastFetch, revocationLines } from '../revocation-lines.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';
import { everyItem } from '../../client/pages.ts';

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
    const platform = await context.platform();
    const { id } = await findAssociation(platform, { kind: 'container', name, benchmark });
    const items = await everyItem((page) => platform.listGrants({ path: { id }, query: page }));
    const lastFetchedAt = lastFetch(items, email);
    return {
      data: { email, revoked, lastFetchedAt },
      ids: [email],
      lines: revocationLines(name, email, lastFetchedAt),
    };
  },
});
