import { parseContainerRef } from '../../domain/ids.ts';
import { parseMetrics } from '../../domain/metrics.ts';
import { insertResult, listResults } from '../../storage/results.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/results.ts';
import { toPeriod } from '../period.ts';
import type { App, Services } from '../services.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';

export function resultRoutes(app: App, { db }: Services): void {
  app.route({
    ...contract.submitResult,
    handler: async (request, reply) => {
      const { metrics, ...given } = request.body;
      const result = await insertResult(db, callerOf(request), { ...given, metrics: parseMetrics(metrics) });
      return reply.code(201).send(result);
    },
  });

  app.route({
    ...contract.listResults,
    handler: async (request) => {
      const { params, query } = request;
      const page = toPageRequest('listResults', query);
      const container = query.container === undefined ? undefined : parseContainerRef(query.container);
      const filter = { container, ...toPeriod(query) };
      return toPageAnswer('listResults', query, await listResults(db, callerOf(request), params.name, filter, page));
    },
  });
}
