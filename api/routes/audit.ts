import { listAuditEntries } from '../../storage/audit-entries.ts';
import * as contract from '../contract/audit.ts';
import { toPeriod } from '../period.ts';
import type { App, Services } from '../services.ts';

const PAGE = 200;

export function auditRoutes(app: App, { db, workflows }: Services): void {
  app.route({
    ...contract.listAuditEntries,
    handler: async (request) => {
      const { after = '0', limit = PAGE, ...filter } = request.query;
      const narrowed = { ...filter, ...toPeriod(filter) };
      const items = await listAuditEntries(db, narrowed, Number(after), Number(limit));
      const last = items.at(-1);
      return { items, next: last && items.length === Number(limit) ? String(last.sequence) : null };
    },
  });

  app.route({ ...contract.readAuditHead, handler: () => workflows.signAuditHead() });
}
