import { randomUUID } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { SECRET_OVERLAP_HOURS } from '../../domain/webhook.ts';
import {
  enableWebhook,
  readWebhookSettings,
  replaceWebhookSecret,
  setWebhookSettings,
} from '../../storage/webhook-changes.ts';
import { listDeliveries, reopenDelivery } from '../../storage/webhook-deliveries.ts';
import { findWebhookKey } from '../../storage/webhook-key.ts';
import { deleteWebhook, insertWebhook, listWebhooks } from '../../storage/webhooks.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/webhooks.ts';
import { isKnown, requireMatch, withEntityTag } from '../entity-tags.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';
import { toPeriod } from '../period.ts';
import type { App, Services } from '../services.ts';
import { createWebhookSecret } from '../webhook-secret.ts';

export function webhookRoutes(app: App, { db, workflows, settings }: Services): void {
  const publicKey = async (): Promise<string> => {
    const key = await findWebhookKey(db);
    if (key === undefined) throw noKey();
    return key;
  };

  app.route({
    ...contract.createWebhook,
    handler: async (request, reply) => {
      const { url, events = [] } = request.body;
      checkUrl(url, settings.allowPrivateWebhooks);
      const id = randomUUID();
      const { secret, sealedSecret } = createWebhookSecret(await publicKey(), id);
      const webhook = await insertWebhook(db, callerOf(request), { id, url, events, sealedSecret });
      return reply.code(201).send({ ...webhook, secret });
    },
  });

  app.route({
    ...contract.listWebhooks,
    handler: async (request) => {
      const page = toPageRequest('listWebhooks', request.query);
      return toPageAnswer('listWebhooks', request.query, await listWebhooks(db, callerOf(request).id, page));
    },
  });

  app.route({
    ...contract.readWebhookSettings,
    handler: async (request, reply) => {
      const { params, headers } = request;
      const answer = withEntityTag(reply, await readWebhookSettings(db, callerOf(request), params.id));
      return isKnown(headers, answer) ? reply.code(304).send() : reply.send(answer);
    },
  });

  app.route({
    ...contract.setWebhookSettings,
    handler: async (request, reply) => {
      const { params, body, headers } = request;
      checkUrl(body.url, settings.allowPrivateWebhooks);
      const set = await setWebhookSettings(db, callerOf(request), params.id, body, requireMatch(headers));
      return withEntityTag(reply, set);
    },
  });

  app.route({
    ...contract.enableWebhook,
    handler: async (request) => enableWebhook(db, callerOf(request), request.params.id),
  });

  app.route({
    ...contract.rotateWebhookSecret,
    handler: async (request) => {
      const { id } = request.params;
      const { overlapHours = SECRET_OVERLAP_HOURS.usual } = request.body;
      const { secret, sealedSecret } = createWebhookSecret(await publicKey(), id);
      const webhook = await replaceWebhookSecret(db, callerOf(request), id, { sealedSecret, overlapHours });
      return { ...webhook, secret };
    },
  });

  app.route({
    ...contract.deleteWebhook,
    handler: async (request, reply) => {
      await deleteWebhook(db, callerOf(request), request.params.id);
      return reply.code(204).send();
    },
  });

  app.route({
    ...contract.listWebhookDeliveries,
    handler: async ({ params, query }) => {
      const page = toPageRequest('listWebhookDeliveries', query);
      const filter = { ...query, ...toPeriod(query) };
      return toPageAnswer('listWebhookDeliveries', query, await listDeliveries(db, params.id, filter, page));
    },
  });

  app.route({
    ...contract.redeliverWebhook,
    handler: async ({ params: { id, delivery } }, reply) => {
      await workflows.redeliverWebhook(id, await reopenDelivery(db, id, delivery));
      return reply.code(202).send();
    },
  });
}

/** Whether it leads to a public address is asked when it is connected to: names may lead elsewhere by then. */
function checkUrl(text: string, allowHttp: boolean): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && url.username === '' && url.password === '' && (url.protocol === 'https:' || allowHttp)) return;
  throw new StrongroomError('E_INVALID_REQUEST', 'This is no address that a webhook can have.', {
    why: 'It takes https, and no user name or password.',
    next: 'Write it as https://HOST/PATH.',
  });
}

const noKey = () =>
  new StrongroomError('E_UNAVAILABLE', 'The platform cannot keep the secret of a webhook yet.', {
    why: 'Its worker has not started.',
    next: 'Try again in a moment.',
  });
