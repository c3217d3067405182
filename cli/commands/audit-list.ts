import { AUDIT_ACTIONS } from '../../domain/audit.ts';
import { parseHandle } from '../../domain/ids.ts';
import { defineCommand, option } from '../command.ts';
import { periodOptions } from '../period.ts';
import { moment, table } from '../table.ts';
import { parseChoice, parseCount } from '../values.ts';

export const command = defineCommand({
  name: 'audit list',
  summary: 'List decisions and changes of access',
  examples: [
    'strongroom audit list --account alice --from 7d',
    'strongroom audit list --subject certificate/FINGERPRINT',
  ],
  details: 'For operators. The oldest come first; --after goes on where a list ended.',
  options: {
    account: option('HANDLE', 'Only what this account did', parseHandle),
    action: option('ACTION', `One of: ${AUDIT_ACTIONS.join(', ')}`, parseChoice(AUDIT_ACTIONS)),
    subject: option('SUBJECT', 'Only what was done to this'),
    ...periodOptions,
    after: option('NUMBER', 'Only entries after the one with this number', parseCount),
  },
  async run({ options: { after, ...filter } }, context) {
    const query = { ...filter, ...(after !== undefined && { after: String(after) }) };
    const { items, next } = await (await context.platform()).listAuditEntries({ query });
    const rows = items.map((entry) => [
      String(entry.sequence),
      moment(entry.at),
      entry.account ?? (entry.requestId === null ? 'the platform' : 'anyone'),
      entry.action,
      entry.subject,
      JSON.stringify(entry.after),
    ]);
    const more = next === null ? [] : [`There are more: --after ${next}`];
    return {
      data: { items, next },
      ids: items.map(({ sequence }) => String(sequence)),
      lines: [...table(['number', 'at', 'who', 'what', 'on', 'after'], rows, 'There are no such entries.'), ...more],
    };
  },
});
