/** Events sent to an address of one's choice, and the log of them. */
import { Type } from 'typebox';
import { EVENT_TYPES } from '../../domain/platform-event.ts';
import { SECRET_OVERLAP_HOURS, WEBHOOK_DELIVERY_STATES } from '../../domain/webhook.ts';
import { defineRoute, nothing, pageQuery, pagesOf, periodQuery, tagged, unchanged } from './route.ts';
import { closed, named, nullable, oneOf, readonlyList, TimestampSchema } from './words.ts';

const IdSchema = Type.String({ pattern: '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const EventTypeSchema = oneOf(EVENT_TYPES);

const UrlSchema = Type.String({ pattern: '^https?://[^\\s@]+$', maxLength: 2000 });
const ChosenEventsSchema = Type.Array(EventTypeSchema, {
  maxItems: EVENT_TYPES.length,
  uniqueItems: true,
  description: 'All where none is named.',
});

const webhookFields = {
  id: IdSchema,
  url: Type.String(),
  events: readonlyList(EventTypeSchema, { description: 'None stands for all.' }),
  createdAt: TimestampSchema,
  failingSince: nullable(TimestampSchema),
  disabledAt: nullable(TimestampSchema),
  disabledBecause: nullable(Type.String()),
  oldSecretUntil: nullable(
    Type.String({ format: 'date-time', description: 'Until then the secret before signs, too.' }),
  ),
};
const WebhookSchema = named('Webhook', Type.Object(webhookFields));
const WebhookWithSecretSchema = named(
  'WebhookWithSecret',
  Type.Object({
    ...webhookFields,
    secret: Type.String({ description: 'By which each delivery is signed. It is shown this once.' }),
  }),
);
const WebhookSettingsSchema = named(
  'WebhookSettings',
  Type.Object({ url: Type.String(), events: webhookFields.events }),
);
const AttemptSchema = Type.Object({
  at: TimestampSchema,
  status: nullable(Type.Integer({ description: 'Of the answer.' })),
  failure: nullable(Type.String()),
  milliseconds: Type.Integer(),
});
const DeliverySchema = named(
  'WebhookDelivery',
  Type.Object({
    id: Type.String({ description: 'The receiver knows it as `webhook-id`: the same each time it is tried.' }),
    type: EventTypeSchema,
    state: oneOf(WEBHOOK_DELIVERY_STATES),
    createdAt: TimestampSchema,
    attempts: readonlyList(AttemptSchema),
  }),
);

export const webhookSchemas = [
  WebhookSchema.schema,
  WebhookSettingsSchema.schema,
  WebhookWithSecretSchema.schema,
  DeliverySchema.schema,
];

const tag = 'Webhooks';
const byWebhook = Type.Object({ id: IdSchema });

export const createWebhook = defineRoute({
  method: 'POST',
  url: '/v1/webhooks',
  id: 'createWebhook',
  tag,
  summary: 'Have events sent to an address',
  description:
    'What the event stream tells the account is sent as Standard Webhooks has it: JSON, signed with HMAC-SHA256 in `webhook-signature`. What is not answered with 2xx within 15 seconds is tried again for more than a day.',
  body: Type.Object({ url: UrlSchema, events: Type.Optional(ChosenEventsSchema) }, closed),
  answers: { 201: WebhookWithSecretSchema.ref },
});

export const listWebhooks = defineRoute({
  method: 'GET',
  url: '/v1/webhooks',
  id: 'listWebhooks',
  tag,
  summary: 'The own webhooks',
  querystring: Type.Object(pageQuery, closed),
  answers: { 200: pagesOf(WebhookSchema.ref) },
});

export const readWebhookSettings = defineRoute({
  method: 'GET',
  url: '/v1/webhooks/:id/settings',
  id: 'readWebhookSettings',
  tag,
  summary: 'What is sent to a webhook, and where to',
  description: 'With an `ETag`, by which `setWebhookSettings` knows what it takes the place of.',
  params: byWebhook,
  answers: { 200: tagged(WebhookSettingsSchema.ref), 304: unchanged },
});

export const setWebhookSettings = defineRoute({
  method: 'PUT',
  url: '/v1/webhooks/:id/settings',
  id: 'setWebhookSettings',
  tag,
  summary: 'Change what is sent to a webhook, or where to',
  description: 'Also for what was not taken yet, and is tried again. The secret stays.',
  params: byWebhook,
  body: Type.Object({ url: UrlSchema, events: ChosenEventsSchema }, closed),
  answers: { 200: tagged(WebhookSettingsSchema.ref) },
});

export const enableWebhook = defineRoute({
  method: 'POST',
  url: '/v1/webhooks/:id/enabling',
  id: 'enableWebhook',
  tag,
  summary: 'Switch a webhook on again',
  description: 'For what happens from now on. One that is on stays as it is.',
  params: byWebhook,
  answers: { 200: WebhookSchema.ref },
});

export const rotateWebhookSecret = defineRoute({
  method: 'POST',
  url: '/v1/webhooks/:id/secret',
  id: 'rotateWebhookSecret',
  tag,
  summary: 'Give a webhook another secret',
  description:
    'Until `oldSecretUntil` each delivery is signed with the new secret and with the one that was there: `webhook-signature` has both, with a space between.',
  params: byWebhook,
  body: Type.Object(
    {
      overlapHours: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: SECRET_OVERLAP_HOURS.most,
          default: SECRET_OVERLAP_HOURS.usual,
          description: 'How long the old secret signs, too; 0 ends it at once, as where somebody else has it.',
        }),
      ),
    },
    closed,
  ),
  answers: { 200: WebhookWithSecretSchema.ref },
});

export const deleteWebhook = defineRoute({
  method: 'DELETE',
  url: '/v1/webhooks/:id',
  id: 'deleteWebhook',
  tag,
  summary: 'Delete a webhook with its log',
  params: byWebhook,
  answers: { 204: nothing },
});

export const listWebhookDeliveries = defineRoute({
  method: 'GET',
  url: '/v1/webhooks/:id/deliveries',
  id: 'listWebhookDeliveries',
  tag,
  summary: 'What was sent to a webhook',
  description: 'The newest first.',
  params: byWebhook,
  querystring: Type.Object(
    {
      ...pageQuery,
      state: Type.Optional(oneOf(WEBHOOK_DELIVERY_STATES)),
      type: Type.Optional(EventTypeSchema),
      ...periodQuery,
    },
    closed,
  ),
  answers: { 200: pagesOf(DeliverySchema.ref) },
});

export const redeliverWebhook = defineRoute({
  method: 'POST',
  url: '/v1/webhooks/:id/deliveries/:delivery/redelivery',
  id: 'redeliverWebhook',
  tag,
  summary: 'Send something to a webhook again',
  description:
    'At once, whether it was delivered, given up or waits for another attempt. The receiver knows it by the same `webhook-id`.',
  params: Type.Object({ id: IdSchema, delivery: IdSchema }),
  answers: { 202: nothing },
});
