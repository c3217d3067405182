import { parseBenchmarkName, parseContainerName } from '../../domain/ids.ts';
import { findAssociation } from '../find-association.ts';
import { argument, defineCommand, flag, requiredOption } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'access list',
  summary: 'Show who has access to a container',
  examples: ['strongroom access list digits-model --benchmark digits'],
  watchable: true,
  arguments: { name: argument('Your container', parseContainerName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    all: flag('Also those whose access was revoked or has expired'),
  },
  async run({ arguments: { name }, options: { benchmark, all } }, context) {
    const platform = await context.platform();
    const association = await findAssociation(platform, { kind: 'container', name, benchmark });
    const path = { id: association.id };
    const items = await everyItem((page) => platform.listGrants({ path, query: page }));
    const shown = items.filter(({ state }) => all || state === 'valid');
    const rows = shown.map((entry) => [
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
      data: { association: association.id, items: shown },
      ids: shown.map(({ email }) => email),
      lines: table(header, rows, 'Nobody has access.'),
    };
  },
});
