import { parseBenchmarkName, parseContainerName, parseEmailAddress } from '../../domain/ids.ts';
import { findAssociation } from '../find-association.ts';
import { argument, defineCommand, flag, option, requiredOption } from '../command.ts';
import { periodOptions } from '../period.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'access list',
  summary: 'Show who has access to a container',
  examples: [
    'strongroom access list digits-model --benchmark digits',
    'strongroom access list digits-model --benchmark digits --email bob@example.org --all',
  ],
  watchable: true,
  arguments: { name: argument('Your container', parseContainerName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    all: flag('Also those whose access was revoked or has expired'),
    email: option('ADDRESS', 'Only that of one address', parseEmailAddress),
    ...periodOptions,
  },
  async run({ arguments: { name }, options: { benchmark, all, ...filter } }, context) {
    const platform = await context.platform();
    const association = await findAssociation(platform, { kind: 'container', name, benchmark });
    const path = { id: association.id };
    const query = { ...filter, ...(!all && { state: 'valid' as const }) };
    const items = await everyItem((page) => platform.listGrants({ path, query: { ...query, ...page } }));
    const rows = items.map((entry) => [
      entry.email,
      entry.state,
      entry.fingerprint,
      moment(entry.grantedAt),
      entry.origin === 'auto' ? 'auto-grant' : 'by hand',
      moment(entry.lastFetchedAt),
      moment(entry.expiresAt),
      entry.reason,
    ]);
    const header = ['e-mail', 'state', 'certificate', 'since', 'granted', 'last fetched', 'expires', 'reason'];
    return {
      data: { association: association.id, items },
      ids: items.map(({ email }) => email),
      lines: table(header, rows, 'Nobody has access.'),
    };
  },
});
