import { fetchGrant } from '../../storage/grant-delivery.ts';
import { listRecipients } from '../../storage/grant-recipients.ts';
import { deleteGrants, insertGrants, listGrants, revokeGrants } from '../../storage/grants.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/grants.ts';
import { toReachable } from '../hosted-url.ts';
import { toPeriod } from '../period.ts';
import type { App, Services } from '../services.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';

/** A thousand wrapped keys with room to spare. */
const GRANTS_BODY_LIMIT = 8 * 2 ** 20;

export function grantRoutes(app: App, { db, settings }: Services): void {
  app.route({
    ...contract.listRecipients,
    handler: async (request) => {
      const { since } = request.query;
      const from = since === undefined ? null : Number(since);
      const { items, cursor } = await listRecipients(db, callerOf(request), request.params.id, from);
      return { items, cursor: String(cursor) };
    },
  });

  app.route({
    ...contract.createGrants,
    bodyLimit: GRANTS_BODY_LIMIT,
    handler: async (request, reply) =>
      reply.code(201).send({
        items: await insertGrants(db, callerOf(request), request.params.id, request.body.archive, request.body.grants),
      }),
  });

  app.route({
    ...contract.listGrants,
    handler: async (request) => {
      const { params, query } = request;
      const page = toPageRequest('listGrants', query);
      const filter = { ...query, ...toPeriod(query) };
      return toPageAnswer('listGrants', query, await listGrants(db, callerOf(request), params.id, filter, page));
    },
  });

  app.route({
    ...contract.revokeGrants,
    handler: async (request) => {
      const { email, reason } = request.body;
      return { revoked: await revokeGrants(db, callerOf(request), request.params.id, email, reason) };
    },
  });

  app.route({
    ...contract.deleteGrants,
    handler: async (request) => ({ deleted: await deleteGrants(db, callerOf(request), request.params.id) }),
  });

  app.route({
    ...contract.fetchGrant,
    handler: async (request, reply) => {
      const { owner, name } = request.params;
      reply.header('cache-control', 'no-store');
      const delivery = await fetchGrant(db, callerOf(request), { owner, name }, request.query.benchmark);
      return { ...delivery, archive: toReachable(settings.publicUrl, delivery.archive) };
    },
  });
}
