import { defineCommand } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'session list',
  summary: 'List where you are logged in',
  examples: ['strongroom session list'],
  details: '`strongroom logout` ends the session of this folder, `strongroom logout --everywhere` all of them.',
  async run(_given, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listSessions({ query: page }));
    const rows = items.map((session) => [
      session.id,
      session.userAgent,
      moment(session.createdAt),
      moment(session.expiresAt),
      session.current ? 'this one' : '',
    ]);
    return {
      data: { items },
      ids: items.map(({ id }) => id),
      lines: table(['id', 'program', 'since', 'until', ''], rows, 'There are no sessions.'),
    };
  },
});
