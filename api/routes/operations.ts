/** The operators' page: log in, see what waits and for whom, and go on to each workflow in Temporal's Web UI. */
import { parseEmailAddress } from '../../domain/ids.ts';
import type { Client } from '@temporalio/client';
import { OPERATIONS_PATH, requireOperator, setOperatorCookie } from '../operators.ts';
import { operationsPage } from '../operations-page.ts';
import { limitPerAddress, limitPerMinute } from '../rate-limits.ts';
import type { App, Services } from '../services.ts';
import { toStrongroomError } from '../workflow-failure.ts';
import { listWaitingWork, waitingQueryPage } from '../waiting-work.ts';
import { codecRoutes } from './codec.ts';

const CREDENTIALS = {
  type: 'object',
  required: ['email', 'password'],
  additionalProperties: false,
  properties: { email: { type: 'string', maxLength: 254 }, password: { type: 'string', maxLength: 128 } },
} as const;

export function operationsRoutes(app: App, services: Services, temporal: Client): void {
  const { authentication, settings } = services;
  const { temporalUiUrl, logInsPerMinute } = settings;
  const hidden = (operation: 'readOperationsPage' | 'listWaitingWork') => ({
    config: { operation },
    schema: { hide: true },
  });

  const { html, policy } = operationsPage(settings.logIn);
  app.get(OPERATIONS_PATH, hidden('readOperationsPage'), async (_request, reply) => {
    return reply
      .headers({ 'content-security-policy': policy, 'cache-control': 'no-store' })
      .type('text/html')
      .send(html);
  });

  app.post<{ Body: { email: string; password: string } }>(
    `${OPERATIONS_PATH}/session`,
    {
      config: { operation: 'logInAsOperator', rateLimit: limitPerMinute(logInsPerMinute) },
      schema: { hide: true, body: CREDENTIALS },
      preHandler: limitPerAddress(app, Math.ceil(logInsPerMinute / 10)),
    },
    async ({ body }, reply) => {
      const session = await authentication.logIn(parseEmailAddress(body.email), body.password);
      requireOperator(session.account, settings.operators);
      setOperatorCookie(reply, session, settings.publicUrl);
      return reply.code(204).send();
    },
  );

  app.get(`${OPERATIONS_PATH}/waiting`, hidden('listWaitingWork'), async (_request, reply) => {
    const items = await listWaitingWork(temporal, temporalUiUrl).catch((error: unknown) => {
      throw toStrongroomError(error);
    });
    const page = temporalUiUrl === null ? null : waitingQueryPage(temporalUiUrl, temporal.options.namespace);
    return reply.header('cache-control', 'no-store').send({ items, page });
  });

  codecRoutes(app, settings.payloadCodec, temporalUiUrl === null ? null : new URL(temporalUiUrl).origin);
}
